// SPDX-License-Identifier: Apache-2.0
//
// PluginSearch: finds the plugin that a topology names and opens it once a process. Any thread.
#pragma once

#include "topology-api/host/plugin.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace gale::host {

class PluginSearch {
 public:
  explicit PluginSearch(std::vector<std::filesystem::path> dirs) : dirs_(std::move(dirs)) {}

  /// Where a command looks: the directories given to it, those of GALE_PLUGINS (separated by colons), plugins and
  /// build/plugins beside the topology file (none: an empty path), then those of the installation: ../plugins and
  /// ../lib/gale/plugins from the folder of the program, or of the shared library that this code is in.
  static std::vector<std::filesystem::path> standard_dirs(std::vector<std::filesystem::path> given,
                                                          const std::filesystem::path& topology_file = {});

  /// NAME.so in the first directory that has it. A refusal is remembered as well.
  Opened find(std::string_view name);

  /// The file that find() would open, without opening it; empty, and why.
  [[nodiscard]] std::filesystem::path locate(std::string_view name, std::string& why) const;

  /// From now on find() gives this one for its own name, whatever the directories have.
  void provide(std::shared_ptr<const Plugin> plugin);

  [[nodiscard]] const std::vector<std::filesystem::path>& dirs() const noexcept { return dirs_; }

 private:
  Opened look(std::string_view name) const;

  std::vector<std::filesystem::path> dirs_;
  std::mutex mutex_;
  std::map<std::string, Opened, std::less<>> opened_;  // by name
};

}  // namespace gale::host
