// SPDX-License-Identifier: Apache-2.0
#include "supervisor/trial/resolve.hpp"

#include "engine/base/hint.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace gale::trial {
namespace {

class Resolver {
 public:
  Resolver(const plan::TopologyTest& test, const plan::Plan& plan, bool ids_only, Faults& faults)
      : test_(test), plan_(plan), ids_only_(ids_only), faults_(faults) {}

  std::optional<ResolvedTest> run() {
    const std::size_t before = faults_.size();
    if (test_.component.value.empty()) {
      resolve_whole();
    } else {
      resolve_alone();
    }
    if (faults_.size() != before) return std::nullopt;
    return std::move(out_);
  }

 private:
  void fault(Position at, std::string text) { faults_.push_back({at, std::move(text)}); }

  [[nodiscard]] std::optional<std::size_t> find(std::string_view id) const {
    for (std::size_t i = 0; i < plan_.components.size(); ++i) {
      if (plan_.components[i].id == id) return i;
    }
    return std::nullopt;
  }
  [[nodiscard]] Names ids(std::optional<host::ComponentKind> kind) const {
    Names names;
    for (const plan::Component& c : plan_.components) {
      if (!kind || c.kind == *kind) names.push_back(c.id);
    }
    return names;
  }

  std::optional<std::uint16_t> find_stream(std::size_t component, const plan::Text& stream) {
    if (ids_only_) return std::nullopt;
    const plan::Component& c = plan_.components[component];
    Names names;
    for (std::size_t i = 0; i < c.streams.size(); ++i) {
      if (c.streams[i].name == stream.value) return static_cast<std::uint16_t>(i);
      names.push_back(c.streams[i].name);
    }
    fault(stream.at, "'" + c.id + "' has no stream '" + stream.value + "'" + suggest(stream.value, names));
    return std::nullopt;
  }

  /// The values by position; by name, what is not named is nothing.
  std::vector<std::optional<Value>> row_of(const plan::TestTuple& tuple, const std::vector<std::string>& fields,
                                           const std::string& of) {
    std::vector<std::optional<Value>> row(fields.size());
    if (!tuple.by_name) {
      if (tuple.values.size() != fields.size()) {
        fault(tuple.at, "a tuple of " + of + " has " + std::to_string(fields.size()) + " values (" +
                            list_of(Names(fields.begin(), fields.end())) + "), this one has " +
                            std::to_string(tuple.values.size()));
      } else {
        std::copy(tuple.values.begin(), tuple.values.end(), row.begin());
      }
      return row;
    }
    for (std::size_t i = 0; i < tuple.names.size(); ++i) {
      const auto& [name, at] = tuple.names[i];
      const auto it = std::find(fields.begin(), fields.end(), name);
      if (it == fields.end()) {
        fault(at, of + " has no field '" + name + "'" + suggest(name, Names(fields.begin(), fields.end())));
      } else {
        row[static_cast<std::size_t>(it - fields.begin())] = tuple.values[i];
      }
    }
    return row;
  }
  Value::Array input_row(const plan::TestTuple& tuple, const std::vector<std::string>& fields, const std::string& of) {
    Value::Array values;
    const std::size_t before = faults_.size();
    std::vector<std::optional<Value>> row = row_of(tuple, fields, of);
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!row[i] && faults_.size() == before) fault(tuple.at, "this tuple lacks field '" + fields[i] + "' of " + of);
      values.push_back(row[i].value_or(Value()));
    }
    return values;
  }

  void expect(std::size_t component, std::uint16_t stream, const plan::TestExpectation& expectation, Position at) {
    const plan::Stream& s = plan_.components[component].streams[stream];
    for (const WantedStream& other : out_.wanted) {
      if (other.component == component && other.stream == stream)
        return fault(at, stream_name(plan_, component, stream) + " stands in expect a second time");
    }
    WantedStream wanted{component, stream, at, {}};
    for (const plan::TestTuple& tuple : expectation.tuples)
      wanted.rows.push_back({tuple.at, row_of(tuple, s.fields, stream_name(plan_, component, stream))});
    out_.wanted.push_back(std::move(wanted));
  }

  // --- one component

  void resolve_alone() {
    const auto component = find(test_.component.value);
    if (!component || plan_.components[*component].kind != host::ComponentKind::kBolt) {
      const Names bolts = ids(host::ComponentKind::kBolt);
      return fault(test_.component.at, (component ? "'" + test_.component.value +
                                                        "' is no bolt; a spout's place is "
                                                        "taken by inputs: {" +
                                                        test_.component.value + ": [...]}"
                                                  : "no bolt has the id '" + test_.component.value + "'" +
                                                        suggest(test_.component.value, bolts)));
    }
    out_.alone = component;
    for (const plan::TestInput& input : test_.inputs) add_step(input);
    for (const plan::TestExpectation& expectation : test_.expect) {
      if (const auto stream = find_stream(*component, expectation.stream))
        expect(*component, *stream, expectation, expectation.stream.at);
    }
  }
  void add_step(const plan::TestInput& input) {
    if (ids_only_) return;
    if (input.advance) {
      out_.steps.push_back({0, 0, {}, input.advance});
      return;
    }
    const plan::Component& c = plan_.components[*out_.alone];
    std::optional<std::size_t> number;
    std::size_t found = 0;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < c.inputs.size(); ++i) {
      const plan::Edge& edge = plan_.edges[c.inputs[i]];
      const plan::Component& from = plan_.component(edge.from);
      const std::string& stream = from.streams[edge.stream].name;
      names.push_back(from.id + "/" + stream);
      if (!input.from.value.empty() && (from.id != input.from.value || stream != input.stream.value)) continue;
      number = i;
      ++found;
    }
    const Names all(names.begin(), names.end());
    if (found == 0) {
      const std::string asked = input.from.value + "/" + input.stream.value;
      return fault(input.from.value.empty() ? input.at : input.from.at,
                   "'" + c.id + "' reads no " + asked + suggest(asked, all));
    }
    if (found > 1) {
      return fault(input.at, "'" + c.id + "' reads " + list_of(all) +
                                 ": say which one it is by {from: component, stream: name, tuple: [...]}");
    }
    const plan::Edge& edge = plan_.edges[c.inputs[*number]];
    const plan::Stream& stream = plan_.component(edge.from).streams[edge.stream];
    out_.steps.push_back({*number, 0, input_row(input.tuple, stream.fields, names[*number]), {}});
  }

  // --- the whole

  void resolve_whole() {
    for (const plan::Text& spout : test_.replaced) {
      const auto component = find(spout.value);
      if (!component || plan_.components[*component].kind != host::ComponentKind::kSpout) {
        fault(spout.at, component ? "'" + spout.value +
                                        "' is no spout; to give tuples to a bolt alone, write "
                                        "'component: " +
                                        spout.value + "' and a list of inputs"
                                  : "no spout has the id '" + spout.value + "'" +
                                        suggest(spout.value, ids(host::ComponentKind::kSpout)));
      } else {
        out_.replaced.push_back(*component);
      }
    }
    for (const plan::TestInput& input : test_.inputs) {
      const auto component = find(input.from.value);
      if (!component || plan_.components[*component].kind != host::ComponentKind::kSpout) continue;  // told above
      const auto stream = find_stream(*component, input.stream);
      if (!stream) continue;
      const plan::Stream& s = plan_.components[*component].streams[*stream];
      if (s.direct) {
        fault(input.at, "stream '" + s.name + "' is direct: a test cannot take its emitter's place");
        continue;
      }
      out_.steps.push_back(
          {*component, *stream, input_row(input.tuple, s.fields, stream_name(plan_, *component, *stream)), {}});
    }
    for (const plan::TestExpectation& expectation : test_.expect) expect_by_name(expectation);
    if (!test_.fails.empty() && test_.replaced.empty())
      fault(test_.fails.front().at, "fails are told of tuples that stand in inputs; put some in a spout's place");
  }
  /// "component", or "component.stream"; both may have dots.
  void expect_by_name(const plan::TestExpectation& expectation) {
    const std::string& name = expectation.component.value;
    const Position at = expectation.component.at;
    std::optional<std::size_t> component = find(name);
    plan::Text stream{"default", at};
    for (std::size_t dot = name.find('.'); !component && dot != std::string::npos; dot = name.find('.', dot + 1)) {
      component = find(name.substr(0, dot));
      stream.value = name.substr(dot + 1);
    }
    if (!component)
      return fault(at, "no component has the id '" + name.substr(0, name.find('.')) + "'" +
                           suggest(name.substr(0, name.find('.')), ids({})));
    const auto number = find_stream(*component, stream);
    if (!number) return;
    if (plan_.components[*component].streams[*number].direct)
      return fault(at, "stream '" + stream.value + "' is direct: a test of the component alone can look at it");
    expect(*component, *number, expectation, at);
  }

  const plan::TopologyTest& test_;
  const plan::Plan& plan_;
  const bool ids_only_;  // nothing is known of streams
  Faults& faults_;
  ResolvedTest out_;
};

}  // namespace

std::optional<ResolvedTest> resolve(const plan::TopologyTest& test, const plan::Plan& plan, Faults& faults) {
  return Resolver(test, plan, false, faults).run();
}

void check_ids(const plan::TopologyTest& test, const plan::Topology& topology, Faults& faults) {
  plan::Plan ids;
  for (const plan::Vertex& vertex : topology.vertices) {
    plan::Component& c = ids.components.emplace_back();
    c.id = vertex.id.value;
    c.kind = vertex.kind;
  }
  (void)Resolver(test, ids, true, faults).run();
}

std::string stream_name(const plan::Plan& plan, std::size_t component, std::uint16_t stream) {
  const plan::Component& c = plan.components[component];
  const std::string& name = c.streams[stream].name;
  return name == "default" ? c.id : c.id + "." + name;
}

}  // namespace gale::trial
