// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/cycles.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

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

std::vector<std::size_t> find_groups(std::size_t components, std::span<const Edge> edges) {
  std::vector<std::vector<std::size_t>> out(components), in(components);
  for (const Edge& e : edges) {
    out[e.from.value].push_back(e.to.value);
    in[e.to.value].push_back(e.from.value);
  }
  std::vector<std::size_t> left;  // components in the order in which the first walk leaves them
  std::vector<bool> seen(components);
  for (std::size_t start = 0; start < components; ++start) {
    if (seen[start]) continue;
    seen[start] = true;
    std::vector<std::pair<std::size_t, std::size_t>> way = {{start, 0}};  // and which of its edges is next
    while (!way.empty()) {
      auto& [at, next] = way.back();
      if (next == out[at].size()) {
        left.push_back(at);
        way.pop_back();
      } else if (const std::size_t to = out[at][next++]; !seen[to]) {
        seen[to] = true;
        way.emplace_back(to, 0);
      }
    }
  }
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> group(components, kNone);
  for (auto root = left.rbegin(); root != left.rend(); ++root) {
    if (group[*root] != kNone) continue;
    group[*root] = *root;
    std::vector<std::size_t> open = {*root};
    while (!open.empty()) {
      const std::size_t at = open.back();
      open.pop_back();
      for (const std::size_t from : in[at]) {
        if (group[from] != kNone) continue;
        group[from] = *root;
        open.push_back(from);
      }
    }
  }
  return group;
}

std::vector<bool> reached_from(const Plan& plan, std::span<const ComponentId> from) {
  std::vector<bool> reached(plan.components.size());
  std::vector<ComponentId> open(from.begin(), from.end());
  for (const ComponentId id : from) reached[id.value] = true;
  while (!open.empty()) {
    const Component& at = plan.component(open.back());
    open.pop_back();
    for (const Stream& stream : at.streams) {
      for (const std::size_t edge : stream.edges) {
        const ComponentId to = plan.edges[edge].to;
        if (reached[to.value]) continue;
        reached[to.value] = true;
        open.push_back(to);
      }
    }
  }
  return reached;
}

void mark_feedback(Plan& plan) {
  const std::vector<Cycle> cycles = find_cycles(plan.components.size(), plan.edges);
  for (const Cycle& cycle : cycles) plan.edges[cycle.back()].feedback = true;
  if (cycles.empty()) return;
  const std::vector<std::size_t> group = find_groups(plan.components.size(), plan.edges);
  std::set<std::pair<std::uint16_t, std::uint16_t>> told;  // by streams, or already
  for (const Edge& e : plan.edges) told.emplace(e.from.value, e.to.value);
  for (const Edge& e : plan.edges) {
    const std::size_t entered = group[e.to.value];
    if (group[e.from.value] == entered) continue;
    for (std::uint16_t c = 0; c < plan.components.size(); ++c) {
      if (group[c] == entered && told.emplace(e.from.value, c).second) plan.ends.push_back({e.from, ComponentId(c)});
    }
  }
}

}  // namespace gale::plan
