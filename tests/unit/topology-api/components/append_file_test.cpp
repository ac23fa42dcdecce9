// SPDX-License-Identifier: Apache-2.0
#include "topology-api/components/file/append_file.hpp"

#include "scratch.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <gale/error.hpp>

namespace gale::stock::file {
namespace {

using test::Folder;

/// No file of this process may grow beyond `bytes`: what a full disk is, without filling one.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~SizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_CASE("Lines stand at the end of what is there") {
  const Folder folder;
  test::write_file(folder / "out", "old\n");
  AppendFile file;
  file.open(folder / "out");
  file.append("new\n");
  CHECK(file.dirty());
  file.sync();
  CHECK_FALSE(file.dirty());
  CHECK(test::read_file(folder / "out") == "old\nnew\n");
}

TEST_CASE("A last line that a crash tore is ended before the next one") {
  const Folder folder;
  test::write_file(folder / "out", "whole\nhal");
  AppendFile file;
  file.open(folder / "out");
  file.append("new\n");
  file.append("newer\n");
  CHECK(test::read_file(folder / "out") == "whole\nhal\nnew\nnewer\n");
}

TEST_CASE("A line that does not fit leaves nothing of itself, and the next that fits is whole") {
  const Folder folder;
  AppendFile file;
  file.open(folder / "out");
  {
    const SizeLimit limit(10);
    file.append("12345\n");
    CHECK_THROWS_WITH_AS(file.append("1234567\n"), ("cannot write '" + (folder / "out") + "': File too large").c_str(),
                         Error);
    CHECK(test::read_file(folder / "out") == "12345\n");
    file.append("ab\n");
  }
  file.append("1234567\n");
  CHECK(test::read_file(folder / "out") == "12345\nab\n1234567\n");
}

TEST_CASE("A full device says so") {
  AppendFile file;
  file.open("/dev/full");
  CHECK_THROWS_WITH_AS(file.append("x\n"), "cannot write '/dev/full': No space left on device", Error);
}

TEST_CASE("A path that cannot be opened says why") {
  const Folder folder;
  AppendFile file;
  CHECK_THROWS_WITH_AS(file.open(folder / "no/such"),
                       ("cannot open '" + (folder / "no/such") + "': No such file or directory").c_str(), Error);
}

TEST_CASE("A device without a disk is as safe as it gets") {
  AppendFile file;
  file.open("/dev/null");
  file.append("x\n");
  file.sync();
  CHECK_FALSE(file.dirty());
}

}  // namespace
}  // namespace gale::stock::file
