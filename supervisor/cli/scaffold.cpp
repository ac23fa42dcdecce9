// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/scaffold.hpp"

#include "supervisor/cli/scaffold_templates.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace gale::cli {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

/// The path in the project of a template's: ".in" goes, and two have names that tools would take for the tree's own.
std::string project_path(std::string_view path) {
  path.remove_suffix(std::string_view(".in").size());
  if (path == "gitignore") return ".gitignore";
  if (path == "ci.yml") return ".github/workflows/ci.yml";
  return std::string(path);
}

std::string put_in(std::string_view line, const Values& values) {
  std::string out;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t open = line.find("{{", at);
    const std::size_t close = open == std::string_view::npos ? open : line.find("}}", open);
    const auto value =
        close == std::string_view::npos ? values.end() : values.find(line.substr(open + 2, close - open - 2));
    if (value == values.end()) {  // somebody else's braces: {{n, 1}} and ${{ ... }}
      const std::size_t end = open == std::string_view::npos ? line.size() : open + 2;
      out += line.substr(at, end - at);
      at = end;
      continue;
    }
    out += line.substr(at, open - at);
    out += value->second;
    at = close + 2;
  }
  return out;
}

/// "{{#spout}}" on its own: which part begins ('#', '^') or ends ('/') there. False: the line is text.
bool is_mark(std::string_view line, char& kind, std::string_view& part) {
  if (line.size() < 6 || !line.starts_with("{{") || !line.ends_with("}}")) return false;
  kind = line[2];
  part = line.substr(3, line.size() - 5);
  return kind == '#' || kind == '^' || kind == '/';
}

std::string rendered(std::string_view text, const Values& values, const std::map<std::string_view, bool>& parts) {
  std::string out;
  bool takes = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end);
    char kind = 0;
    std::string_view part;
    if (!is_mark(line.substr(0, line.size() - 1), kind, part)) {
      if (takes) out += put_in(line, values);
    } else {
      takes = kind == '/' || parts.at(part) == (kind == '#');
    }
  }
  return out;
}

}  // namespace

std::string plugin_name_fault(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto fine = [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  if (name.empty()) return "the name is empty";
  if (name.find('/') != std::string_view::npos)
    return "'" + std::string(name) + "' is a path; go to the folder where it should be and give its name alone";
  if (!lower(name.front()) || !std::all_of(name.begin(), name.end(), fine) || name.size() > 40)
    return "'" + std::string(name) +
           "' cannot be a plugin's name: it begins with a letter and has small letters, digits, - and _, 40 at most";
  return {};
}

std::vector<ScaffoldFile> scaffold(const Scaffold& wanted) {
  // A name of its own: `time`, `int` and `linux` mean something already.
  Values values = {{"name", wanted.name}, {"namespace", wanted.name + "_plugin"}};
  std::replace(values["namespace"].begin(), values["namespace"].end(), '-', '_');
  values["classes"] = std::string(wanted.spout ? "Numbers" : "") + (wanted.spout && wanted.bolt ? ", " : "") +
                      (wanted.bolt ? "Threshold" : "");
  values["plugins"] = wanted.name + (wanted.spout ? "" : ", rate") + ", print";
  const std::map<std::string_view, bool> parts = {{"spout", wanted.spout}, {"bolt", wanted.bolt}};
  std::vector<ScaffoldFile> files;
  for (const ScaffoldTemplate& t : kScaffoldTemplates) {
    const std::string_view path = t.path;
    if (!wanted.spout && path.find("numbers") != std::string_view::npos) continue;
    if (!wanted.bolt && path.find("threshold") != std::string_view::npos) continue;
    files.push_back({project_path(path), rendered(t.text, values, parts)});
  }
  return files;
}

}  // namespace gale::cli
