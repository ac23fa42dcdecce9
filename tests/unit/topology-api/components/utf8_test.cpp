// SPDX-License-Identifier: Apache-2.0
#include "topology-api/components/common/utf8.hpp"

#include <doctest/doctest.h>

namespace gale::stock {
namespace {

std::string mended(std::string_view s) {
  std::string out;
  mend_utf8(s, out);
  return out;
}
const std::string kBad = "\xef\xbf\xbd";

TEST_CASE("UTF-8 of every length is UTF-8, and stays as it is") {
  for (const char* s : {"", "plain ascii text", "\xc3\xa9t\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80 eight bytes on",
                        "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf"}) {
    CHECK(is_utf8(s));
    CHECK(mended(s) == s);
  }
  CHECK(is_utf8(std::string(3, '\0')));
}

TEST_CASE("What is no UTF-8 becomes one replacement for each error") {
  CHECK(mended("a\xff"
               "b") == "a" + kBad + "b");
  CHECK(mended("\xc3") == kBad);  // cut short
  CHECK(mended("\xe2\x82"
               "x") == kBad + "x");                                // two bytes of three are one error
  CHECK(mended("\xc0\xaf") == kBad + kBad);                        // overlong
  CHECK(mended("\xed\xa0\x80") == kBad + kBad + kBad);             // a surrogate
  CHECK(mended("\xf4\x90\x80\x80") == kBad + kBad + kBad + kBad);  // above U+10FFFF
  CHECK(mended("12345678\x80") == "12345678" + kBad);
  for (const char* s : {"\xff", "abcdefgh\x80", "\xc0\xaf", "\xed\xa0\x80"}) CHECK_FALSE(is_utf8(s));
}

}  // namespace
}  // namespace gale::stock
