// SPDX-License-Identifier: Apache-2.0
#include "engine/base/failpoint.hpp"

#include <doctest/doctest.h>

using namespace gale::failpoint;

TEST_CASE("A failpoint that GALE_MUTANT does not name is not active") {
  CHECK(every_in("", "callback-twice") == 0);
  CHECK(every_in("link-doubles", "callback-twice") == 0);
}

TEST_CASE("A named failpoint fires as often as its table says, or as the name is given a number") {
  CHECK(every_in("callback-twice", "callback-twice") == 1'000);
  CHECK(every_in("link-doubles,callback-twice=7", "callback-twice") == 7);
  CHECK(every_in("link-doubles,callback-twice=7", "link-doubles") == 50);
}

TEST_CASE("An entry that is no failpoint, or whose number is none, is named") {
  CHECK(unknown_in("link-doubles,callback-twice=7").empty());
  CHECK(unknown_in("link-doubles,calback-twice") == "calback-twice");
  CHECK(unknown_in("callback-twice=x") == "callback-twice");
  CHECK(unknown_in("callback-twice=0") == "callback-twice");
}

TEST_CASE("Failpoints are off in this process, whose GALE_MUTANT is not set") {
  CHECK_FALSE(GALE_FAILPOINT("serial-not-checked"));
  CHECK_FALSE(GALE_FAILPOINT_EVERY("callback-twice"));
}
