// SPDX-License-Identifier: Apache-2.0
//
// A path for each task of a component: {task} becomes the task's number.
#pragma once

#include <gale/context.hpp>
#include <gale/error.hpp>

#include <string>
#include <string_view>

namespace gale::stock::file {

/// Throws when several tasks would share one file.
inline std::string task_path(std::string_view key, std::string path, const Context& context) {
  static constexpr std::string_view kTask = "{task}";
  if (path.empty()) throw Error("key '" + std::string(key) + "' names no file");
  std::size_t at = path.find(kTask);
  if (at == std::string::npos && context.tasks() > 1)
    throw Error("key '" + std::string(key) + "' names one file, but there are " + std::to_string(context.tasks()) +
                " tasks; put {task} into it, or set parallelism to 1");
  const std::string number = std::to_string(context.index());
  for (; at != std::string::npos; at = path.find(kTask, at + number.size())) path.replace(at, kTask.size(), number);
  return path;
}

}  // namespace gale::stock::file
