// SPDX-License-Identifier: Apache-2.0
//
// Contract 1 and 5: what an emit writes, and what it refuses.
#include "tests/support/fake_host.hpp"

#include <functional>

using namespace gale;
using namespace gale::test;

namespace {

using Body = std::function<void(const Tuple&, Collector&)>;
Body body;  // what the bolt of the running test does
Stream other, direct, undeclared;

class Scripted final : public Bolt {
 public:
  void describe(Describe& d) override {
    d.emits({"a", "b"});
    d.stream("other", other, {"x"});
    d.direct_stream("direct", direct, {"x"});
  }
  void execute(const Tuple& tuple, Collector& out) override { body(tuple, out); }
};

class Silent final : public Bolt {
 public:
  void execute(const Tuple&, Collector& out) override { out.emit(1); }
};

}  // namespace

TEST_CASE("An emit is one record: its stream, its values, anchored to the running input") {
  body = [](const Tuple& tuple, Collector& out) {
    out.emit(tuple.get<int>(0), "text");
    out.on(other).emit(2.5);
    out.unanchored().emit(true, nullptr);
    out.unanchored().on(other).emit(std::vector<int>{1, 2});
    out.ack(tuple);
  };
  FakeHost host(component_of<Scripted>());
  host.started().execute({{10}, {11}});
  CHECK(host.verdicts == std::vector<std::uint8_t>{GALE_VERDICT_ACKED, GALE_VERDICT_ACKED});
  REQUIRE(host.records.size() == 8);
  CHECK(host.records[0].values == Cells{10, "text"});
  CHECK(host.records[0].head.stream == 0);
  CHECK(host.records[0].head.anchor == 0);
  CHECK(host.records[1].values == Cells{2.5});
  CHECK(host.records[1].head.stream == 1);
  CHECK(host.records[1].head.anchor == 0);
  CHECK(host.records[2].values == Cells{true, nullptr});
  CHECK(host.records[2].head.anchor == GALE_ANCHOR_NONE);
  CHECK(host.records[3].values == Cells{Value(Value::Array{1, 2})});
  CHECK(host.records[3].head.stream == 1);
  CHECK(host.records[4].head.anchor == 1);
  CHECK(host.misuse() == 0);
}

TEST_CASE("A list of anchors names inputs by number and kept tuples by handle, in the order given") {
  body = [kept = std::make_shared<std::vector<KeptTuple>>()](const Tuple& tuple, Collector& out) {
    if (kept->empty()) return kept->push_back(tuple.keep());
    out.from(kept->front(), tuple).emit(1, 2);
    out.from(tuple).on(other).emit(3);
    out.ack(std::move(kept->front()));
    out.ack(tuple);
  };
  FakeHost host(component_of<Scripted>());
  host.started().execute({{1}, {2}});
  REQUIRE(host.records.size() == 3);
  CHECK(host.records[0].head.anchor == GALE_ANCHOR_LIST);
  REQUIRE(host.records[0].anchors.size() == 2);
  CHECK(host.records[0].anchors[0] >= GALE_FIRST_KEPT);
  CHECK(host.records[0].anchors[1] == 1);
  CHECK(host.records[1].anchors == std::vector<std::uint64_t>{1});
  CHECK(host.records[2].head.kind == GALE_ACK);
  CHECK(host.records[2].handle == host.records[0].anchors[0]);
  CHECK(host.kept() == 0);
  body = {};
}

TEST_CASE("A direct emit names its task, with whatever anchors") {
  body = [](const Tuple& tuple, Collector& out) {
    out.on(direct).to(7).emit("one");
    out.from(tuple).on(direct).to(8).emit_row({Value("two")});
    out.unanchored().on(direct).to(9).emit(3);
    out.ack(tuple);
  };
  FakeHost host(component_of<Scripted>());
  host.started().execute({{10}});
  REQUIRE(host.records.size() == 3);
  for (const Record& r : host.records) {
    CHECK(r.head.stream == 2);
    CHECK(r.head.flags == GALE_DIRECT);
  }
  CHECK(host.records[0].task == 7);
  CHECK(host.records[0].head.anchor == 0);
  CHECK(host.records[0].values == Cells{"one"});
  CHECK(host.records[1].task == 8);
  CHECK(host.records[1].anchors == std::vector<std::uint64_t>{0});
  CHECK(host.records[2].task == 9);
  CHECK(host.records[2].head.anchor == GALE_ANCHOR_NONE);
}

TEST_CASE("The wrong number of values, or an undeclared stream, fails the input and says so") {
  FakeHost host(component_of<Scripted>());
  host.started();
  body = [](const Tuple&, Collector& out) { out.emit(1); };
  host.execute({{1}});
  body = [](const Tuple&, Collector& out) { out.on(other).emit(1, 2); };
  host.execute({{1}});
  body = [](const Tuple&, Collector& out) { out.on(undeclared).emit(1); };
  host.execute({{1}});
  CHECK(host.fails() ==
        std::vector<std::string>{"emit of 1 values to stream 'default', which has 2 fields",
                                 "emit of 2 values to stream 'other', which has 1 fields",
                                 "emit to a stream that tested does not declare: describe() wants d.emits({fields}) or "
                                 "d.stream(name, stream, {fields})"});
  for (const Record& r : host.records) CHECK((r.head.flags & GALE_RAISED) != 0);
  CHECK(host.emitted().empty());

  FakeHost silent(component_of<Silent>());
  silent.started().execute({{1}});
  REQUIRE(silent.fails().size() == 1);
  CHECK(silent.fails()[0].find("emit to a stream that tested does not declare") == 0);
}

TEST_CASE("An emit larger than the lent room asks for more and arrives whole") {
  const std::string large(100'000, 'l');
  body = [&](const Tuple& tuple, Collector& out) {
    out.emit("small", 1);
    out.emit(large, 2);
    out.emit("small", 3);
    out.ack(tuple);
  };
  FakeHost host(component_of<Scripted>());
  host.started().execute({{1}, {2}});
  CHECK(host.mores >= 4);
  CHECK(host.emitted() ==
        std::vector<Cells>{{"small", 1}, {large, 2}, {"small", 3}, {"small", 1}, {large, 2}, {"small", 3}});
}

TEST_CASE("Contract 4: one call that emits more than is allowed fails its input, and only it") {
  body = [](const Tuple& tuple, Collector& out) {
    const auto n = tuple.get<int>(0);
    for (int i = 0; i < n; ++i) out.emit(i, std::string(1000, 'x'));
    out.ack(tuple);
  };
  FakeHost host(component_of<Scripted>());
  host.most_emit_bytes = 100'000;
  host.started().execute({{5}, {1000}, {5}});
  CHECK(host.verdicts == std::vector<std::uint8_t>{GALE_VERDICT_ACKED, GALE_VERDICT_FAILED, GALE_VERDICT_ACKED});
  CHECK(host.fails() == std::vector<std::string>{"one call emitted more than topology.execute.max.emit.bytes allows"});
  CHECK(host.emitted().size() == 10);
}

TEST_CASE("Emits and acks of a tuple that is settled are refused and counted, the first verdict stands") {
  FakeHost host(component_of<Scripted>());
  host.started();
  body = [](const Tuple& tuple, Collector& out) {
    out.ack(tuple);
    out.ack(tuple);
    out.fail(tuple, "too late");
    out.emit(1, 2);
    out.from(tuple).emit(1, 2);
  };
  host.execute({{1}});
  CHECK(host.misuse() == 4);
  CHECK(host.verdicts[0] == GALE_VERDICT_ACKED);
  CHECK(host.records.empty());
  body = [](const Tuple& tuple, Collector& out) {
    auto kept = tuple.keep();
    out.ack(tuple);  // it is kept: its KeptTuple acks it
    out.ack(std::move(kept));
    out.ack(std::move(kept));
    out.from(kept).emit(1, 2);
    out.unanchored().emit(3, 4);
  };
  host.execute({{1}});
  CHECK(host.misuse() == 7);
  CHECK(host.verdicts[0] == GALE_VERDICT_KEPT);
  CHECK(host.emitted() == std::vector<Cells>{{3, 4}});
}

TEST_CASE("emit_with_targets asks the host first, says whom it named, and the record names them too") {
  std::vector<std::vector<std::uint32_t>> said;
  body = [&](const Tuple& tuple, Collector& out) {
    said.push_back(out.emit_with_targets(tuple.get<int>(0), "text"));
    said.push_back(out.on(other).emit_with_targets(2.5));
    said.push_back(out.from(tuple).emit_with_targets(1, 2));
    out.ack(tuple);
  };
  FakeHost host(component_of<Scripted>());
  host.routes_to = {7, 9};
  REQUIRE(host.started().execute({{10}}));
  CHECK(said == std::vector<std::vector<std::uint32_t>>{{7, 9}, {7, 9}, {7, 9}});
  CHECK(host.asked == std::vector<Cells>{{10, "text"}, {2.5}, {1, 2}});
  REQUIRE(host.records.size() == 3);
  for (const Record& r : host.records) CHECK(r.chosen == host.routes_to);
  CHECK(host.emitted() == host.asked);
  CHECK(host.records[1].head.stream == 1);
  CHECK(host.records[2].anchors == std::vector<std::uint64_t>{0});
  host.routes_to.resize(300, 3);  // more than the first question had room for
  REQUIRE(host.execute({{11}}));
  CHECK(host.records.back().chosen.size() == 300);
  host.routes_to.clear();
  REQUIRE(host.execute({{12}}));  // it cannot be routed: the host will say why when it passes
  CHECK(said.back().empty());
  CHECK(host.records.back().chosen.empty());
  CHECK(host.records.back().refused);
  CHECK(host.records.back().values == Cells{1, 2});
}

TEST_CASE("emit_with_targets refuses what emit refuses, too many tasks, and a host that cannot choose") {
  FakeHost host(component_of<Scripted>());
  host.started();
  const auto why = [&](const Body& b) {
    body = b;
    host.records.clear();
    host.execute({{1}});
    return host.fails().empty() ? std::string() : host.fails().front();
  };
  CHECK(why([](const Tuple&, Collector& out) { out.emit_with_targets(1); }) ==
        "emit of 1 values to stream 'default', which has 2 fields");
  CHECK(why([](const Tuple&, Collector& out) { out.on(undeclared).emit_with_targets(1); }).find("does not declare") !=
        std::string::npos);
  CHECK(why([](const Tuple&, Collector& out) { out.on(direct).emit_with_targets(1); }).find("without a task") !=
        std::string::npos);
  host.routes_to.assign(12'001, 1);
  CHECK(why([](const Tuple&, Collector& out) { out.emit_with_targets(1, 2); }).find("more than 12 000 tasks") !=
        std::string::npos);
  host.forget_choose();
  CHECK(why([](const Tuple&, Collector& out) { out.emit_with_targets(1, 2); }).find("plugin ABI 1.3") !=
        std::string::npos);
}
