// SPDX-License-Identifier: Apache-2.0
//
// From construction to close: keys, context, logging, metrics, and a throw in each call.
#include "tests/support/fake_host.hpp"

using namespace gale;
using namespace gale::test;

namespace {

struct Keys {
  bool flag = false;
  std::int64_t burst = 5;
  std::uint8_t small = 1;
  double limit = 1000;
  std::string name = "none";
  std::vector<std::int64_t> ports{1};
  std::map<std::string, std::string> labels;
  Value anything;
  std::optional<std::int64_t> maybe;
};
Keys seen;

class Keyed final : public BasicBolt {
 public:
  void describe(Describe& d) override {
    d.doc("Has keys.");
    d.key("flag", keys_.flag, "A bool.");
    d.key("burst", keys_.burst, "An integer.");
    d.key("small", keys_.small, "A small integer.");
    d.key("limit", keys_.limit, "A double.", {.required = true});
    d.key("name", keys_.name, "A string.");
    d.key("ports", keys_.ports, "A list.");
    d.key("labels", keys_.labels, "A map.");
    d.key("anything", keys_.anything, "Any value.");
    d.key("maybe", keys_.maybe, "May be absent.");
  }
  void open(Context&) override { seen = keys_; }
  void execute(const Tuple&, Collector&) override {}

 private:
  Keys keys_;
};

Context* context = nullptr;
std::string throw_in;

class Thrower final : public BasicBolt {
 public:
  void open(Context& c) override {
    context = &c;
    here("open");
  }
  void activate() override { here("activate"); }
  void deactivate() override { here("deactivate"); }
  void close() override { here("close"); }
  void tick(TimePoint, Collector&) override { here("tick"); }
  bool finish(Collector&) override {
    here("finish");
    return true;
  }
  void execute(const Tuple&, Collector&) override { here("execute"); }

 private:
  static void here(const std::string& call) {
    if (throw_in == call) throw Error("thrown in " + call);
  }
};

std::string made_with(Value::Map config) {
  FakeHost host(component_of<Keyed>(), task_with({"n"}, std::move(config)));
  return host.create();
}
std::string refused(const std::string& why) { return "component 'Tested' cannot be made: " + why; }

}  // namespace

TEST_CASE("Keys are set before open, and keep their member's value when the topology lacks them") {
  FakeHost defaults(component_of<Keyed>());
  defaults.started();
  CHECK(seen.burst == 5);
  CHECK(seen.limit == 1000);
  CHECK(seen.name == "none");
  FakeHost host(component_of<Keyed>(), task_with({"n"}, {{"flag", true},
                                                         {"burst", 9},
                                                         {"small", 255},
                                                         {"limit", 7},
                                                         {"name", "x"},
                                                         {"ports", Value::Array{6700, 6701}},
                                                         {"labels", Value::Map{{"a", "b"}}},
                                                         {"anything", Value::Array{1, "two"}},
                                                         {"maybe", 3}}));
  host.started();
  CHECK(seen.flag);
  CHECK(seen.burst == 9);
  CHECK(seen.small == 255);
  CHECK(seen.limit == 7.0);
  CHECK(seen.name == "x");
  CHECK(seen.ports == std::vector<std::int64_t>{6700, 6701});
  CHECK(seen.labels.at("a") == "b");
  CHECK(seen.anything == Value(Value::Array{1, "two"}));
  CHECK(seen.maybe == 3);
}

TEST_CASE("A key of another type, or one that does not fit, is refused by name") {
  CHECK(made_with({{"burst", "many"}}) == refused("key 'burst' wants 64-bit integer, is string"));
  CHECK(made_with({{"limit", "x"}}) == refused("key 'limit' wants double, is string"));
  CHECK(made_with({{"name", 1}}) == refused("key 'name' wants string, is integer"));
  CHECK(made_with({{"flag", 1}}) == refused("key 'flag' wants bool, is integer"));
  CHECK(made_with({{"small", 256}}) == refused("key 'small': the value does not fit 8-bit integer"));
  CHECK(made_with({{"ports", 1}}) == refused("key 'ports' wants array of 64-bit integer, is integer"));
  CHECK(made_with({{"ports", Value::Array{"a"}}}) ==
        refused("key 'ports' wants array of 64-bit integer, has an element of another type"));
  CHECK(made_with({{"labels", Value::Map{{"a", 1}}}}) ==
        refused("key 'labels' wants map of string, has an element of another type"));
}

TEST_CASE("describe() says each key's type and default") {
  std::string map;
  char room[64];
  gale_text text{room, sizeof room, 0};
  REQUIRE(component_of<Keyed>().describe(
              &map, [](void* into, gale_str s) { static_cast<std::string*>(into)->assign(s.data, s.size); }, &text) ==
          GALE_OK);
  Value described;
  codec::Cursor cursor{std::string_view(map)};
  REQUIRE(codec::Unpack<Value>::read(cursor, described) == codec::Read::kOk);
  CHECK(*described.find("doc") == Value("Has keys."));
  std::string types;
  for (const Value& key : described.find("keys")->get<Value::Array>())
    types += key.find("type")->get<std::string>() + " ";
  CHECK(types == "bool integer integer double string list map value integer ");
  const auto& keys = described.find("keys")->get<Value::Array>();
  CHECK(*keys[3].find("default") == Value(1000.0));
  CHECK(*keys[3].find("required") == Value(true));
  CHECK(*keys[5].find("default") == Value(Value::Array{1}));
  CHECK(*keys[8].find("default") == Value());
}

TEST_CASE("A throw in each call of a bolt is a status with its text, and the component lives on") {
  for (const std::string call : {"open", "activate", "deactivate", "tick", "finish", "close", "execute", ""}) {
    CAPTURE(call);
    FakeHost host(component_of<Thrower>());
    throw_in = call;
    REQUIRE(host.create() == "");
    const auto check = [&](const char* name, const host::Status& status) {
      CHECK(status.code == (call == name ? GALE_THROWN : GALE_OK));
      CHECK(status.text == (call == name ? "thrown in " + call : ""));
    };
    check("open", host.instance().open());
    check("activate", host.instance().activate(true));
    check("tick", host.tick());
    CHECK(host.execute({{1}}).code == GALE_OK);
    CHECK(host.fails() ==
          (call == "execute" ? std::vector<std::string>{"thrown in execute"} : std::vector<std::string>{}));
    bool done = false;
    check("finish", host.finish(done));
    CHECK(done);
    check("deactivate", host.instance().activate(false));
    check("close", host.instance().close());
  }
  throw_in.clear();
}

TEST_CASE("The context tells who the task is, what time it is, and takes log lines and counts") {
  host::TaskInfo info = task_with({"n"});
  info.task = 9;
  info.index = 2;
  info.tasks = 4;
  FakeHost host(component_of<Thrower>(), info);
  host.started();
  CHECK(context->topology() == "test");
  CHECK(context->component() == "tested");
  CHECK(context->task() == 9);
  CHECK(context->index() == 2);
  CHECK(context->tasks() == 4);
  host.now_ns = 1234;
  CHECK(context->now().time_since_epoch().count() == 1234);
  context->info("rejected ", 3, " of ", std::string("orders"), ": ", 1.5, ' ', true);
  context->warn("w");
  context->error("e");
  REQUIRE(host.logs.size() == 3);
  CHECK(host.logs[0] == std::pair<std::uint32_t, std::string>{GALE_LOG_INFO, "rejected 3 of orders: 1.5 true"});
  CHECK(host.logs[1].first == GALE_LOG_WARN);
  CHECK(host.logs[2].first == GALE_LOG_ERROR);
  Counter counter = context->counter("flagged");
  Counter copy = counter;
  counter.add();
  copy.add(2);
  CHECK(host.counters.at("flagged") == 3);
  Counter unbound;
  unbound.add();
  context->watch_fd(5);
  CHECK(host.watched == std::vector<int>{5});
  CHECK_THROWS_WITH_AS(context->watch_fd(-1), "cannot watch file descriptor -1", Error);
  context->waker().wake();
  CHECK(host.wakes == 1);
}

TEST_CASE("Task information that is damaged is an error, not a crash") {
  const gale_component& component = component_of<Thrower>();
  for (const std::string& bytes : {std::string(), std::string("\x81"), codec::packed(Value(1)),
                                   codec::packed(Value(Value::Map{{"topology", 1}}))}) {
    gale_task task{};
    task.info = {bytes.data(), bytes.size()};
    CHECK_FALSE(host::Instance::create(component, task));
  }
}
