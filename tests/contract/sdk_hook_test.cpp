// SPDX-License-Identifier: Apache-2.0
//
// Hooks at the boundary: what the SDK makes of an event, what a throw becomes, and who gets to see a hook at all.
#include "topology-api/host/plugin.hpp"

#include "gale/plugin.hpp"
#include "tests/support/fake_host.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

using namespace gale;
using namespace gale::test;

namespace {

std::vector<std::string> words;  // what the hooks below were told

class Watch final : public TaskHook {
 public:
  void describe(Describe& d) override {
    d.doc("Writes down what it is told.");
    d.key("throw_in", throw_in_, "Where it throws.");
  }
  void prepare(Context& c) override { say("prepare", c.component() + " on " + std::to_string(c.worker())); }
  void emit(const EmitInfo& i) override {
    say("emit", i.tuple.stream() + "(" + i.tuple.fields().at(0) + "=" + i.tuple.get<std::string>(0) + ") tasks " +
                    std::to_string(i.tasks.size()) + " roots " + std::to_string(i.roots) +
                    (i.tracked ? " id " + std::to_string(i.id) + "/" + std::to_string(i.attempt) : ""));
  }
  void execute(const ExecuteInfo& i) override {
    say("execute", i.tuple.source() + "#" + std::to_string(i.source_task) + " " + i.tuple.get<std::string>("n") +
                       " verdict " + std::to_string(static_cast<int>(i.verdict)) + " " +
                       std::to_string(i.took.count()) + " ns");
  }
  void ack(const AckInfo& i) override {
    say("ack", i.tuple != nullptr ? i.tuple->get<std::string>(0) : "root " + std::to_string(i.id));
  }
  void fail(const FailInfo& i) override { say("fail", std::string(i.reason) + (i.final ? ", for good" : "")); }
  void cleanup() override { say("cleanup", ""); }

 private:
  void say(const std::string& call, const std::string& what) {
    if (throw_in_ == call) throw Error("asked to throw in " + call);
    words.push_back(call + " " + what);
  }
  std::string throw_in_;
};

class Process final : public WorkerHook {
 public:
  void start(Context& c) override {
    words.push_back("start " + c.topology() + " " + std::to_string(c.worker()) + "/" + std::to_string(c.workers()));
  }
  void stop() override { throw Error("stuck"); }
};

struct Host {
  explicit Host(const gale_component& component, Value::Map config = {}) {
    host::TaskInfo about = task_with({"n"}, std::move(config));
    about.worker = 2;
    about.workers = 3;
    about.streams = {{"tested", "default", {"word"}}, {"tested", "late", {"why", "word"}}};
    info = host::task_info(about);
    task.size = sizeof task;
    task.info = {info.data(), info.size()};
    host::Created created = host::Instance::create(component, task);
    REQUIRE_MESSAGE(created, created.error);
    instance = std::move(created.instance);
  }
  std::string info;
  gale_task task{};
  std::optional<host::Instance> instance;
};

/// An event that has values, which must outlive it.
gale_event event_of(std::uint32_t kind, std::uint32_t stream, const std::string& values) {
  gale_event e{};
  e.size = sizeof e;
  e.kind = kind;
  e.stream = stream;
  e.values = reinterpret_cast<const std::uint8_t*>(values.data());
  e.end = e.values + values.size();
  return e;
}

const std::string kOne = codec::packed(Value(Value::Array{"one", "two"}));

}  // namespace

TEST_CASE("An event of the boundary is a call of the hook, with names for its numbers") {
  words.clear();
  Host host(component_of<Watch>());
  CHECK(host.instance->open());
  const std::uint32_t tasks[] = {4, 5};
  gale_event e = event_of(GALE_EVENT_EMIT, 1, kOne);
  e.tasks = tasks;
  e.count = 2;
  e.roots = 1;
  e.tracked = 1;
  e.id = 77;
  e.attempt = 2;
  CHECK(host.instance->observe(e));
  e = event_of(GALE_EVENT_EMIT, 0, kOne);
  CHECK(host.instance->observe(e));
  e = event_of(GALE_EVENT_EXECUTE, 0, kOne);
  e.source_task = 9;
  e.verdict = GALE_VERDICT_KEPT;
  e.took_ns = 1234;
  CHECK(host.instance->observe(e));
  CHECK(host.instance->observe(event_of(GALE_EVENT_ACK, 0, kOne)));
  e = {};
  e.size = sizeof e;
  e.kind = GALE_EVENT_ACK;
  e.stream = GALE_EVENT_ROOT;
  e.id = 5;
  CHECK(host.instance->observe(e));
  e.kind = GALE_EVENT_FAIL;
  e.reason = {"no", 2};
  e.final = 1;
  CHECK(host.instance->observe(e));
  e.kind = 99;  // of a later minor
  CHECK(host.instance->observe(e));
  CHECK(host.instance->close());
  CHECK(words == std::vector<std::string>{"prepare tested on 2", "emit late(why=one) tasks 2 roots 1 id 77/2",
                                          "emit default(word=one) tasks 0 roots 0",
                                          "execute orders#9 one verdict 3 1234 ns", "ack one", "ack root 5",
                                          "fail no, for good", "cleanup "});
}

TEST_CASE("A throw of a hook is a status with its text, and the hook lives on") {
  words.clear();
  Host host(component_of<Watch>(), {{"throw_in", "ack"}});
  CHECK(host.instance->open());
  const host::Status s = host.instance->observe(event_of(GALE_EVENT_ACK, 0, kOne));
  CHECK(s.code == GALE_THROWN);
  CHECK(s.text == "asked to throw in ack");
  CHECK(host.instance->observe(event_of(GALE_EVENT_EXECUTE, 0, kOne)));
  CHECK(host.instance->observe(event_of(GALE_EVENT_EXECUTE, 7, kOne)).text ==
        "the host tells of a stream that the hook does not know");
}

TEST_CASE("A worker hook starts and stops, and is told no events") {
  words.clear();
  Host host(component_of<Process>());
  CHECK(host.instance->open());
  CHECK(host.instance->observe({}).code == GALE_UNSUPPORTED);
  CHECK(host.instance->close().text == "stuck");
  CHECK(words == std::vector<std::string>{"start test 2/3"});
}

TEST_CASE("A hook describes itself as a component does: kind, doc, keys") {
  const char* build = std::getenv("GALE_BUILD");
  REQUIRE(build != nullptr);
  const host::Opened opened = host::Plugin::open(std::filesystem::path(build) / "tests" / "plugins" / "audit.so");
  REQUIRE(opened.error == "");
  const auto* watch = opened.plugin->description().find("Watch");
  REQUIRE(watch != nullptr);
  CHECK(watch->kind == host::ComponentKind::kTaskHook);
  CHECK(watch->doc == "Counts what a task does.");
  CHECK(watch->keys.at(0).name == "path");
  CHECK(opened.plugin->description().find("Worker")->kind == host::ComponentKind::kWorkerHook);
  CHECK(opened.plugin->describe("Watch", {.topology = "t", .component = "", .config = {{"path", 7}}, .inputs = {}})
            .error.starts_with("key 'path' wants string"));
}

TEST_CASE("A host older than hooks is told of the rest of the plugin") {
  const char* build = std::getenv("GALE_BUILD");
  REQUIRE(build != nullptr);
  const std::filesystem::path plugins = std::filesystem::path(build) / "tests" / "plugins";
  // A copy is another library: the entry says for good what its first host may see.
  const std::filesystem::path copy =
      std::filesystem::temp_directory_path() / ("gale-audit-of-an-older-host-" + std::to_string(::getpid()) + ".so");
  std::filesystem::copy_file(plugins / "audit.so", copy, std::filesystem::copy_options::overwrite_existing);
  void* const library = ::dlopen(copy.c_str(), RTLD_NOW | RTLD_LOCAL);
  std::filesystem::remove(copy);
  REQUIRE(library != nullptr);
  const auto entry = reinterpret_cast<gale_plugin_entry_fn>(::dlsym(library, GALE_ABI_ENTRY));
  REQUIRE((entry != nullptr));
  const gale_plugin* const old = entry(GALE_ABI_MAJOR, 3);
  REQUIRE(old->count == 1);
  CHECK(old->components[0]->kind == GALE_BOLT);
}

TEST_CASE("A hook's table is as long as its kind needs, and a component's observe is not called") {
  CHECK(component_of<Watch>().kind == GALE_TASK_HOOK);
  CHECK((component_of<Watch>().observe != nullptr));
  CHECK(component_of<Process>().kind == GALE_WORKER_HOOK);
  CHECK((component_of<Process>().observe == nullptr));
  CHECK((component_of<Watch>().execute == nullptr));
  CHECK((component_of<Watch>().posted == nullptr));
}
