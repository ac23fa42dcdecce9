// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/config_file.hpp"

#include "engine/base/hint.hpp"
#include "engine/base/yaml.hpp"
#include "supervisor/cli/option_table.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

namespace gale::cli {
namespace {

std::string standard_file() {
  if (const char* given = std::getenv("GALE_CONFIG"); given != nullptr && *given != '\0') return given;
  const char* xdg = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  std::vector<std::filesystem::path> places;
  if (xdg != nullptr && *xdg == '/') places.emplace_back(std::filesystem::path(xdg) / "gale/gale.yaml");
  if (home != nullptr && *home == '/') places.emplace_back(std::filesystem::path(home) / ".config/gale/gale.yaml");
  places.emplace_back("/etc/gale/gale.yaml");
  std::error_code ignored;
  for (const auto& place : places) {
    if (std::filesystem::exists(place, ignored)) return place.string();
  }
  return {};
}

}  // namespace

std::vector<ConfigKey> config_keys() {
  std::map<std::string, std::vector<ConfigKey>> groups;
  for (const auto& command : all_commands()) {
    const char* const group = command->about().group;
    if (group == nullptr) continue;
    std::vector<ConfigKey> keys;
    for (const OptionRow& row : option_table(*command)) {
      if (row.name != "help" && row.name != kConfigOption)
        keys.push_back({std::string(group) + "." + row.name, row.value, row.explain});
    }
    const auto [known, first] = groups.emplace(group, keys);
    if (first) continue;
    std::erase_if(known->second, [&](const ConfigKey& key) {
      return std::none_of(keys.begin(), keys.end(), [&](const ConfigKey& k) { return k.name == key.name; });
    });
  }
  std::vector<ConfigKey> all;
  for (auto& [group, keys] : groups) all.insert(all.end(), keys.begin(), keys.end());
  return all;
}

Result<std::vector<std::pair<std::string, std::string>>> read_config(const std::string& given,
                                                                     const std::string& group) {
  std::vector<std::pair<std::string, std::string>> values;
  const std::string file = given.empty() ? standard_file() : given;
  if (file.empty()) return values;
  std::ifstream in(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in.good() && !in.eof()) return Failed{file + ": cannot be read"};
  if (!in.is_open()) return Failed{file + ": cannot be read"};
  const yaml::Document document = yaml::parse(text);
  const auto fault = [&](Position at, const std::string& what) { return Failed{render({at, what}, file)}; };
  if (!document.faults.empty()) return Failed{render(document.faults.front(), file)};
  if (document.root.is_null()) return values;
  if (document.root.kind != yaml::Kind::kMap) return fault(document.root.at, "wants GROUP.OPTION: value, a line each");
  const std::vector<ConfigKey> keys = config_keys();
  Names names;
  for (const ConfigKey& key : keys) names.push_back(key.name);
  for (const yaml::Entry& entry : document.root.entries) {
    if (std::find(names.begin(), names.end(), entry.key) == names.end())
      return fault(entry.key_at, "unknown key '" + entry.key + "'" + suggest(entry.key, names));
    if (entry.value.kind != yaml::Kind::kScalar || entry.value.is_null())
      return fault(entry.value.at, entry.key + " wants one value");
    if (entry.key.starts_with(group + ".")) values.emplace_back(entry.key.substr(group.size() + 1), entry.value.text);
  }
  return values;
}

}  // namespace gale::cli
