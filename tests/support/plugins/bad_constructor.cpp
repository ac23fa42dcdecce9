// SPDX-License-Identifier: Apache-2.0
//
// A plugin whose constructors do what GALE_BAD_CONSTRUCTOR says, when it is loaded.
#include "other_abi.hpp"

#include "gale/plugin.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

[[maybe_unused]] void crash() { std::raise(SIGSEGV); }
[[maybe_unused]] void leave() { std::exit(3); }
[[maybe_unused]] void block() { std::this_thread::sleep_for(std::chrono::hours(1)); }
[[maybe_unused]] void print() { std::puts("a plugin that talks"); }

const bool done = (GALE_BAD_CONSTRUCTOR(), true);

class Bolt final : public gale::BasicBolt {
 public:
  void execute(const gale::Tuple&, gale::Collector&) override { static_cast<void>(done); }
};

}  // namespace

GALE_PLUGIN("bad_constructor", "1", Bolt);
