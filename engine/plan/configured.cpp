// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/configured.hpp"

#include "engine/plan/settings_table.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gale::plan {
namespace {

class Asker {
 public:
  Asker(const Topology& topology, Catalog& catalog, Plan& plan,
        std::vector<const host::ComponentDescription*>& descriptions,
        std::deque<host::ComponentDescription>& configured, Faults& faults)
      : topology_(topology),
        catalog_(catalog),
        plan_(plan),
        descriptions_(descriptions),
        configured_(configured),
        faults_(faults),
        state_(plan.components.size(), State::kNew) {
    for (std::size_t i = 0; i < plan.components.size(); ++i) index_.emplace(plan.components[i].id, i);
    for (const Subscription& s : topology.streams) {
      into_[s.to.value].push_back(&s);
      dead_letters_ = dead_letters_ || s.from.value == kDeadLetters;
    }
  }

  void run() {
    for (std::size_t i = 0; i < plan_.components.size(); ++i) visit(i);
  }

 private:
  enum class State { kNew, kRunning, kDone };

  /// After all that it reads. With a stack of its own: a file may chain as many components as it likes.
  void visit(std::size_t start) {
    std::vector<std::pair<std::size_t, std::size_t>> open;  // a component, and how many of its inputs were visited
    enter(start, open);
    while (!open.empty()) {
      const std::size_t component = open.back().first;
      const auto inputs = into_.find(plan_.components[component].id);
      if (inputs != into_.end() && open.back().second < inputs->second.size()) {
        const auto from = index_.find(inputs->second[open.back().second++]->from.value);
        if (from != index_.end()) enter(from->second, open);
        continue;
      }
      ask(component);
      state_[component] = State::kDone;
      open.pop_back();
    }
  }
  void enter(std::size_t component, std::vector<std::pair<std::size_t, std::size_t>>& open) {
    if (state_[component] != State::kNew) return;
    state_[component] = State::kRunning;
    open.emplace_back(component, 0);
  }

  void ask(std::size_t i) {
    const host::ComponentDescription* alone = descriptions_[i];
    if (alone == nullptr) return;
    Component& component = plan_.components[i];
    if (has_bad_properties(topology_.vertices[i], faults_)) {
      if (!is_fixed(*alone)) descriptions_[i] = nullptr;  // its streams hang on what is wrong: nothing more is told
      take_streams(component, *alone);
      return;
    }
    if (Result<std::optional<host::ComponentDescription>> asked =
            catalog_.describe(component.plugin, component.type, task_info(i));
        !asked) {
      faults_.push_back({topology_.vertices[i].at, "'" + component.id + "': " + asked.error()});
      descriptions_[i] = nullptr;
    } else if (*asked) {
      descriptions_[i] = &configured_.emplace_back(std::move(**asked));
      if (descriptions_[i]->tick_ms != alone->tick_ms) take_tick(i, descriptions_[i]->tick_ms);
    }
    take_streams(component, descriptions_[i] == nullptr ? *alone : *descriptions_[i]);
  }

  static bool is_fixed(const host::ComponentDescription& d) {
    return std::none_of(d.streams.begin(), d.streams.end(), [](const auto& s) { return s.fields.empty(); });
  }

  void take_streams(Component& component, const host::ComponentDescription& description) const {
    for (const host::StreamDescription& s : description.streams)
      component.streams.push_back({s.name, s.fields, {}, s.direct});
    if (component.kind == host::ComponentKind::kSpout && dead_letters_)
      component.streams.push_back({std::string(kDeadLetters), dead_letter_fields(), {}, false});
  }
  /// The file's own word on ticks stays the last.
  void take_tick(std::size_t i, std::uint32_t tick_ms) {
    const Vertex& vertex = topology_.vertices[i];
    Settings copy = plan_.components[i].settings;
    Faults told;
    apply_settings(vertex.config, vertex.kind == host::ComponentKind::kSpout ? kInSpout : kInBolt, copy, tick_ms, told);
    plan_.components[i].tick_ms = tick_ms;
  }

  host::TaskInfo task_info(std::size_t i) {
    const Component& component = plan_.components[i];
    host::TaskInfo info;
    info.topology = plan_.name;
    info.component = component.id;
    info.tasks = component.tasks;
    info.config = component.config;
    for (const Subscription* s : into_[component.id]) {
      if (s->from.value == kDeadLetters) {
        for (const Component& spout : plan_.components) {
          if (spout.kind == host::ComponentKind::kSpout)
            info.inputs.push_back({spout.id, std::string(kDeadLetters), dead_letter_fields()});
        }
        continue;
      }
      const auto from = index_.find(s->from.value);
      if (from == index_.end() || state_[from->second] != State::kDone) continue;
      for (const Stream& stream : plan_.components[from->second].streams) {
        if (stream.name == s->stream.value && descriptions_[from->second] != nullptr)
          info.inputs.push_back({s->from.value, stream.name, stream.fields});
      }
    }
    return info;
  }

  const Topology& topology_;
  Catalog& catalog_;
  Plan& plan_;
  std::vector<const host::ComponentDescription*>& descriptions_;
  std::deque<host::ComponentDescription>& configured_;
  Faults& faults_;
  std::vector<State> state_;
  bool dead_letters_ = false;  // somebody reads them
  std::map<std::string, std::size_t, std::less<>> index_;
  std::map<std::string, std::vector<const Subscription*>, std::less<>> into_;  // by reader
};

}  // namespace

bool has_bad_properties(const Vertex& vertex, const Faults& faults) {
  const auto is_at = [&](Position at) {
    return std::any_of(faults.begin(), faults.end(), [&](const Fault& fault) { return fault.at == at; });
  };
  return is_at(vertex.at) || std::any_of(vertex.properties.begin(), vertex.properties.end(),
                                         [&](const auto& p) { return is_at(p.value.at) || is_at(p.key_at); });
}

void describe_configured(const Topology& topology, Catalog& catalog, Plan& plan,
                         std::vector<const host::ComponentDescription*>& descriptions,
                         std::deque<host::ComponentDescription>& configured, Faults& faults) {
  Asker(topology, catalog, plan, descriptions, configured, faults).run();
}

}  // namespace gale::plan
