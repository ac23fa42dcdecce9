// SPDX-License-Identifier: Apache-2.0
//
// Contract 1: a tuple passed on is the same bytes; a row of values is an emit as any other. And what a component says
// of itself when its keys and inputs are known.
#include "tests/support/fake_host.hpp"

#include <functional>

using namespace gale;
using namespace gale::test;

namespace {

using Body = std::function<void(const Tuple&, Collector&)>;
Body body;  // what the bolt of the running test does

class Passing final : public Bolt {
 public:
  void describe(Describe& d) override {
    std::vector<std::string> fields = d.input_fields();
    d.key("extra", extra_, "Fields to add to those of the input.");
    d.emits(fields);
    fields.insert(fields.end(), extra_.begin(), extra_.end());
    d.stream("wide", wide, fields);
    if (d.bound() && extra_.size() > 2) throw Error("at most two extra fields");
    for (const std::string& name : extra_) d.reads(read_, name);
  }
  void execute(const Tuple& tuple, Collector& out) override { body(tuple, out); }

  static inline Stream wide;

 private:
  std::vector<std::string> extra_;
  Field<std::int64_t> read_;
};

std::string described(const host::TaskInfo& info, std::uint32_t& status) {
  const std::string bytes = host::task_info(info);
  std::string map;
  char room[200];
  gale_text text{room, sizeof room, 0};
  status = component_of<Passing>().describe_for(
      {bytes.data(), bytes.size()}, &map,
      [](void* into, gale_str m) { static_cast<std::string*>(into)->assign(m.data, m.size); }, &text);
  return status == GALE_OK ? map : std::string(text.data, text.size);
}

}  // namespace

TEST_CASE("A tuple passed on has the values of its input, whatever they are") {
  body = [](const Tuple& tuple, Collector& out) {
    out.forward(tuple);
    out.ack(tuple);
  };
  FakeHost host(component_of<Passing>(), task_with({"a", "b", "c"}));
  const Cells row = {Value(Value::Map{{"k", 1.5}}), std::string(1000, 'x'), Value(Bytes{"\xff"})};
  host.started().execute({row, {1, nullptr, -7}});
  CHECK(host.emitted() == std::vector<Cells>{row, {1, nullptr, -7}});
  CHECK(host.records[0].head.anchor == 0);
  CHECK(host.records[1].head.anchor == 1);
}

TEST_CASE("A kept tuple is passed on from where it was kept") {
  std::vector<KeptTuple> kept;
  body = [&](const Tuple& tuple, Collector& out) {
    kept.push_back(tuple.keep());
    if (kept.size() < 2) return;
    out.from(kept[0]).forward(kept[0]);
    for (KeptTuple& k : kept) out.ack(std::move(k));
    kept.clear();
  };
  FakeHost host(component_of<Passing>(), task_with({"a"}));
  host.started().execute({{"first"}, {"second"}});
  CHECK(host.emitted() == std::vector<Cells>{{"first"}});
  REQUIRE(host.records[0].anchors.size() == 1);
  CHECK(host.records[0].anchors[0] >= GALE_FIRST_KEPT);
  CHECK(host.kept() == 0);
}

TEST_CASE("A row is an emit of as many values as it holds") {
  body = [](const Tuple& tuple, Collector& out) {
    out.on(Passing::wide).emit_row({1, "two", Value(Value::Array{3})});
    out.emit_row({1});
    out.ack(tuple);
  };
  FakeHost host(component_of<Passing>(), task_with({"a"}, {{"extra", Value(Value::Array{"b", "c"})}}), 16);
  host::TaskInfo info = task_with({"a", "b", "c"});
  FakeHost three(component_of<Passing>(), info);
  three.started().execute({{1, 2, 3}});
  CHECK(three.fails().at(0) == "emit of 1 values to stream 'default', which has 3 fields");
  CHECK(host.create().find("no field 'b' in orders/default") != std::string::npos);
}

TEST_CASE("A settled tuple is not passed on") {
  body = [](const Tuple& tuple, Collector& out) {
    out.ack(tuple);
    out.forward(tuple);
  };
  FakeHost host(component_of<Passing>(), task_with({"a"}));
  host.started().execute({{1}});
  CHECK(host.emitted().empty());
  CHECK(host.misuse() == 1);
}

TEST_CASE("A component says which streams it has with its configuration and its inputs") {
  std::uint32_t status = 0;
  const std::string map = described(task_with({"a"}, {{"extra", Value(Value::Array{"x", "y"})}}), status);
  REQUIRE(status == GALE_OK);
  codec::Cursor cursor{std::string_view(map)};
  Value said;
  REQUIRE(codec::Unpack<Value>::read(cursor, said) == codec::Read::kOk);
  const auto& streams = said.find("streams")->get<Value::Array>();
  REQUIRE(streams.size() == 2);
  CHECK(*streams[0].find("fields") == Value(Value::Array{"a"}));
  CHECK(*streams[1].find("fields") == Value(Value::Array{"a", "x", "y"}));
  CHECK(*said.find("reads") == Value(Value::Array{"x", "y"}));  // told, not looked for: the host knows the fields
}

TEST_CASE("A component refuses a configuration, or inputs, in its own words") {
  std::uint32_t status = 0;
  CHECK(described(task_with({"a"}, {{"extra", Value(Value::Array{"x", "y", "z"})}}), status) ==
        "at most two extra fields");
  CHECK(status == GALE_THROWN);
  CHECK(described(task_with({"a"}, {{"extra", "x"}}), status) == "key 'extra' wants array of string, is string");
  host::TaskInfo two = task_with({"a"});
  two.inputs.push_back({"other", "bad", {"a", "b"}});
  CHECK(described(two, status) ==
        "its inputs orders/default (a) and other/bad (a, b) differ in their fields, and it passes them on as they are");
}
