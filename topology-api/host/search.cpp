// SPDX-License-Identifier: Apache-2.0
#include "topology-api/host/search.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <utility>

namespace gale::host {

namespace fs = std::filesystem;
namespace {

/// What this code was installed in: a shared library, when a program of somebody else has it by one; else the program.
/// Empty when that cannot be known.
fs::path installed_file() {
  Dl_info self{};
  std::error_code failed;
  if (::dladdr(reinterpret_cast<const void*>(&installed_file), &self) != 0 && self.dli_fname != nullptr) {
    const fs::path file = fs::absolute(self.dli_fname, failed);
    if (!failed && file.filename().string().find(".so") != std::string::npos) return file;
  }
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  return failed ? fs::path() : program;
}

}  // namespace

std::vector<fs::path> PluginSearch::standard_dirs(std::vector<fs::path> dirs, const fs::path& topology_file) {
  if (const char* list = std::getenv("GALE_PLUGINS")) {
    std::string_view rest(list);
    while (!rest.empty()) {
      const std::size_t colon = rest.find(':');
      if (colon != 0) dirs.emplace_back(rest.substr(0, colon));
      rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    }
  }
  if (!topology_file.empty()) {
    for (const char* beside : {"plugins", "build/plugins"}) dirs.push_back(topology_file.parent_path() / beside);
  }
  if (const fs::path file = installed_file(); !file.empty()) {
    for (const char* installed : {"../plugins", "../lib/gale/plugins"})
      dirs.push_back((file.parent_path() / installed).lexically_normal());
  }
  return dirs;
}

Opened PluginSearch::find(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto known = opened_.find(name);
  if (known != opened_.end()) return known->second;
  return opened_.emplace(std::string(name), look(name)).first->second;
}

void PluginSearch::provide(std::shared_ptr<const Plugin> plugin) {
  const std::lock_guard lock(mutex_);
  const std::string name = plugin->description().name;
  opened_.insert_or_assign(name, Opened{std::move(plugin), {}});
}

fs::path PluginSearch::locate(std::string_view name, std::string& why) const {
  const std::string said = "plugin '" + std::string(name) + "'";
  if (name.empty() || name.find('/') != std::string_view::npos) {
    why = said + ": a plugin is named, not given by its path; say in which directory it is with --plugins";
    return {};
  }
  std::string places;
  for (const fs::path& dir : dirs_) {
    const fs::path file = dir / (std::string(name) + ".so");
    std::error_code failed;
    if (fs::exists(fs::symlink_status(file, failed))) return file;
    places += (places.empty() ? "" : ", ") + dir.string();
  }
  why = places.empty() ? said + " not found: there is no directory to look in; give one with --plugins"
                       : said + " not found in: " + places + " (looked for " + std::string(name) +
                             ".so; more directories: --plugins DIR or GALE_PLUGINS)";
  return {};
}

Opened PluginSearch::look(std::string_view name) const {
  std::string why;
  const fs::path file = locate(name, why);
  return file.empty() ? Opened{nullptr, why} : Plugin::open(file);
}

}  // namespace gale::host
