// SPDX-License-Identifier: Apache-2.0
#include "gale/testkit/options.hpp"

#include "components.hpp"

#include <doctest/doctest.h>

namespace gale::testkit::test {
namespace {

/// By the number that it reads; a negative one chooses all, and zero nobody.
class ByNumber final : public Grouping {
 public:
  void describe(Describe& d) override { d.reads(n_, "n"); }
  void open(Context& context) override { tasks_ = context.tasks(); }
  void choose(const Values& tuple, Targets& to) override {
    const std::int64_t n = tuple.get(n_);
    if (n == 0) return;
    if (n > 0) return to.add(static_cast<std::uint32_t>(n));
    for (std::uint32_t i = 0; i < tasks_; ++i) to.add(i);
  }

 private:
  Field<std::int64_t> n_;
  std::uint32_t tasks_ = 0;
};

using Tasks = std::vector<std::uint32_t>;

TEST_CASE("A grouping says which tasks get a tuple") {
  Harness<ByNumber> by_number({}, {.tasks = 3});
  CHECK(by_number.choose({2}) == Tasks{2});
  CHECK(by_number.choose({0}) == Tasks{});
  CHECK(by_number.choose({-1}) == Tasks{0, 1, 2});
  CHECK_THROWS_WITH_AS(by_number.choose({3}), "a grouping chose task 3 of 3, counting from 0", Thrown);
  CHECK_THROWS_WITH_AS(by_number.choose({1, 2}), "the test gives {1, 2}; test/default has the fields: n", TestFailure);
  CHECK_THROWS_WITH_AS(by_number.execute({1}), "ByNumber: no bolt, so it has no execute()", TestFailure);
}

TEST_CASE("A grouping reads the stream that it is given") {
  Harness<ByNumber> by_number({}, {.inputs = {{"orders", "default", {"id", "n"}}}, .tasks = 2});
  CHECK(by_number.choose({"x", 1}) == Tasks{1});
  CHECK(refusal<ByNumber>({}, {.inputs = {{"orders", "default", {"id"}}}}) == "no field 'n' in orders/default");
}

}  // namespace
}  // namespace gale::testkit::test
