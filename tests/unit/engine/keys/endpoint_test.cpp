// SPDX-License-Identifier: Apache-2.0
#include "engine/keys/endpoint.hpp"

#include <doctest/doctest.h>

namespace gale::keys {
namespace {

TEST_CASE("without keys only what this machine alone can reach may be listened at") {
  for (const std::string at :
       {"ipc:///tmp/x", "tcp://127.0.0.1:6700", "tcp://127.255.0.9:6700", "tcp://[::1]:6700", "tcp://127.0.0.1:*"}) {
    CAPTURE(at);
    CHECK(may_listen(at, false));
    CHECK(may_listen(at, true));
  }
  for (const std::string at :
       {"tcp://0.0.0.0:6700", "tcp://*:6700", "tcp://10.0.0.1:6700", "tcp://[::]:6700", "tcp://eth0:6700",
        "tcp://lo:6700", "tcp://128.0.0.1:6700", "tcp://host:6700", "tcp://127.0.0.1.example.org:6700",
        "tcp://[fe80::1]:6700", "tcp://1270.0.1:6700", "tcp://[::ffff:10.0.0.1]:6700"}) {
    CAPTURE(at);
    CHECK_FALSE(is_local(at));
    const Result<void> open = may_listen(at, false);
    REQUIRE_FALSE(open);
    CHECK(open.error().find(at + " can be reached from other hosts") == 0);
    CHECK(open.error().find("'gale keygen'") != std::string::npos);
    CHECK(may_listen(at, true));
  }
}

TEST_CASE("what is no endpoint is refused with the forms there are") {
  for (const std::string at : {"", "tcp://", "tcp://host", "ipc://", "inproc://x", "127.0.0.1:6700", "pigeon://roof"}) {
    CAPTURE(at);
    for (const bool keys : {false, true}) {
      REQUIRE_FALSE(may_listen(at, keys));
      CHECK(may_listen(at, keys).error().find("tcp://address:port") != std::string::npos);
    }
    CHECK_FALSE(may_connect(at));
  }
  CHECK(may_listen("ipc:///" + std::string(106, 'x'), false));
  CHECK(may_listen("ipc:///" + std::string(107, 'x'), true).error().find("at most 107") != std::string::npos);
}

}  // namespace
}  // namespace gale::keys
