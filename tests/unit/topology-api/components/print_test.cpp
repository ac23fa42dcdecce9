// SPDX-License-Identifier: Apache-2.0
#include "orders.hpp"
#include "scratch.hpp"
#include "topology-api/components/print/bolt.hpp"

#include <fcntl.h>

namespace gale::stock::print {
namespace {

using test::Folder;

/// stderr goes to a file, or to what cannot be written, while it lives.
class Redirected {
 public:
  explicit Redirected(const std::string& path) : kept_(::dup(STDERR_FILENO)) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(::dup2(fd, STDERR_FILENO) == STDERR_FILENO);
    ::close(fd);
  }
  ~Redirected() {
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
  }

 private:
  int kept_;
};

TEST_CASE("A tuple is a line, up to the limit; the rest is acked") {
  const Folder folder;
  test::Harness<Bolt> print({{"to", "stderr"}, {"prefix", "> "}, {"limit", 2}});
  {
    const Redirected redirected(folder / "out");
    print.execute_batch({{"x", 1}, {"y", Value(Value::Array{1, 2})}, {"z", 3}});
  }
  CHECK(test::read_file(folder / "out") == "> x\t1\n> y\t[1,2]\n");
  CHECK(print.acked().size() == 3);
  print.close();
}

TEST_CASE("An end that takes no more fails the tuple") {
  test::Harness<Bolt> print({{"to", "stderr"}});
  {
    const Redirected redirected("/dev/full");
    print.execute({"x"});
  }
  CHECK(print.reasons() == std::vector<std::string>{"cannot write to stderr: No space left on device"});
}

TEST_CASE("It prints to stdout or stderr and nowhere else") {
  CHECK(testkit::refusal<Bolt>({{"to", "paper"}}) == "key 'to' is 'paper'; it may be stdout or stderr");
}

}  // namespace
}  // namespace gale::stock::print
