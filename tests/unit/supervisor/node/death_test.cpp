// SPDX-License-Identifier: Apache-2.0
//
// What is learnt of a process that has ended, by its parent and by one that has adopted it.
#include "supervisor/node/death.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace gale::node {
namespace {

using process::Exit;

struct Home {
  Home() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gale-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    files = {pattern, Incarnation(3)};
  }
  ~Home() { std::filesystem::remove_all(files.folder); }
  crash::Files files;
};

const std::string kCrash =
    "gale exit 1\nkind crash\nsignal 11\nthread x\ntask bolt split#3\ncall execute\nsource spout lines#0\nof 9\ninput "
    "1\n"
    "from lines/default\nroot 0\nsize 2\nhash 00000000000000ff\nbytes 9107\nframe 0000000000001234 /lib/x.so\nend\n";

TEST_CASE("A crash is told by its record, whoever asks") {
  const Home home;
  std::ofstream(home.files.exit()) << kCrash;
  const std::optional<Exit> known = Exit{true, SIGSEGV}, unknown;
  for (const auto& exit : {known, unknown}) {
    const Death death = learn(home.files, exit, false);
    CHECK(death.text == "SIGSEGV in bolt split#3, executing tuple (7) of stream default from lines");
    CHECK(death.ending == crash::Ending::kCrash);
    CHECK(death.suspect == crash::Suspect{"split", "lines/default", 255});
    CHECK(death.shown == "(7)");
    CHECK(death.report.find("/lib/x.so+0x1234") != std::string::npos);
  }
}

TEST_CASE("Other endings are told with their status and reason") {
  const Home home;
  REQUIRE(crash::write_exit(home.files.exit(), crash::Ending::kCannotStart, 2, "bolt#0: open: no"));
  CHECK(learn(home.files, Exit{false, 2}, false).text == "exit status 2: bolt#0: open: no");
  CHECK(learn(home.files, std::nullopt, false).text == "exit status 2: bolt#0: open: no");
  REQUIRE(crash::write_exit(home.files.exit(), crash::Ending::kDrained, 0, ""));
  const Death drained = learn(home.files, std::nullopt, false);
  CHECK(drained.text == "exit status 0");
  CHECK(drained.ending == crash::Ending::kDrained);
  CHECK_FALSE(drained.suspect);
}

TEST_CASE("A SIGKILL leaves no record: it is told as what it was, and blames nobody") {
  const Home home;
  CHECK(learn(home.files, Exit{true, SIGKILL}, false).text == "signal 9 (SIGKILL)");
  const Death oom = learn(home.files, Exit{true, SIGKILL}, true);
  CHECK(oom.text == "signal 9 (SIGKILL), by the kernel: out of memory");
  CHECK_FALSE(oom.suspect);
  CHECK(learn(home.files, std::nullopt, false).text == "ended without a word");
}

TEST_CASE("The record of another life is not this one's") {
  const Home home;
  std::ofstream(crash::Files{home.files.folder, Incarnation(2)}.exit()) << kCrash;
  CHECK(learn(home.files, Exit{false, 1}, false).text == "exit status 1");
}

TEST_CASE("A process that lives has not been killed for want of memory") { CHECK_FALSE(OomKills(::getpid()).more()); }

}  // namespace
}  // namespace gale::node
