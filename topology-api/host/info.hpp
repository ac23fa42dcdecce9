// SPDX-License-Identifier: Apache-2.0
//
// What a host tells a task of itself: gale_task.info. A msgpack map, so it grows without a change of the ABI.
#pragma once

#include "gale/value.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gale::host {

struct InputInfo {
  std::string component, stream;
  std::vector<std::string> fields;
};

/// A stream of the task's own, for hooks.
using StreamInfo = InputInfo;

/// A component that reads a direct stream of the task's.
struct OutputInfo {
  std::string stream, component;
  std::uint32_t first_task = 0, tasks = 0;
};

struct TaskInfo {
  std::string topology, component;
  std::uint32_t task = 0;         // within the topology
  std::uint32_t index = 0;        // within the component
  std::uint32_t tasks = 1;        // of the component
  Value::Map config;              // the keys that the topology sets
  std::vector<InputInfo> inputs;  // by input number
  std::vector<OutputInfo> outputs = {};
  std::uint32_t worker = 0, workers = 0;  // its number, from 1, and how many there are; 0 where nothing runs
  std::vector<StreamInfo> streams = {};   // by stream number
};

std::string task_info(const TaskInfo& info);

}  // namespace gale::host
