// SPDX-License-Identifier: Apache-2.0
#include "gale/testkit/harness.hpp"

#include "components.hpp"

#include <doctest/doctest.h>

namespace gale::testkit::test {
namespace {

TEST_CASE("A class is described, configured, opened and given tuples; its emits are read by stream") {
  Harness<Split> split({{"at", ","}});
  const Input input = split.execute({"a,b"});
  split.execute({""});
  CHECK(split.emitted() == Rows{{"a"}, {"b"}});
  CHECK(split.emitted("empty") == Rows{{1}});
  CHECK(split.emits() == Rows{{"a"}, {"b"}, {1}});
  CHECK(split.emits()[2].stream == "empty");
  CHECK(input == State::acked);
  CHECK(split.counter("words") == 2);
  REQUIRE(split.logs().size() == 1);
  CHECK(split.logs()[0].text == "splitting at ,");
  CHECK(split.logs()[0].level == Level::info);
  CHECK(split->empties_ == 1);
  CHECK(split.name() == "Split");
  split.clear_emitted();
  CHECK(split.emitted().empty());
  split.close();
}

TEST_CASE("Each emit says which inputs it is anchored to") {
  Harness<Split> split;
  const Inputs inputs = split.execute_batch({{"a b"}, {"c"}});
  CHECK(split.emitted()[0].anchors == Inputs{inputs[0]});
  CHECK(split.emitted()[1].anchors == Inputs{inputs[0]});
  CHECK(split.emitted()[2].anchors == Inputs{inputs[1]});
  CHECK(split.acked() == inputs);
  CHECK(split.inputs() == inputs);
}

TEST_CASE_FIXTURE(Fixture, "Emits without an anchor, with several, to a task, and to tasks that are asked for") {
  Harness<Scripted> bolt({}, {.readers = {{"direct", "sink", 5, 2}}});
  keep(bolt);
  const Input first = bolt.execute({1});
  script().execute = [&](const Tuple& tuple, Collector& out) {
    out.unanchored().emit(1);
    out.from(tuple, bolt->kept_[0]).emit(2);
    out.on(bolt->direct_).to(bolt->context_->targets(bolt->direct_).at(1)).emit(3);
    bolt.route_to({7, 8});
    CHECK(out.emit_with_targets(4) == std::vector<std::uint32_t>{7, 8});
    bolt.refuse_routes();
    CHECK(out.emit_with_targets(5).empty());
    out.ack(std::move(bolt->kept_[0]));
    out.ack(tuple);
  };
  const Input second = bolt.execute({2});
  CHECK(bolt.emitted() == Rows{{1}, {2}, {4}, {5}});
  CHECK(bolt.emitted()[0].anchors == Inputs{});
  CHECK(bolt.emitted()[1].anchors == Inputs{second, first});
  CHECK(bolt.emitted("direct")[0].task == 6);
  CHECK(bolt.emitted()[2].chosen == std::vector<std::uint32_t>{7, 8});
  CHECK_FALSE(bolt.emitted()[3].chosen);
  CHECK(first == State::acked);
}

class Join final : public BasicBolt {
 public:
  void describe(Describe& d) override {
    d.key("field", field_, "The field to read.");
    d.reads(id_, "id");
    d.reads(other_, field_);
    d.emits({"source", "id", "other"});
  }
  void execute(const Tuple& tuple, Collector& out) override {
    out.emit(tuple.source(), tuple.get(id_), tuple.get(other_));
  }

 private:
  std::string field_ = "name";
  Field<std::int64_t> id_;
  Field<std::string> other_;
};

TEST_CASE("Without inputs there is one that has what the component reads, by the keys that it has") {
  Harness<Join> join({{"field", "card"}});
  join.execute({1, "x"});
  join.execute(Fields{{"card", "y"}, {"id", 2}});
  CHECK(join.emitted() == Rows{{"test", 1, "x"}, {"test", 2, "y"}});
  CHECK_THROWS_WITH_AS(join.execute({1}), "the test gives {1}; test/default has the fields: id, card", TestFailure);
  CHECK_THROWS_WITH_AS(join.execute(Fields{{"id", 1}, {"crad", "y"}}), "the test gives no value for field 'card'",
                       TestFailure);
  CHECK_THROWS_WITH_AS(join.execute(Fields{{"id", 1}, {"card", "y"}, {"x", 1}}),
                       "the test gives 3 fields; test/default has: id, card", TestFailure);
}

TEST_CASE("Several inputs are told by number, component, or component and stream") {
  Harness<Join> join({}, {.inputs = {{"people", "default", {"id", "name"}}, {"people", "late", {"name", "id"}}}});
  join.execute({1, "a"});
  join.execute(1, {"b", 2});
  join.execute("people", {3, "c"});
  join.execute("people/late", Fields{{"id", 4}, {"name", "d"}});
  join.execute_batch("people/late", {{"e", 5}, {"f", 6}});
  CHECK(join.emitted() == Rows{{"people", 1, "a"},
                               {"people", 2, "b"},
                               {"people", 3, "c"},
                               {"people", 4, "d"},
                               {"people", 5, "e"},
                               {"people", 6, "f"}});
  CHECK_THROWS_WITH_AS(join.execute("cards", {1, "a"}), "Join has no input 'cards'; name it in Options::inputs",
                       TestFailure);
  CHECK_THROWS_AS(join.execute(2, {1, "a"}), TestFailure);
}

TEST_CASE("A component that does not start says why, and what it said itself") {
  CHECK(refusal<Split>({{"at", ""}}) == "key 'at' may not be empty");
  CHECK(refusal<Split>({{"at", 1}}) == "key 'at' wants string, is integer");
  CHECK(refusal<Split>({{"by", ","}}) == "there is no key 'by'; there are: at");
  CHECK(refusal<Split>() == "");
  CHECK(refusal<Join>({}, {.inputs = {{"people", "default", {"id"}}}}) == "no field 'name' in people/default");
  CHECK_THROWS_WITH_AS(Harness<Split>({{"at", ""}}), "Split does not start: key 'at' may not be empty", Refused);
}

class Needy final : public Bolt {
 public:
  void describe(Describe& d) override { d.key("path", path_, "A file.", {.required = true}); }
  void execute(const Tuple&, Collector&) override {}
  void activate() override { throw Error("cannot begin"); }

 private:
  std::string path_;
};

TEST_CASE("A key that is required must be there, and activate() may refuse as well") {
  CHECK(refusal<Needy>() == "key 'path' is required");
  CHECK(refusal<Needy>({{"path", "x"}}) == "cannot begin");
}

TEST_CASE("A task has the place that the test says") {
  Options options{.topology = "payments", .component = "splitter", .task = 9, .index = 1, .tasks = 3};
  Harness<Scripted> bolt({}, options);
  CHECK(bolt->context_->topology() == "payments");
  CHECK(bolt->context_->component() == "splitter");
  CHECK(bolt->context_->task() == 9);
  CHECK(bolt->context_->index() == 1);
  CHECK(bolt->context_->tasks() == 3);
}

TEST_CASE_FIXTURE(Fixture, "A batch may be given in several calls, and the bolt may find no room") {
  Harness<Scripted> bolt;
  std::vector<bool> rooms;
  script().execute = [&](const Tuple& tuple, Collector& out) {
    rooms.push_back(out.room());
    out.emit(tuple.get<Value>(0));
    out.ack(tuple);
  };
  bolt.execute_batch({{1}, {2}, {3}}, 2);
  bolt.set_room(false);
  bolt.execute_batch({{4}, {5}});
  CHECK(bolt.emitted() == Rows{{1}, {2}, {3}, {4}, {5}});
  CHECK(rooms == std::vector<bool>{true, true, true, false, false});
  CHECK(bolt.acked().size() == 5);
}

TEST_CASE_FIXTURE(Fixture, "Large emits are whole, and more than one call may emit fails the tuple") {
  Harness<Scripted> bolt({}, {.max_emit_bytes = 100'000});
  script().execute = [&](const Tuple& tuple, Collector& out) {
    for (std::int64_t i = 0; i < tuple.get<std::int64_t>(0); ++i) out.emit(std::string(1000, 'x'));
    out.ack(tuple);
  };
  CHECK(bolt.execute({50}) == State::acked);
  CHECK(bolt.emitted().size() == 50);
  CHECK(bolt.emitted()[49].values == Value::Array{std::string(1000, 'x')});
  CHECK(bolt.execute({200}).reason() == "one call emitted more than topology.execute.max.emit.bytes allows");
  CHECK(bolt.emitted().size() == 50);
}

TEST_CASE("What a component does not have is named with what it has") {
  Harness<Split> split;
  CHECK_THROWS_WITH_AS(static_cast<void>(split.emitted("bad")), "Split has no stream 'bad'; it has: default, empty",
                       TestFailure);
  CHECK_THROWS_WITH_AS(static_cast<void>(split.counter("lines")), "Split has no counter 'lines'; it has: words",
                       TestFailure);
  CHECK_THROWS_WITH_AS(split.next(), "Split: no spout, so it has no next()", TestFailure);
  CHECK_THROWS_WITH_AS(split.choose({1}), "Split: no grouping, so it has no choose()", TestFailure);
  CHECK_THROWS_WITH_AS(split.ack(1), "Split: no spout, so it hears of no message", TestFailure);
  split.close();
  CHECK_THROWS_WITH_AS(split.execute({"a"}), "Split: it is not open, so it takes no tuple", TestFailure);
  CHECK_THROWS_WITH_AS(static_cast<void>(split.object()), "Split: it is not open, so there is no object", TestFailure);
  CHECK(split.inputs().empty());
}

TEST_CASE("A component may be opened later, by hand") {
  Component split(component_of<Split>(), {.config = {{"at", "-"}}});
  CHECK_THROWS_WITH_AS(split.execute({"a-b"}), "Split: it is not open, so it takes no tuple", TestFailure);
  CHECK_THROWS_WITH_AS(static_cast<void>(split.emits()), "Split: open() comes first", TestFailure);
  split.open();
  CHECK_THROWS_WITH_AS(split.open(), "Split: open() is called once", TestFailure);
  split.execute({"a-b"});
  CHECK(split.emitted() == Rows{{"a"}, {"b"}});
}

}  // namespace
}  // namespace gale::testkit::test
