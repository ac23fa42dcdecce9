// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/plugin_markdown.hpp"

namespace gale::cli {
namespace {

std::string text_of(const Json& text) { return text.get<std::string>(); }

/// What stands in a cell of a table: on one line, its bars no borders.
std::string cell(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '|') safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

std::string list_of(const Json& names) {
  std::string all;
  for (const Json& name : names) all += (all.empty() ? "`" : ", `") + text_of(name) + "`";
  return all;
}

std::string stream_of(const Json& stream) {
  const std::string fields =
      stream["fields"].empty() ? "the fields that the topology gives it" : list_of(stream["fields"]);
  return "- emits " + fields + (stream["name"] == "default" ? "" : " on `" + text_of(stream["name"]) + "`") +
         (stream["direct"].get<bool>() ? ", direct" : "") + "\n";
}

std::string keys_of(const Json& keys) {
  std::string text = "\n| key | type | default | |\n|---|---|---|---|\n";
  for (const Json& key : keys) {
    const std::string standard = key["required"].get<bool>() ? "required" : "`" + line_of(key["default"]) + "`";
    text += "| `" + text_of(key["name"]) + "` | " + text_of(key["type"]) + " | " + cell(standard) + " | " +
            cell(text_of(key["doc"])) + " |\n";
  }
  return text;
}

}  // namespace

std::string markdown_of(const Json& plugin) {
  std::string text;
  for (const Json& c : plugin["components"]) {
    text += (text.empty() ? "" : "\n") + ("## " + text_of(plugin["name"])) + "." + text_of(c["name"]) + "\n\nA " +
            text_of(c["kind"]) + ". " + text_of(c["doc"]) + "\n";
    std::string more;
    for (const Json& stream : c["streams"]) more += stream_of(stream);
    if (!c["reads"].empty()) more += "- reads " + list_of(c["reads"]) + "\n";
    if (c["tick_ms"] != 0) more += "- ticks every " + std::to_string(c["tick_ms"].get<int>()) + " ms\n";
    text += (more.empty() ? "" : "\n") + more + (c["keys"].empty() ? "" : keys_of(c["keys"]));
  }
  return text;
}

}  // namespace gale::cli
