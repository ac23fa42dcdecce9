// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/cycles.hpp"

#include <algorithm>

namespace gale::plan {
namespace {

/// Walks depth first, with a stack of its own: a file may chain thousands of bolts.
class Walk {
 public:
  Walk(std::size_t components, std::span<const Edge> edges) : edges_(edges), out_(components), state_(components) {
    for (std::size_t i = 0; i < edges.size(); ++i) out_[edges[i].from.value].push_back(i);
  }

  std::vector<Cycle> run() {
    for (std::size_t start = 0; start < out_.size(); ++start) {
      if (state_[start] == State::kNew) from(start);
    }
    return std::move(cycles_);
  }

 private:
  enum class State { kNew, kOnTheWay, kDone };
  struct Step {
    std::size_t component;
    std::size_t next = 0;  // into out_ of the component
  };

  void from(std::size_t start) {
    enter(start);
    while (!way_.empty()) {
      Step& step = way_.back();
      if (step.next == out_[step.component].size()) {
        state_[step.component] = State::kDone;
        way_.pop_back();
        continue;
      }
      const std::size_t edge = out_[step.component][step.next++];
      const std::size_t to = edges_[edge].to.value;
      if (state_[to] == State::kNew) {
        enter(to);
      } else if (state_[to] == State::kOnTheWay) {
        report(to, edge);
      }
    }
  }

  void enter(std::size_t component) {
    state_[component] = State::kOnTheWay;
    way_.push_back({component});
  }

  /// `edge` leads from the end of the way back to `to`, which is on it.
  void report(std::size_t to, std::size_t edge) {
    const auto first = std::find_if(way_.begin(), way_.end(), [&](const Step& s) { return s.component == to; });
    Cycle cycle;
    for (auto step = first; step + 1 != way_.end(); ++step) cycle.push_back(out_[step->component][step->next - 1]);
    cycle.push_back(edge);
    cycles_.push_back(std::move(cycle));
  }

  std::span<const Edge> edges_;
  std::vector<std::vector<std::size_t>> out_;
  std::vector<State> state_;
  std::vector<Step> way_;
  std::vector<Cycle> cycles_;
};

}  // namespace

std::vector<Cycle> find_cycles(std::size_t components, std::span<const Edge> edges) {
  return Walk(components, edges).run();
}

std::vector<bool> reached_from(const Plan& plan, std::span<const ComponentId> from, bool by_feedback) {
  std::vector<bool> reached(plan.components.size());
  std::vector<ComponentId> open(from.begin(), from.end());
  for (const ComponentId id : from) reached[id.value] = true;
  while (!open.empty()) {
    const Component& at = plan.component(open.back());
    open.pop_back();
    for (const Stream& stream : at.streams) {
      for (const std::size_t edge : stream.edges) {
        const Edge& e = plan.edges[edge];
        if (reached[e.to.value] || (e.feedback && !by_feedback)) continue;
        reached[e.to.value] = true;
        open.push_back(e.to);
      }
    }
  }
  return reached;
}

void mark_feedback(Plan& plan) {
  const std::vector<Cycle> cycles = find_cycles(plan.components.size(), plan.edges);
  for (const Cycle& cycle : cycles) plan.edges[cycle.back()].feedback = true;
  if (cycles.empty()) return;
  for (std::size_t i = 0; i < plan.components.size(); ++i) {
    if (plan.components[i].kind != host::ComponentKind::kSpout) continue;
    const ComponentId spout(static_cast<std::uint16_t>(i));
    const std::vector<bool> all = reached_from(plan, {&spout, 1}, true),
                            forward = reached_from(plan, {&spout, 1}, false);
    for (std::size_t c = 0; c < all.size(); ++c) {
      if (all[c] && !forward[c]) plan.components[c].late_roots = true;
    }
  }
}

}  // namespace gale::plan
