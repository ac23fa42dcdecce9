// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/only.hpp"

#include "engine/base/hint.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <utility>

namespace gale::plan {
namespace {

using Ids = std::set<std::string, std::less<>>;

void add_spouts(const Topology& topology, Ids& ids) {
  for (const Vertex& vertex : topology.vertices) {
    if (vertex.kind == host::ComponentKind::kSpout) ids.insert(vertex.id.value);
  }
}

/// Its components that are left behind; a name that no component has stays, to be told.
void drop_from(HookEntry& hook, const Names& all, const Ids& kept) {
  if (!hook.components) return;
  std::erase_if(*hook.components, [&](const Text& id) {
    return std::find(all.begin(), all.end(), id.value) != all.end() && !kept.contains(id.value);
  });
}

}  // namespace

Result<Topology> only(Topology topology, const std::vector<std::string>& ids) {
  Names all;
  for (const Vertex& vertex : topology.vertices) all.push_back(vertex.id.value);
  Ids kept;
  for (const std::string& id : ids) {
    if (std::find(all.begin(), all.end(), id) == all.end())
      return Failed{"--only: no component has the id '" + id + "'" + suggest(id, all)};
    kept.insert(id);
  }
  for (std::size_t before = 0; before != kept.size();) {
    before = kept.size();
    for (const Subscription& stream : topology.streams) {
      if (!kept.contains(stream.to.value)) continue;
      stream.from.value == kDeadLetters ? add_spouts(topology, kept) : void(kept.insert(stream.from.value));
    }
  }
  for (HookEntry& hook : topology.hooks) drop_from(hook, all, kept);
  std::erase_if(topology.hooks, [](const HookEntry& h) { return h.components && h.components->empty(); });
  std::erase_if(topology.vertices, [&](const Vertex& v) { return !kept.contains(v.id.value); });
  std::erase_if(topology.streams, [&](const Subscription& s) { return !kept.contains(s.to.value); });
  return topology;
}

}  // namespace gale::plan
