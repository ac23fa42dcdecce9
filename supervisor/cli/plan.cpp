// SPDX-License-Identifier: Apache-2.0
//
// gale plan FILE: what a topology becomes, without running it: tasks, streams, workers, and what may use memory there.
#include "engine/plan/cycles.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/plan_formats.hpp"
#include "supervisor/cli/table.hpp"
#include "supervisor/cli/topology_arguments.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <cstdio>
#include <set>
#include <thread>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

std::string bytes(std::uint64_t n) {
  for (const auto& [unit, name] : {std::pair{30, "GiB"}, std::pair{20, "MiB"}, std::pair{10, "KiB"}}) {
    if (n < std::uint64_t{1} << unit) continue;
    char room[32];
    std::snprintf(room, sizeof room, "%.4g %s", static_cast<double>(n) / static_cast<double>(std::uint64_t{1} << unit),
                  name);
    return room;
  }
  return std::to_string(n) + " B";
}

std::string list_of(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

/// "1-3, 5"
std::string workers_of(const plan::Plan& plan, const plan::Component& component) {
  std::set<unsigned> on;
  for (std::uint32_t i = 0; i < component.tasks; ++i)
    on.insert(plan.tasks[component.first_task.value + i].worker.value + 1u);
  std::string text;
  for (auto it = on.begin(); it != on.end();) {
    const unsigned first = *it;
    unsigned last = first;
    while (++it != on.end() && *it == last + 1) last = *it;
    text += (text.empty() ? "" : ", ") + std::to_string(first) + (last == first ? "" : "-" + std::to_string(last));
  }
  return text;
}

std::string components(const plan::Plan& plan) {
  Table table({"component", "kind", "class", "tasks", "threads", "workers", "emits"});
  for (const plan::Component& c : plan.components) {
    std::vector<std::string> streams;
    for (const plan::Stream& s : c.streams)
      streams.push_back((s.name == "default" ? "" : s.name + ": ") + "(" + list_of(s.fields) + ")" +
                        (s.direct ? " direct" : ""));
    table.row({c.id, name_of(c.kind), c.plugin + "." + c.type, std::to_string(c.tasks), c.pinned ? "pinned" : "pooled",
               workers_of(plan, c), list_of(streams)});
  }
  return table.text();
}

std::string streams(const plan::Plan& plan) {
  Table table({"from", "stream", "to", "grouping"});
  for (const plan::Edge& e : plan.edges) {
    const plan::Component& from = plan.component(e.from);
    table.row({from.id, from.streams[e.stream].name, plan.component(e.to).id, grouping_text(plan, e)});
  }
  return table.text();
}

/// A line for each way that leads back to where it began.
std::string cycles(const plan::Plan& plan) {
  std::string text;
  for (const plan::Cycle& cycle : plan::find_cycles(plan.components.size(), plan.edges)) {
    text += "cycle: " + plan.component(plan.edges[cycle.front()].from).id;
    for (const std::size_t edge : cycle) text += " -> " + plan.component(plan.edges[edge].to).id;
    text += "\n";
  }
  return text.empty() ? text : "\n" + text;
}

/// What watches the tasks and the workers; nothing when nothing does.
std::string hooks(const plan::Plan& plan) {
  if (plan.hooks.empty()) return {};
  Table table({"hook", "kind", "of"});
  for (const plan::Hook& hook : plan.hooks) {
    std::vector<std::string> ids;
    for (const ComponentId id : hook.components) ids.push_back(plan.component(id).id);
    table.row({hook.plugin + "." + hook.type, name_of(hook.kind),
               hook.kind == host::ComponentKind::kWorkerHook ? "each worker" : list_of(ids)});
  }
  return "\n" + table.text();
}

bool in_cycle(const plan::Plan& plan, const plan::Component& component) {
  return std::any_of(component.inputs.begin(), component.inputs.end(),
                     [&](std::size_t edge) { return plan.edges[edge].feedback; });
}

/// Bounds: what may be in use when everything is full.
std::string workers(const plan::Plan& plan) {
  constexpr std::uint64_t kLedgerBytes = 32 + 4 + 8 + 4;  // a slot: the root, its uses, its time, its place when free
  Table table({"worker", "tasks", "threads", "inboxes", "cycles", "outboxes", "ledgers", "replay", "kept"});
  for (std::uint16_t w = 0; w < plan.workers; ++w) {
    std::uint64_t tasks = 0, pinned = 0, inboxes = 0, feedback = 0, ledgers = 0, replay = 0, kept = 0;
    for (const plan::Task& task : plan.tasks) {
      if (task.worker != WorkerId(w)) continue;
      const plan::Component& c = plan.component(task.component);
      ++tasks;
      pinned += c.pinned ? 1 : 0;
      if (c.kind == host::ComponentKind::kSpout) {
        ledgers += c.settings.max_spout_pending * kLedgerBytes;
        replay += c.settings.replay_max_bytes;
      } else {
        inboxes += c.settings.inbox_bytes;
        feedback += in_cycle(plan, c) ? c.settings.cycle_bytes : 0;
        kept += c.settings.task_max_kept_bytes;
      }
    }
    const std::uint32_t pool =
        plan.settings.threads != 0 ? plan.settings.threads : std::max(1u, std::thread::hardware_concurrency());
    table.row({std::to_string(w + 1), std::to_string(tasks),
               std::to_string(pool) + (pinned == 0 ? "" : " + " + std::to_string(pinned) + " pinned"), bytes(inboxes),
               bytes(feedback), bytes(plan.settings.outbox_bytes), bytes(ledgers), bytes(replay), bytes(kept)});
  }
  return table.text();
}

class PlanCommand final : public Command {
 public:
  PlanCommand() {
    add_topology_options(option(), topology_);
    add_only_option(option(), topology_);
    add_workers_option(option(), topology_, "worker processes (else the topology's)");
    option()                                                                                       //
        ("json", po::bool_switch(&json_), "as one line of JSON")                                   //
        ("dot", po::bool_switch(&dot_), "as a graph for Graphviz: gale plan F --dot | dot -Tsvg")  //
        ("mermaid", po::bool_switch(&mermaid_), "as a Mermaid flowchart, for Markdown");
  }
  [[nodiscard]] About about() const override {
    return {.name = "plan",
            .summary = "prints what a topology becomes: tasks, streams, workers, memory",
            .text =
                "Prints what a topology becomes: components with their tasks and where these run, streams with\n"
                "their groupings, and for each worker its threads and what its memory is bounded by. Runs nothing.",
            .operands = {.word = "topology file", .mark = "FILE"},
            .status_2 = "bad usage or topology"};
  }
  int run(const std::vector<std::string>& files) override {
    if (json_ + dot_ + mermaid_ > 1) {
      complain("--json, --dot and --mermaid are three forms of one plan: one at a time");
      return kUsage;
    }
    topology_.file = files.front();
    host::PluginSearch search = search_for(topology_);
    const plan::PlanOutcome outcome = load(topology_, search);
    if (!outcome) {
      std::fputs(plan::report(outcome, topology_.file).c_str(), stderr);
      return kUsage;
    }
    std::fputs(form(*outcome.plan).c_str(), stdout);
    return kOk;
  }

 private:
  [[nodiscard]] std::string form(const plan::Plan& plan) const {
    if (json_) return plan_json(plan);
    if (dot_) return plan_dot(plan);
    if (mermaid_) return plan_mermaid(plan);
    return plan.name + ": " + std::to_string(plan.tasks.size()) + " tasks, " + std::to_string(plan.edges.size()) +
           " streams, " + std::to_string(plan.workers) + " workers\n\n" + components(plan) + "\n" + streams(plan) +
           cycles(plan) + hooks(plan) + "\n" + workers(plan) +
           "\ninboxes, cycles, outboxes, ledgers, replay, kept: what they hold when everything is full\n";
  }

  TopologyArguments topology_;
  bool json_ = false, dot_ = false, mermaid_ = false;
};

}  // namespace

std::unique_ptr<Command> plan_command() { return std::make_unique<PlanCommand>(); }

}  // namespace gale::cli
