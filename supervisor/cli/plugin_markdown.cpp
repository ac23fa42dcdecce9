// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/plugin_markdown.hpp"

#include <string_view>

namespace gale::cli {
namespace {

std::string text_of(const Json& text) { return text.get<std::string>(); }

/// On one line, with a backslash before each of `special`.
std::string escaped(const std::string& text, std::string_view special) {
  std::string safe;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) safe += '\\';
    safe += c == '\n' ? ' ' : c;
  }
  return safe;
}

/// What people wrote, in a cell of a table or not: nothing in it is markup.
std::string words(const Json& text) { return escaped(text_of(text), R"(|\*<)"); }

/// A value, in a cell: within backquotes a bar alone is none.
std::string code(const Json& value) { return "`" + escaped(line_of(value), "|") + "`"; }

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
    text += "| `" + text_of(key["name"]) + "` | " + text_of(key["type"]) + " | " +
            (key["required"].get<bool>() ? "required" : code(key["default"])) + " | " + words(key["doc"]) + " |\n";
  }
  return text;
}

}  // namespace

std::string markdown_of(const Json& plugin) {
  std::string text;
  for (const Json& c : plugin["components"]) {
    text += (text.empty() ? "" : "\n") + ("## " + text_of(plugin["name"])) + "." + text_of(c["name"]) + "\n\nA " +
            text_of(c["kind"]) + ". " + words(c["doc"]) + "\n";
    std::string more;
    for (const Json& stream : c["streams"]) more += stream_of(stream);
    if (!c["reads"].empty()) more += "- reads " + list_of(c["reads"]) + "\n";
    if (c["tick_ms"] != 0) more += "- ticks every " + std::to_string(c["tick_ms"].get<int>()) + " ms\n";
    text += (more.empty() ? "" : "\n") + more + (c["keys"].empty() ? "" : keys_of(c["keys"]));
  }
  return text;
}

}  // namespace gale::cli
