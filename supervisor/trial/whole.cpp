// SPDX-License-Identifier: Apache-2.0
#include "supervisor/trial/whole.hpp"

#include "engine/plan/make_plan.hpp"
#include "engine/plan/only.hpp"
#include "engine/worker/worker.hpp"
#include "supervisor/trial/compare.hpp"
#include "supervisor/trial/stage.hpp"

#include <algorithm>
#include <string>
#include <utility>

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

void compare(const plan::TopologyTest& test, const ResolvedTest& resolved, const plan::Plan& plan, Stage& stage,
             std::vector<Complaint>& complaints) {
  for (const WantedStream& wanted : resolved.wanted) {
    const std::vector<Value::Array>& seen = stage.sinks[part_of(wanted)];
    std::vector<std::string> lines = differences(wanted.rows, seen, test.exact);
    if (lines.empty()) continue;
    complaints.push_back({wanted.at,
                          stream_name(plan, wanted.component, wanted.stream) + " emitted " +
                              count_of(seen.size(), "tuple") + ", wanted are " + std::to_string(wanted.rows.size()),
                          std::move(lines)});
  }
  if (std::vector<std::string> lines = reason_differences(test.fails, stage.fails); !lines.empty()) {
    complaints.push_back(
        {test.fails.empty() ? test.at : test.fails.front().at,
         count_of(stage.fails.size(), "tuple") + " failed, wanted are " + std::to_string(test.fails.size()),
         std::move(lines)});
  }
}

}  // namespace

std::vector<Complaint> run_whole(const plan::TopologyTest& test, const ResolvedTest& resolved,
                                 const plan::Topology& topology, const plan::Plan& plan, plan::Catalog& catalog,
                                 host::PluginSearch& search) {
  Stage stage;
  std::vector<Complaint> complaints;
  plan::PlanOutcome outcome = plan::make_plan(Rewriter(resolved, plan, stage).rewrite(topology), catalog);
  if (!outcome) {
    for (const Fault& fault : outcome.faults) complaints.push_back({fault.at, fault.text, {}});
    return complaints;
  }
  const SteadyClock clock;
  worker::Worker worker(*outcome.plan, {.self = WorkerId(0), .threads = 1, .link_dir = {}}, clock);
  if (Result<void> started = worker.start(search); !started) return {{test.at, started.error(), {}}};
  const bool ended = worker.wait(test.timeout);
  const std::vector<std::string> busy = ended ? std::vector<std::string>() : worker.running();
  worker.stop();
  const worker::Report report = worker.report();
  if (!ended) {
    std::string text = "it did not end within " +
                       std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(test.timeout).count()) +
                       " ms";
    text += busy.empty() ? "; a spout that never ends wants a place among the inputs, or a bound" : "; running:";
    for (const std::string& task : busy) text += " " + task;
    complaints.push_back({test.at, std::move(text), {}});
  }
  compare(test, resolved, plan, stage, complaints);
  if (report.results_lost) complaints.push_back({test.at, "final results were lost: a finish threw", {}});
  if (!complaints.empty() && !report.errors.empty())
    complaints.push_back({test.at, "errors while it ran", report.errors});
  return complaints;
}

}  // namespace gale::trial
