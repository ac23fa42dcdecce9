// SPDX-License-Identifier: Apache-2.0
//
// One misspelt name is one fault: what hangs on it is passed over in silence.
#include "engine/plan/subscriptions.hpp"

#include "engine/base/hint.hpp"
#include "engine/plan/cycles.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace gale::plan {
namespace {

class Connector {
 public:
  Connector(const Topology& topology, const std::vector<const host::ComponentDescription*>& descriptions, Plan& plan,
            Faults& faults, const Customs& customs)
      : topology_(topology),
        descriptions_(descriptions),
        plan_(plan),
        faults_(faults),
        customs_(customs),
        reached_(plan.components.size()) {
    for (std::size_t i = 0; i < plan.components.size(); ++i) {
      const std::string& id = plan.components[i].id;
      if (id.empty() || !index_.emplace(id, i).second) continue;
      (plan.components[i].kind == host::ComponentKind::kBolt ? bolts_ : spouts_).push_back(id);
    }
  }

  void run() {
    for (const Subscription& subscription : topology_.streams) add(subscription);
    check_connected();
    mark_feedback(plan_);
    if (faults_.empty()) check_fed();  // what is missing may be what feeds them
  }

 private:
  void add(const Subscription& subscription) {
    const auto to = find_to(subscription.to);
    if (subscription.from.value == kDeadLetters) {
      Subscription of_spout = subscription;
      of_spout.stream.value = kDeadLetters;
      for (std::size_t i = 0; to && i < plan_.components.size(); ++i) {
        if (plan_.components[i].kind == host::ComponentKind::kSpout) add(subscription, of_spout, i, *to);
      }
      return;
    }
    const auto from = find_from(subscription.from);
    if (from && to) add(subscription, subscription, *from, *to);
  }

  /// `written` is what the file says, `subscription` what it means for one source.
  void add(const Subscription& written, const Subscription& subscription, std::size_t from, std::size_t to) {
    if (descriptions_[from] == nullptr) return;
    const auto stream = find_stream(plan_.components[from], subscription);
    if (!stream) return;
    if (!seen_.emplace(from, *stream, to).second) {
      faults_.push_back({subscription.at, "'" + subscription.to.value + "' reads stream '" + subscription.stream.value +
                                              "' of '" + subscription.from.value +
                                              "' already; it would get each tuple twice"});
      return;
    }
    Edge edge;
    edge.from = ComponentId(static_cast<std::uint16_t>(from));
    edge.to = ComponentId(static_cast<std::uint16_t>(to));
    edge.stream = static_cast<std::uint16_t>(*stream);
    edge.grouping = subscription.grouping.value_or(Grouping::kShuffle);
    const Stream& read = plan_.components[from].streams[*stream];
    if (by_key(edge.grouping)) edge.key = key_of(subscription, read);
    check_direct(subscription, read);
    check_reads(subscription, read, subscription.to.value, descriptions_[to]);
    if (const auto custom = customs_.find(&written); custom != customs_.end()) {
      edge.custom = custom->second.custom;
      check_reads(subscription, read, subscription.custom->id.value, custom->second.description);
    }
    link(std::move(edge));
  }

  void link(Edge edge) {
    Component& from = plan_.components[edge.from.value];
    Component& to = plan_.components[edge.to.value];
    edge.input = static_cast<std::uint16_t>(to.inputs.size());
    to.inputs.push_back(plan_.edges.size());
    from.streams[edge.stream].edges.push_back(plan_.edges.size());
    plan_.edges.push_back(std::move(edge));
  }

  std::optional<std::size_t> find_from(const Text& id) {
    if (id.value.empty()) return std::nullopt;
    if (const auto found = index_.find(id.value); found != index_.end()) return found->second;
    Names all = spouts_;
    all.push_back(kDeadLetters);
    all.insert(all.end(), bolts_.begin(), bolts_.end());
    faults_.push_back({id.at, "no spout or bolt has the id '" + id.value + "'" + suggest(id.value, all)});
    return std::nullopt;
  }

  std::optional<std::size_t> find_to(const Text& id) {
    if (id.value.empty()) return std::nullopt;
    const auto found = index_.find(id.value);
    if (found == index_.end()) {
      faults_.push_back({id.at, "no bolt has the id '" + id.value + "'" + suggest(id.value, bolts_)});
      if (const auto meant = index_.find(nearest(id.value, bolts_)); meant != index_.end())
        reached_[meant->second] = true;
      return std::nullopt;
    }
    if (plan_.components[found->second].kind != host::ComponentKind::kBolt) {
      faults_.push_back({id.at, "'" + id.value + "' is a spout; a stream leads to a bolt"});
      return std::nullopt;
    }
    reached_[found->second] = true;
    return found->second;
  }

  std::optional<std::size_t> find_stream(const Component& from, const Subscription& subscription) {
    Names names;
    for (std::size_t i = 0; i < from.streams.size(); ++i) {
      if (from.streams[i].name == subscription.stream.value) return i;
      names.push_back(from.streams[i].name);
    }
    faults_.push_back({subscription.stream.at, "'" + from.id + "' has no stream '" + subscription.stream.value + "'" +
                                                   suggest(subscription.stream.value, names)});
    return std::nullopt;
  }

  std::vector<std::uint16_t> key_of(const Subscription& subscription, const Stream& stream) {
    std::vector<std::uint16_t> key;
    for (const Text& field : subscription.args) {
      if (field.value.empty()) continue;
      const auto found = std::find(stream.fields.begin(), stream.fields.end(), field.value);
      const auto position = static_cast<std::uint16_t>(found - stream.fields.begin());
      if (found == stream.fields.end()) {
        faults_.push_back({field.at, no_field(subscription, field.value, stream)});
      } else if (std::find(key.begin(), key.end(), position) != key.end()) {
        faults_.push_back({field.at, "field '" + field.value + "' stands in args a second time"});
      } else {
        key.push_back(position);
      }
    }
    return key;
  }

  void check_direct(const Subscription& subscription, const Stream& stream) {
    if (!subscription.grouping || (subscription.grouping == Grouping::kDirect) == stream.direct) return;
    const std::string name = "stream '" + stream.name + "' of '" + subscription.from.value + "' is ";
    faults_.push_back({subscription.at, name + (stream.direct ? "a direct one, its emitter names the task; read it by "
                                                                "grouping: {type: DIRECT}"
                                                              : "no direct stream; DIRECT reads those alone")});
  }

  void check_reads(const Subscription& subscription, const Stream& stream, const std::string& name,
                   const host::ComponentDescription* reader) {
    if (reader == nullptr) return;
    for (const std::string& field : reader->reads) {
      if (std::find(stream.fields.begin(), stream.fields.end(), field) != stream.fields.end()) continue;
      faults_.push_back({subscription.at,
                         "'" + name + "' reads the field '" + field + "': " + no_field(subscription, field, stream)});
    }
  }

  static std::string no_field(const Subscription& subscription, std::string_view field, const Stream& stream) {
    return "stream '" + stream.name + "' of '" + subscription.from.value + "' has no field '" + std::string(field) +
           "'" + suggest(field, Names(stream.fields.begin(), stream.fields.end()));
  }

  void check_connected() {
    for (const Subscription& subscription : topology_.streams) {
      if (subscription.to.value.empty()) return;  // told; it may be the missing one
    }
    for (std::size_t i = 0; i < topology_.vertices.size(); ++i) {
      const Vertex& vertex = topology_.vertices[i];
      const auto named = index_.find(vertex.id.value);
      const bool hidden = named == index_.end() || named->second != i;  // without an id, or with another's
      if (vertex.kind != host::ComponentKind::kBolt || reached_[i] || hidden) continue;
      faults_.push_back({vertex.at, "bolt '" + vertex.id.value +
                                        "' is unconnected: no stream leads to it; add one to streams, or remove it"});
    }
  }

  /// Bolts may feed each other round a cycle that no spout feeds.
  void check_fed() {
    std::vector<ComponentId> spouts;
    for (std::size_t i = 0; i < plan_.components.size(); ++i) {
      if (plan_.components[i].kind == host::ComponentKind::kSpout)
        spouts.push_back(ComponentId(static_cast<std::uint16_t>(i)));
    }
    const std::vector<bool> fed = reached_from(plan_, spouts);
    for (std::size_t i = 0; i < topology_.vertices.size(); ++i) {
      if (fed[i]) continue;
      const Vertex& vertex = topology_.vertices[i];
      faults_.push_back({vertex.at, "bolt '" + vertex.id.value +
                                        "' gets nothing: no way leads to it from a spout; add a stream, or remove it"});
    }
  }

  const Topology& topology_;
  const std::vector<const host::ComponentDescription*>& descriptions_;
  Plan& plan_;
  Faults& faults_;
  const Customs& customs_;
  std::vector<bool> reached_;  // by component: a stream leads to it, or was meant to
  std::map<std::string, std::size_t, std::less<>> index_;
  Names spouts_, bolts_;
  std::set<std::tuple<std::size_t, std::size_t, std::size_t>> seen_;
};

}  // namespace

void connect(const Topology& topology, const std::vector<const host::ComponentDescription*>& descriptions,
             const Customs& customs, Plan& plan, Faults& faults) {
  Connector(topology, descriptions, plan, faults, customs).run();
}

}  // namespace gale::plan
