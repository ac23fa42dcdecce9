// SPDX-License-Identifier: Apache-2.0
//
// Each broken promise is caught, named, and fails the test.
#include "gale/testkit/ledger.hpp"

#include "components.hpp"

#include <doctest/doctest.h>

namespace gale::testkit::test {
namespace {

/// What a destructor told, instead of failing the test.
Texts& told() {
  static Texts all;
  return all;
}
class Listening {
 public:
  Listening() : before_(on_violation([](const std::string& text) { told().push_back(text); })) { told().clear(); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  ~Listening() { on_violation(before_); }

 private:
  ViolationHandler before_;
};

TEST_CASE_FIXTURE(Fixture, "A tuple that is neither acked nor failed fails as forgotten, and fails the test") {
  Harness<Scripted> bolt;
  script().execute = [](const Tuple&, Collector&) {};
  const Input input = bolt.execute({"a"});
  CHECK(input == State::failed);
  CHECK(input.reason() == "forgotten by Scripted");
  CHECK_THROWS_WITH_AS(bolt.close(),
                       "Scripted: #1 {\"a\"} of test/default was neither acked, failed nor kept when execute returned",
                       TestFailure);
}

TEST_CASE_FIXTURE(Fixture, "A second ack, a second fail and an ack of what failed are broken promises") {
  Harness<Scripted> bolt;
  const std::string text =
      " of test/default: a tuple that was already settled was acked, failed, touched or emitted from again";
  script().execute = [](const Tuple& tuple, Collector& out) {
    out.ack(tuple);
    out.ack(tuple);
  };
  CHECK(bolt.execute({1}) == State::acked);
  CHECK(bolt.take_violations() == Texts{"execute of #1 {1}" + text});
  script().execute = [](const Tuple& tuple, Collector& out) {
    out.fail(tuple, "why");
    out.fail(tuple, "again");
  };
  CHECK(bolt.execute({2}).reason() == "why");
  CHECK(bolt.take_violations() == Texts{"execute of #2 {2}" + text});
  script().execute = [](const Tuple& tuple, Collector& out) {
    out.fail(tuple, "why");
    out.ack(tuple);
  };
  CHECK(bolt.execute({3}) == State::failed);
  CHECK(bolt.take_violations() == Texts{"execute of #3 {3}" + text});
  bolt.close();  // what was taken is forgiven
}

TEST_CASE_FIXTURE(Fixture, "An emit from a settled tuple is a broken promise, and is not emitted") {
  Harness<Scripted> bolt;
  script().execute = [](const Tuple& tuple, Collector& out) {
    out.ack(tuple);
    out.emit("late");
  };
  bolt.execute({1});
  CHECK(bolt.emitted().empty());
  CHECK(bolt.take_violations().size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "verify() tells what was broken so far, once, all of it") {
  Harness<Scripted> bolt;
  script().execute = [](const Tuple&, Collector&) {};
  bolt.execute_batch({{1}, {2}});
  CHECK_THROWS_WITH_AS(bolt.verify(),
                       "Scripted: #1 {1} of test/default was neither acked, failed nor kept when execute returned\n"
                       "Scripted: #2 {2} of test/default was neither acked, failed nor kept when execute returned",
                       TestFailure);
  bolt.verify();
  bolt.close();
}

TEST_CASE_FIXTURE(Fixture, "A kept tuple is settled later, on the turn or from elsewhere, and says so") {
  Harness<Scripted> bolt;
  keep(bolt);
  const Inputs inputs = bolt.execute_batch({{1}, {2}, {3}});
  CHECK(bolt.kept() == inputs);
  script().tick = [&](TimePoint, Collector& out) {
    out.touch(bolt->kept_[0]);
    out.from(bolt->kept_[0]).emit(bolt->kept_[0].get<Value>(0));
    out.ack(std::move(bolt->kept_[0]));
    out.fail(std::move(bolt->kept_[1]), "late");
  };
  bolt.tick();
  CHECK(inputs[0] == State::acked);
  CHECK(inputs[0].touches() == 1);
  CHECK(inputs[1].reason() == "late");
  CHECK(inputs[2] == State::kept);
  CHECK(bolt.emitted()[0].anchors == Inputs{inputs[0]});
  std::move(bolt->kept_[2]).ack();
  bolt.run_posted();
  CHECK(inputs[2] == State::acked);
  CHECK(bolt.reasons() == Texts{"late"});
  bolt.close();
}

TEST_CASE_FIXTURE(Fixture, "A kept tuple that is settled twice by itself is a broken promise, whichever way") {
  Harness<Scripted> bolt;
  script().execute = [](const Tuple& tuple, Collector&) {
    KeptTuple kept = tuple.keep();
    std::move(kept).ack();
    std::move(kept).fail("again");
    kept.touch();
  };
  CHECK(bolt.execute({1}) == State::acked);
  CHECK(bolt.take_violations().size() >= 1);
  script().execute = [](const Tuple& tuple, Collector& out) {
    KeptTuple kept = tuple.keep();
    out.ack(std::move(kept));
    std::move(kept).ack();
  };
  CHECK(bolt.execute({2}) == State::acked);
  CHECK(bolt.take_violations().size() == 1);
  script().execute = [](const Tuple& tuple, Collector&) {
    KeptTuple kept = tuple.keep();
    KeptTuple other = std::move(kept);  // moved, not settled: `kept` is nothing now
    std::move(other).ack();
  };
  CHECK(bolt.execute({3}) == State::acked);
  bolt.close();
}

TEST_CASE_FIXTURE(Fixture, "A kept tuple that is destroyed is a broken promise") {
  Harness<Scripted> bolt;
  script().execute = [](const Tuple& tuple, Collector&) { static_cast<void>(tuple.keep()); };
  const Input input = bolt.execute({1});
  CHECK(input.reason() == "forgotten: a kept tuple was destroyed without ack or fail");
  CHECK_THROWS_WITH_AS(bolt.verify(), "Scripted: #1 {1} of test/default was kept, and destroyed without ack or fail",
                       TestFailure);
}

TEST_CASE_FIXTURE(Fixture, "What is still kept at the close is a broken promise, unless the test ends half-way") {
  {
    Harness<Scripted> bolt;
    keep(bolt);
    bolt.execute({1});
    CHECK_THROWS_WITH_AS(bolt.close(),
                         "Scripted: #1 {1} of test/default was kept, and neither acked nor failed before the close",
                         TestFailure);
  }
  Harness<Scripted> bolt;
  keep(bolt);
  const Input input = bolt.execute({1});
  bolt.abandon_kept();
  bolt.close();
  CHECK(input == State::kept);
}

TEST_CASE_FIXTURE(Fixture, "A throw in execute fails the tuple with its text, and takes back what the call did") {
  Harness<Scripted> bolt;
  keep(bolt);
  const Input kept = bolt.execute({1});
  script().execute = [&](const Tuple& tuple, Collector& out) {
    out.emit(1);
    out.ack(std::move(bolt->kept_[0]));
    out.ack(tuple);
    throw Error("no such card");
  };
  const Input input = bolt.execute({2});
  CHECK(input.reason() == "no such card");
  CHECK(kept.reason() == "no such card");
  CHECK(bolt.emitted().empty());
  CHECK(bolt.errors() == Texts{"no such card"});
  bolt.close();  // it failed once: no promise is broken
}

TEST_CASE_FIXTURE(Fixture, "A tuple that was kept in a call that threw has failed, whatever becomes of its copy") {
  Harness<Scripted> bolt;
  script().execute = [&](const Tuple& tuple, Collector&) {
    bolt->kept_.push_back(tuple.keep());
    throw Error("after keeping");
  };
  const Input input = bolt.execute({1});
  CHECK(input.reason() == "after keeping");
  std::move(bolt->kept_[0]).ack();
  bolt.run_posted();
  CHECK(input == State::failed);
  CHECK(bolt.kept().empty());
  bolt.close();
}

TEST_CASE_FIXTURE(Fixture, "keep() finds as much room as the test gives") {
  Harness<Scripted> bolt({}, {.max_kept = 1});
  keep(bolt);
  const Inputs inputs = bolt.execute_batch({{1}, {2}});
  CHECK(inputs[0] == State::kept);
  CHECK(inputs[1].reason() == "keep(): the host has no room");
  bolt.abandon_kept();
}

TEST_CASE_FIXTURE(Fixture, "What no close() has told, the destructor tells the handler") {
  const Listening listening;
  {
    Harness<Scripted> bolt;
    script().execute = [](const Tuple&, Collector&) {};
    bolt.execute({1});
  }
  CHECK(told() == Texts{"Scripted: #1 {1} of test/default was neither acked, failed nor kept when execute returned"});
  {
    Harness<Scripted> bolt;
    keep(bolt);
    bolt.execute({2});
  }
  CHECK(told().size() == 2);
  {
    Harness<Scripted> bolt;
    script().close = [] { throw Error("cannot close"); };
  }
  CHECK(told().back() == "Scripted threw when it was closed: cannot close");
}

TEST_CASE_FIXTURE(Fixture, "A destructor is silent when all is well, when it was told, and when the test has failed") {
  const Listening listening;
  {
    Harness<Scripted> bolt;
    bolt.execute({1});
  }
  {
    Harness<Scripted> bolt;
    script().execute = [](const Tuple&, Collector&) {};
    bolt.execute({1});
    CHECK_THROWS_AS(bolt.close(), TestFailure);
  }
  try {
    Harness<Scripted> bolt;
    bolt.execute({1});
    throw 1;  // as a REQUIRE does
  } catch (int) {
  }
  CHECK(told().empty());
}

TEST_CASE_FIXTURE(Fixture, "A throw of close() reaches the test, which has the ledger all the same") {
  Harness<Scripted> bolt;
  script().close = [] { throw Error("cannot close"); };
  CHECK_THROWS_WITH_AS(bolt.close(), "cannot close", Thrown);
  CHECK(bolt.errors() == Texts{"cannot close"});
}

}  // namespace
}  // namespace gale::testkit::test
