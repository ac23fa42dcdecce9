// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/engine_run.hpp"

#include "engine/base/log.hpp"
#include "engine/plan/make_plan.hpp"
#include "engine/plan/plugin_catalog.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>

namespace gale::test {
namespace {

std::string address_of(const void* script) {
  return "script: " + std::to_string(reinterpret_cast<std::intptr_t>(script));
}

}  // namespace

SpoutScript numbers(std::uint64_t count, Replay replay) {
  SpoutScript script;
  script.next = [count, replay, n = std::uint64_t{0}](SpoutCollector& out, Context&) mutable {
    if (n == count) return Next::finished();
    out.emit({.id = n, .replay = replay}, n, "text");
    ++n;
    return Next::emitted();
  };
  return script;
}

std::string at(const SpoutScript& script) { return address_of(&script); }
std::string at(const BoltScript& script) { return address_of(&script); }
std::string at(const GroupingScript& script) { return address_of(&script); }
std::string at(const HookScript& script) { return address_of(&script); }
std::string at(const WorkerHookScript& script) { return address_of(&script); }

std::string pair_of(const SpoutScript& spout, const BoltScript& bolt, const std::string& config,
                    const std::string& bolt_class) {
  return "name: pair\nplugins: [scripted]\nconfig: {" + config +
         "}\n"
         "spouts:\n  - {id: spout, className: scripted.Source, properties: {" +
         at(spout) +
         "}}\n"
         "bolts:\n  - {id: bolt, className: scripted." +
         bolt_class + ", properties: {" + at(bolt) +
         "}}\n"
         "streams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n";
}

std::string chain(const SpoutScript& spout, const std::vector<const BoltScript*>& bolts, const std::string& config) {
  std::string yaml = "name: chain\nplugins: [scripted]\nconfig: {" + config +
                     "}\nspouts:\n  - {id: spout, className: scripted.Source, properties: {" + at(spout) +
                     "}}\nbolts:\n";
  std::string streams = "streams:\n", last = "spout";
  for (std::size_t i = 0; i < bolts.size(); ++i) {
    const std::string id = i + 1 < bolts.size() ? "bolt" + std::to_string(i) : "sink";
    yaml += "  - {id: " + id + ", className: scripted.Step, properties: {" + at(*bolts[i]) + "}}\n";
    streams += "  - {from: " + last + ", to: " + id + ", grouping: {type: SHUFFLE}}\n";
    last = id;
  }
  return yaml + streams;
}

std::vector<std::filesystem::path> plugin_dirs() {
  const char* build = std::getenv("GALE_BUILD");
  REQUIRE_MESSAGE(build != nullptr, "GALE_BUILD is the build's directory; ctest sets it");
  return {std::filesystem::path(build) / "tests" / "plugins"};
}

plan::Plan plan_of(const std::string& yaml, host::PluginSearch& plugins) {
  const plan::Topology topology =
      plan::read_topology(yaml, "test.yaml", {}, [](const std::string&) { return nullptr; });
  plan::PluginCatalog catalog(plugins);
  plan::PlanOutcome outcome = plan::make_plan(topology, catalog);
  REQUIRE_MESSAGE(outcome, plan::report(outcome, "test.yaml") << yaml);
  return std::move(*outcome.plan);
}

EngineRun::EngineRun(const std::string& yaml, std::uint32_t threads, bool active) : plugins_(plugin_dirs()) {
  log::start(log::Level::kOff, "");
  plan_ = plan_of(yaml, plugins_);
  worker::Options options;
  options.threads = threads;
  options.active = active;
  worker_ = std::make_unique<worker::Worker>(plan_, options, clock_);
}

EngineRun::~EngineRun() = default;

std::string EngineRun::try_start() {
  const Result<void> started = worker_->start(plugins_);
  return started ? std::string() : started.error();
}

void EngineRun::start() {
  const std::string error = try_start();
  REQUIRE_MESSAGE(error.empty(), error);
}

bool EngineRun::finish(Duration most) { return worker_->wait(most); }

bool EngineRun::eventually(const std::function<bool()>& true_now) {
  const TimePoint deadline = clock_.now() + std::chrono::seconds(20);
  std::uint64_t news = 0;
  while (!true_now()) {
    if (clock_.now() >= deadline) return false;
    news = worker_->wait_news(news, std::chrono::milliseconds(2));
  }
  return true;
}

void EngineRun::take() {
  last_ = worker_->report();
  errors_.insert(errors_.end(), last_.errors.begin(), last_.errors.end());
  results_lost_ = results_lost_ || last_.results_lost;
}

worker::TaskReport EngineRun::counts(const std::string& component) {
  take();
  worker::TaskReport sum;
  for (const worker::TaskReport& t : last_.tasks) {
    if (plan_.component_of(t.task).id != component) continue;
    for (const auto member :
         {&worker::TaskReport::emitted, &worker::TaskReport::transferred, &worker::TaskReport::executed,
          &worker::TaskReport::acked, &worker::TaskReport::failed, &worker::TaskReport::thrown,
          &worker::TaskReport::forgotten, &worker::TaskReport::misuse, &worker::TaskReport::dropped,
          &worker::TaskReport::late, &worker::TaskReport::roots, &worker::TaskReport::replayed,
          &worker::TaskReport::timed_out, &worker::TaskReport::stale_acks, &worker::TaskReport::pending,
          &worker::TaskReport::dead_letters, &worker::TaskReport::poisoned}) {
      sum.*member += t.*member;
    }
  }
  return sum;
}

const std::vector<std::string>& EngineRun::errors() {
  take();
  return errors_;
}

bool EngineRun::reported(const std::string& part) {
  for (const std::string& e : errors()) {
    if (e.find(part) != std::string::npos) return true;
  }
  return false;
}

bool run_to_end(EngineRun& run) {
  run.start();
  const bool finished = run.finish();
  run.stop();
  return finished;
}

}  // namespace gale::test
