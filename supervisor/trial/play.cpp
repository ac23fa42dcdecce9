// SPDX-License-Identifier: Apache-2.0
#include "supervisor/trial/play.hpp"

#include "engine/base/done_within.hpp"
#include "engine/plan/make_plan.hpp"
#include "engine/plan/only.hpp"
#include "engine/worker/worker.hpp"
#include "supervisor/trial/stage.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gale::trial {
namespace {

yaml::Entry entry(std::string key, std::string value) {
  yaml::Node node;
  node.text = std::move(value);
  return {std::move(key), {}, std::move(node)};
}

std::string part_of(const WantedStream& wanted) {
  return std::to_string(wanted.component) + "/" + std::to_string(wanted.stream);
}

/// The topology as the test runs it.
class Rewriter {
 public:
  Rewriter(const ResolvedTest& test, const plan::Plan& plan, Stage& stage) : test_(test), plan_(plan), stage_(stage) {}

  plan::Topology rewrite(plan::Topology topology) {
    for (const std::size_t spout : test_.replaced) replace(topology, spout);
    for (const WantedStream& wanted : test_.wanted) watch(topology, wanted);
    leave_out(topology);
    topology.plugins.push_back({std::string(kStandIns), {}});
    // What fails fails at once and for good: a test that is to see a failure does not wait for five attempts.
    set(topology.config, "topology.max.attempts", "1");
    set(topology.config, "topology.workers", "1");
    for (plan::Vertex& v : topology.vertices)
      std::erase_if(v.config, [](const yaml::Entry& e) { return e.key == "topology.component.worker"; });
    topology.hooks.clear();
    return topology;
  }

 private:
  /// What does not lead to a stream in question; everything does when what fails is in question.
  void leave_out(plan::Topology& topology) const {
    std::vector<std::string> ends;
    for (const WantedStream& wanted : test_.wanted) {
      if (is_dead_letters(wanted)) return;
      ends.push_back(sink_id(wanted));
    }
    topology = std::move(*plan::only(std::move(topology), ends));
  }
  [[nodiscard]] bool is_dead_letters(const WantedStream& wanted) const {
    return plan_.components[wanted.component].streams[wanted.stream].name == plan::kDeadLetters;
  }
  static std::string sink_id(const WantedStream& wanted) { return "__seen:" + part_of(wanted); }

  static void set(std::vector<yaml::Entry>& config, const std::string& key, const std::string& value) {
    std::erase_if(config, [&](const yaml::Entry& e) { return e.key == key; });
    config.push_back(entry(key, value));
  }
  [[nodiscard]] std::vector<yaml::Entry> place_on_stage(const std::string& part) const {
    yaml::Entry name = entry("part", part);
    name.value.quoted = true;
    return {entry("stage", std::to_string(stage_.number())), std::move(name)};
  }

  void replace(plan::Topology& topology, std::size_t spout) {
    const plan::Component& c = plan_.components[spout];
    SourceScript& script = stage_.sources[c.id];
    for (const plan::Stream& s : c.streams) {
      if (s.name == plan::kDeadLetters) continue;  // the engine's own, last
      script.streams.push_back(s.name);
      script.fields.push_back(s.fields);
    }
    for (const Step& step : test_.steps) {
      if (step.from == spout) script.lines.push_back({step.stream, step.values});
    }
    for (plan::Vertex& v : topology.vertices) {
      if (v.id.value != c.id) continue;
      v.class_name.value = std::string(kStandIns) + ".Source";
      v.properties = place_on_stage(c.id);
      v.constructor_args.reset();
      v.num_tasks = 1;
      v.parallelism = 1;
      v.pinned = false;
      std::erase_if(v.config, [](const yaml::Entry& e) { return e.key == "topology.max.attempts"; });
    }
  }

  void watch(plan::Topology& topology, const WantedStream& wanted) {
    plan::Vertex sink;
    sink.id.value = sink_id(wanted);
    sink.class_name.value = std::string(kStandIns) + ".Sink";
    sink.properties = place_on_stage(part_of(wanted));
    const plan::Component& c = plan_.components[wanted.component];
    plan::Subscription subscription;
    subscription.from.value =
        c.streams[wanted.stream].name == plan::kDeadLetters ? std::string(plan::kDeadLetters) : c.id;
    subscription.to = sink.id;
    subscription.stream.value =
        c.streams[wanted.stream].name == plan::kDeadLetters ? "default" : c.streams[wanted.stream].name;
    subscription.grouping = plan::Grouping::kGlobal;
    topology.vertices.push_back(std::move(sink));
    topology.streams.push_back(std::move(subscription));
  }

  const ResolvedTest& test_;
  const plan::Plan& plan_;
  Stage& stage_;
};

std::string late(Duration timeout, const std::vector<std::string>& busy) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  std::string text = "it did not end within " + std::to_string(ms) + " ms";
  text += busy.empty() ? "; a spout that never ends wants a place among the inputs, or a bound" : "; running:";
  for (const std::string& task : busy) text += " " + task;
  return text;
}

/// All that tasks use, in one piece: what never ends keeps it.
struct Running {
  Running(plan::Plan p, const Clock& c) : plan(std::move(p)), worker(plan, {.self = WorkerId(0), .threads = 1}, c) {}
  plan::Plan plan;
  worker::Worker worker;
};

/// Failed for good, of the spouts that are no stand-ins.
std::uint64_t failed_elsewhere(const plan::Plan& plan, const worker::Report& report) {
  std::uint64_t failed = 0;
  for (const worker::TaskReport& t : report.tasks) {
    const plan::Component& c = plan.component_of(t.task);
    if (c.kind == host::ComponentKind::kSpout && c.plugin != kStandIns) failed += t.failed;
  }
  return failed;
}

constexpr Duration kStopMost = std::chrono::seconds(3);

}  // namespace

Played play(const ResolvedTest& test, Duration timeout, const plan::Topology& topology, const plan::Plan& plan,
            plan::Catalog& catalog, host::PluginSearch& search) {
  static const SteadyClock clock;
  Played played;
  auto stage = std::make_unique<Stage>();
  plan::PlanOutcome outcome = plan::make_plan(Rewriter(test, plan, *stage).rewrite(topology), catalog);
  if (!outcome) {
    played.faults = outcome.faults;
    return played;
  }
  auto running = std::make_unique<Running>(std::move(*outcome.plan), clock);
  worker::Worker& worker = running->worker;
  if (Result<void> started = worker.start(search); !started) {
    played.troubles.push_back(started.error());
    return played;
  }
  if (!worker.wait(timeout)) played.troubles.push_back(late(timeout, worker.running()));
  if (!done_within(kStopMost, [&worker] { worker.stop(); })) {
    played.troubles.emplace_back("user code has not returned and is left behind, running");
    static auto& left_behind = *new std::vector<std::pair<std::unique_ptr<Running>, std::unique_ptr<Stage>>>();
    left_behind.emplace_back(std::move(running), std::move(stage));
    return played;
  }
  worker::Report report = worker.report();
  if (report.results_lost) played.troubles.emplace_back("final results were lost: a finish threw");
  if (stage->full) played.troubles.push_back("a stream carried more than " + std::to_string(kMostSeen) + " tuples");
  played.failed = failed_elsewhere(running->plan, report);
  played.errors = std::move(report.errors);
  for (const WantedStream& wanted : test.wanted) played.seen.push_back(std::move(stage->sinks[part_of(wanted)]));
  played.fails = std::move(stage->fails);
  return played;
}

}  // namespace gale::trial
