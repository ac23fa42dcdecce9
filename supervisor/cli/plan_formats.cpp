// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/plan_formats.hpp"

#include "engine/plan/cycles.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace gale::cli {
namespace {

using Json = nlohmann::ordered_json;

bool is_spout(const plan::Component& c) { return c.kind == host::ComponentKind::kSpout; }

Json json_of(const plan::Plan& plan, const plan::Component& c) {
  std::set<unsigned> workers;
  for (std::uint32_t i = 0; i < c.tasks; ++i) workers.insert(plan.tasks[c.first_task.value + i].worker.value + 1u);
  Json streams = Json::array();
  for (const plan::Stream& s : c.streams)
    streams.push_back({{"name", s.name}, {"fields", s.fields}, {"direct", s.direct}});
  return {{"id", c.id},        {"kind", name_of(c.kind)}, {"class", c.plugin + "." + c.type},
          {"tasks", c.tasks},  {"pinned", c.pinned},      {"workers", workers},
          {"streams", streams}};
}

Json json_of(const plan::Plan& plan, const plan::Edge& e) {
  const plan::Component& from = plan.component(e.from);
  Json fields = Json::array();
  for (const std::uint16_t position : e.key) fields.push_back(from.streams[e.stream].fields[position]);
  return {{"from", from.id},
          {"stream", from.streams[e.stream].name},
          {"to", plan.component(e.to).id},
          {"grouping", plan::name_of(e.grouping)},
          {"fields", fields},
          {"feedback", e.feedback}};
}

Json json_of(const plan::Plan& plan, const plan::Hook& hook) {
  Json components = Json::array();
  for (const ComponentId id : hook.components) components.push_back(plan.component(id).id);
  return {{"class", hook.plugin + "." + hook.type}, {"kind", name_of(hook.kind)}, {"components", components}};
}

/// "stream: grouping", without the name of the default stream.
std::string label(const plan::Plan& plan, const plan::Edge& e) {
  const std::string& stream = plan.component(e.from).streams[e.stream].name;
  return (stream == "default" ? "" : stream + ": ") + grouping_text(plan, e);
}

/// Within double quotes, for both languages.
std::string quoted(const std::string& text, const char* quote) {
  std::string out;
  for (const char c : text) out += c == '"' ? std::string(quote) : std::string(1, c);
  return "\"" + out + "\"";
}

std::string node_text(const plan::Component& c) {
  return c.id + " x" + std::to_string(c.tasks) + ", " + c.plugin + "." + c.type;
}

}  // namespace

std::string grouping_text(const plan::Plan& plan, const plan::Edge& edge) {
  const plan::Stream& stream = plan.component(edge.from).streams[edge.stream];
  std::string text(plan::name_of(edge.grouping));
  if (edge.grouping == plan::Grouping::kCustom) text += " " + edge.custom.plugin + "." + edge.custom.type;
  std::string fields;
  for (const std::uint16_t position : edge.key) fields += (fields.empty() ? "" : ", ") + stream.fields[position];
  if (!fields.empty()) text += " (" + fields + ")";
  return edge.feedback ? text + ", feedback" : text;
}

std::string plan_json(const plan::Plan& plan) {
  Json json = {{"name", plan.name}, {"workers", plan.workers}};
  json["components"] = Json::array();
  for (const plan::Component& c : plan.components) json["components"].push_back(json_of(plan, c));
  json["streams"] = Json::array();
  for (const plan::Edge& e : plan.edges) json["streams"].push_back(json_of(plan, e));
  json["cycles"] = Json::array();
  for (const plan::Cycle& cycle : plan::find_cycles(plan.components.size(), plan.edges)) {
    Json ids = Json::array();
    for (const std::size_t edge : cycle) ids.push_back(plan.component(plan.edges[edge].from).id);
    json["cycles"].push_back(std::move(ids));
  }
  json["hooks"] = Json::array();
  for (const plan::Hook& hook : plan.hooks) json["hooks"].push_back(json_of(plan, hook));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string plan_dot(const plan::Plan& plan) {
  std::string text = "digraph " + quoted(plan.name, "\\\"") + " {\n  rankdir=LR;\n";
  for (const plan::Component& c : plan.components) {
    text += "  " + quoted(c.id, "\\\"") + " [shape=" + (is_spout(c) ? "cds" : "box") +
            ", label=" + quoted(node_text(c), "\\\"") + "];\n";
  }
  for (const plan::Edge& e : plan.edges) {
    text += "  " + quoted(plan.component(e.from).id, "\\\"") + " -> " + quoted(plan.component(e.to).id, "\\\"") +
            " [label=" + quoted(label(plan, e), "\\\"") + (e.feedback ? ", style=dashed" : "") + "];\n";
  }
  return text + "}\n";
}

std::string plan_mermaid(const plan::Plan& plan) {
  std::string text = "flowchart LR\n";
  for (std::size_t i = 0; i < plan.components.size(); ++i) {
    const plan::Component& c = plan.components[i];
    const std::string name = quoted(node_text(c), "#quot;");
    text += "  c" + std::to_string(i) + (is_spout(c) ? "([" + name + "])" : "[" + name + "]") + "\n";
  }
  for (const plan::Edge& e : plan.edges) {
    text += "  c" + std::to_string(e.from.value) + (e.feedback ? " -.->|" : " -->|") +
            quoted(label(plan, e), "#quot;") + "| c" + std::to_string(e.to.value) + "\n";
  }
  return text;
}

}  // namespace gale::cli
