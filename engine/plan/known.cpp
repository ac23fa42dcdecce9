// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/known.hpp"

#include "engine/plan/components.hpp"
#include "engine/plan/configured.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

namespace gale::plan {
namespace {

class Knower {
 public:
  Knower(const Topology& topology, Catalog& catalog)
      : topology_(topology),
        catalog_(catalog),
        faults_(topology.faults),
        components_(topology, catalog, {}, plan_, faults_) {}

  std::vector<KnownComponent> run() {
    std::vector<KnownComponent> all;
    for (std::size_t i = 0; i < plan_.components.size(); ++i) {
      const Vertex& vertex = topology_.vertices[i];
      const bool asked = components_.descriptions()[i] != nullptr && !has_bad_properties(vertex, faults_);
      all.push_back({vertex.id.value, vertex.class_name.value, vertex.kind, plan_.components[i].streams, asked});
    }
    doubt_what_follows(all);
    return all;
  }

 private:
  /// A component that is not sure of an input is not sure itself, unless no input changes what it emits.
  void doubt_what_follows(std::vector<KnownComponent>& all) {
    std::map<std::string_view, std::size_t> index;
    for (std::size_t i = 0; i < all.size(); ++i) index.emplace(all[i].id, i);
    std::vector<bool> fixed(all.size());  // it was asked, and is
    for (bool changed = true; changed;) {
      changed = false;
      for (const Subscription& s : topology_.streams) {
        const auto from = index.find(s.from.value), to = index.find(s.to.value);
        if (to == index.end() || !all[to->second].sure || fixed[to->second]) continue;
        if (s.from.value == kDeadLetters || (from != index.end() && all[from->second].sure)) continue;
        if (is_fixed(to->second)) {
          fixed[to->second] = true;
        } else {
          all[to->second].sure = false;
          changed = true;
        }
      }
    }
  }

  /// With an input that nobody has it says the same.
  bool is_fixed(std::size_t i) {
    const Component& component = plan_.components[i];
    host::TaskInfo info;
    info.topology = plan_.name;
    info.component = component.id;
    info.tasks = component.tasks;
    info.config = component.config;
    info.inputs = {{"__nobody", "default", {"__nothing"}}};
    const Result<std::optional<host::ComponentDescription>> asked =
        catalog_.describe(component.plugin, component.type, info);
    if (!asked) return false;
    return !*asked || same_streams((*asked)->streams, components_.descriptions()[i]->streams);
  }
  static bool same_streams(const std::vector<host::StreamDescription>& a,
                           const std::vector<host::StreamDescription>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return x.name == y.name && x.fields == y.fields; });
  }

  const Topology& topology_;
  Catalog& catalog_;
  Faults faults_;
  Plan plan_;
  Components components_;
};

}  // namespace

std::vector<KnownComponent> known_components(const Topology& topology, Catalog& catalog) {
  return Knower(topology, catalog).run();
}

}  // namespace gale::plan
