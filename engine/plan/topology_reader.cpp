// SPDX-License-Identifier: Apache-2.0
//
// From a YAML tree to a Topology, in the words of Storm's Flux. Knows the file's shape alone: whether what it names
// exists is make_plan()'s to say.
#include "engine/base/hint.hpp"
#include "engine/plan/grammar.hpp"
#include "engine/plan/topology.hpp"
#include "engine/plan/tree_reader.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace gale::plan {
namespace {

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

class TopologyReader {
 public:
  explicit TopologyReader(Topology& topology) : topology_(topology), tree_(topology.faults) {}

  void read(const yaml::Node& root) {
    if (!tree_.check_map(root, "a topology", topology_keys())) return;
    topology_.whole = true;
    topology_.name = tree_.text_at(root, "name");
    check_name();
    read_plugins(root);
    for (const yaml::Entry& entry : tree_.entries(root, "config")) topology_.config.push_back(entry);
    for (const yaml::Node& spout : tree_.list(root, "spouts")) read_vertex(spout, host::ComponentKind::kSpout);
    for (const yaml::Node& bolt : tree_.list(root, "bolts")) read_vertex(bolt, host::ComponentKind::kBolt);
    for (const yaml::Node& stream : tree_.list(root, "streams")) read_stream(stream);
    for (const yaml::Node& hook : tree_.list(root, "hooks")) read_hook(hook);
  }

 private:
  void check_name() {
    const std::string& name = topology_.name.value;
    if (name.find_first_of(kNotInNames) != std::string::npos || name.size() > kMostNameBytes) {
      tree_.fault(topology_.name.at, "the name of a topology has at most 100 characters, without / . : \\ or spaces");
    }
  }

  void read_plugins(const yaml::Node& root) {
    std::set<std::string> seen;
    for (const yaml::Node& item : tree_.list(root, "plugins")) {
      Text plugin = tree_.text(item, "plugins");
      if (plugin.value.empty()) continue;
      if (!seen.insert(plugin.value).second) {
        tree_.fault(plugin.at, "plugin '" + plugin.value + "' stands here a second time");
      } else {
        topology_.plugins.push_back(std::move(plugin));
      }
    }
  }

  void read_vertex(const yaml::Node& node, host::ComponentKind kind) {
    if (!tree_.check_map(node, kind == host::ComponentKind::kSpout ? "a spout" : "a bolt", vertex_keys())) return;
    Vertex vertex;
    vertex.kind = kind;
    vertex.at = node.at;
    vertex.id = tree_.text_at(node, "id");
    vertex.class_name = tree_.text_at(node, "className");
    if (const auto arguments = tree_.list(node, "constructorArgs"); !arguments.empty()) {
      vertex.constructor_args = node.find("constructorArgs")->at;
    }
    read_properties(node, vertex);
    vertex.parallelism = tree_.count_at(node, "parallelism", kMostTasks).value_or(1);
    vertex.num_tasks = tree_.count_at(node, "numTasks", kMostTasks);
    vertex.pinned = read_pinned(node);
    for (const yaml::Entry& entry : tree_.entries(node, "config")) vertex.config.push_back(entry);
    check_id(vertex.id);
    topology_.vertices.push_back(std::move(vertex));
  }

  bool read_pinned(const yaml::Node& node) {
    const Text threading = tree_.text_at(node, "threading");
    if (threading.value.empty() || threading.value == "pooled") return false;
    if (threading.value != "pinned")
      tree_.fault(threading.at, "threading is pooled, the default, or pinned: a thread for each task");
    return true;
  }

  void check_id(const Text& id) {
    if (id.value.empty()) return;
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             kAlsoInIds.find(c) != std::string_view::npos;
    };
    if (!std::all_of(id.value.begin(), id.value.end(), fits) || id.value.size() > kMostIdBytes) {
      tree_.fault(id.at, "an id has letters, digits, '_', '-' and '.', at most 64");
    }
    if (id.value.starts_with("__")) tree_.fault(id.at, "ids that begin with '__' are the engine's own");
    const auto [before, is_new] = ids_.emplace(id.value, id.at.line);
    if (!is_new) {
      tree_.fault(id.at, "id '" + id.value + "' is taken already, in line " + std::to_string(before->second));
    }
  }

  /// A plain map, or Flux's list of {name, value}.
  void read_properties(const yaml::Node& node, Vertex& vertex) {
    const yaml::Node* properties = node.find("properties");
    if (properties == nullptr || properties->kind != yaml::Kind::kSequence) {
      for (const yaml::Entry& entry : tree_.entries(node, "properties")) vertex.properties.push_back(entry);
      return;
    }
    std::set<std::string> seen;
    for (const yaml::Node& item : properties->items) {
      if (!tree_.check_map(item, "a property", property_keys())) continue;
      const Text name = tree_.text_at(item, "name");
      const yaml::Node* value = item.find("value");
      const bool refused = item.find("ref") != nullptr || item.find("reflist") != nullptr;
      if (value == nullptr && !refused) tree_.fault(item.at, "a property needs 'value'");
      if (value == nullptr || name.value.empty()) continue;
      if (!seen.insert(name.value).second) tree_.fault(name.at, "property '" + name.value + "' is set a second time");
      vertex.properties.push_back({name.value, name.at, *value});
    }
  }

  void read_stream(const yaml::Node& node) {
    if (!tree_.check_map(node, "a stream", stream_keys())) return;
    Subscription stream;
    stream.at = node.at;
    stream.from = tree_.text_at(node, "from");
    stream.to = tree_.text_at(node, "to");
    stream.stream = {"default", stream.from.at};
    const yaml::Node* grouping = node.find("grouping");
    if (grouping != nullptr && !grouping->is_null()) read_grouping(*grouping, stream);
    topology_.streams.push_back(std::move(stream));
  }

  void read_grouping(const yaml::Node& node, Subscription& stream) {
    if (!tree_.check_map(node, "a grouping", grouping_keys())) return;
    if (const Text id = tree_.text_at(node, "streamId"); !id.value.empty()) stream.stream = id;
    if (const Text type = tree_.text_at(node, "type"); !type.value.empty()) stream.grouping = grouping_named(type);
    for (const yaml::Node& item : tree_.list(node, "args")) stream.args.push_back(tree_.text(item, "args"));
    if (!stream.grouping) return;
    if (by_key(*stream.grouping) && stream.args.empty()) {
      tree_.fault(node.at, upper(node.find("type")->text) + " needs the fields to group by: args: [field, ...]");
    } else if (!by_key(*stream.grouping) && !stream.args.empty()) {
      tree_.fault(stream.args[0].at, "only FIELDS and PARTIAL_KEY take args");
    }
    read_custom(node, stream);
  }

  void read_custom(const yaml::Node& node, Subscription& stream) {
    const yaml::Node* custom = node.find("customClass");
    const bool wanted = stream.grouping == Grouping::kCustom;
    if (wanted && custom == nullptr) {
      tree_.fault(node.at, "CUSTOM needs customClass: {className: <plugin>.<Grouping>}");
    } else if (!wanted && custom != nullptr) {
      tree_.fault(custom->at, "only CUSTOM takes customClass");
    } else if (wanted && tree_.check_map(*custom, "a customClass", custom_keys())) {
      Vertex& grouping = stream.custom.emplace();
      grouping.kind = host::ComponentKind::kGrouping;
      grouping.at = custom->at;
      grouping.class_name = tree_.text_at(*custom, "className");
      grouping.id = grouping.class_name;
      read_properties(*custom, grouping);
    }
  }

  void read_hook(const yaml::Node& node) {
    if (!tree_.check_map(node, "a hook", hook_keys())) return;
    HookEntry hook;
    hook.vertex.kind = host::ComponentKind::kTaskHook;
    hook.vertex.at = node.at;
    hook.vertex.class_name = tree_.text_at(node, "className");
    hook.vertex.id = hook.vertex.class_name;
    read_properties(node, hook.vertex);
    if (const yaml::Node* components = node.find("components"); components != nullptr && !components->is_null()) {
      hook.components_at = components->at;
      read_hooked(node, hook.components.emplace());
      if (hook.components->empty() && components->kind != yaml::Kind::kScalar)
        tree_.fault(components->at, "'components' is empty; name some, or leave it out: then all are meant");
    }
    topology_.hooks.push_back(std::move(hook));
  }

  void read_hooked(const yaml::Node& node, std::vector<Text>& components) {
    std::set<std::string> seen;
    for (const yaml::Node& item : tree_.list(node, "components")) {
      Text id = tree_.text(item, "components");
      if (id.value.empty()) continue;
      if (!seen.insert(id.value).second) tree_.fault(id.at, "component '" + id.value + "' stands here a second time");
      components.push_back(std::move(id));
    }
  }

  std::optional<Grouping> grouping_named(const Text& type) {
    const std::string name = upper(type.value);
    Names names;
    for (const GroupingName& known : grouping_names()) {
      if (name == known.name) return known.grouping;
      names.push_back(known.name);
    }
    tree_.fault(type.at, "unknown grouping '" + type.value + "'" + suggest(name, names));
    return std::nullopt;
  }

  Topology& topology_;
  TreeReader tree_;
  std::map<std::string, std::uint32_t, std::less<>> ids_;  // with the line that took it
};

}  // namespace

Topology read_topology(std::string_view text, std::string file, const Sets& sets, const Environment& environment) {
  Topology topology;
  topology.file = std::move(file);
  yaml::Document document = yaml::parse(text);
  topology.faults = std::move(document.faults);
  if (!document.whole) return topology;
  if (document.root.is_null()) {
    topology.faults.push_back(
        {document.root.at, "the file is empty; a topology has name, plugins, spouts, bolts, streams"});
    return topology;
  }
  for (yaml::Entry& entry : document.root.entries) {
    if (entry.key == "tests") topology.tests = std::exchange(entry.value, yaml::Node());
  }
  Substitution substitution(sets, environment);
  substitution.apply(document.root, topology.faults);
  TopologyReader(topology).read(document.root);
  if (topology.whole) substitution.tell_unused(topology.faults);
  return topology;
}

}  // namespace gale::plan
