// SPDX-License-Identifier: Apache-2.0
//
// Plugin: a shared library that was checked, opened and described. The file is read first (elf_check.hpp), so a
// refusal runs none of its code; then dlopen, whose constructors run: a plugin is trusted code. Never unloaded: its
// functions may stand on any stack. Immutable, so any thread may use it.
#pragma once

#include "gale/abi.h"
#include "topology-api/host/description.hpp"
#include "topology-api/host/info.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gale::host {

class Plugin;

struct Opened {
  std::shared_ptr<const Plugin> plugin;  // shared by all that run its components; null when refused
  std::string error;                     // what is wrong, of which file, what to do

  explicit operator bool() const noexcept { return plugin != nullptr; }
};

struct Described {
  ComponentDescription description;
  std::string error;  // what the component says against its configuration

  explicit operator bool() const noexcept { return error.empty(); }
};

class Plugin {
 public:
  static Opened open(const std::filesystem::path& file);
  /// One that is part of this program: it has no file. `table` must outlive the process's tasks.
  static Opened of(const gale_plugin& table);

  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }
  [[nodiscard]] const PluginDescription& description() const noexcept { return description_; }
  /// What a component says of itself when it has this configuration and these inputs: the streams, reads and ticks may
  /// depend on them. The plain description when the plugin is older than that question; an error when the component
  /// refuses the configuration.
  [[nodiscard]] Described describe(std::string_view component, const TaskInfo& task) const;
  /// Null when it has no such component.
  [[nodiscard]] const gale_component* find(std::string_view component) const noexcept;

 private:
  Plugin() = default;
  std::string take(const gale_plugin& table, const gale_note& note);
  std::string take(const gale_component* table);
  std::string load(const gale_note& note);

  std::filesystem::path file_;
  PluginDescription description_;
  std::vector<const gale_component*> components_;  // beside description_.components
};

}  // namespace gale::host
