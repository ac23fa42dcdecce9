// SPDX-License-Identifier: Apache-2.0
//
// Runtime: what the SDK knows of one task: the host's table, its inputs and streams by number, its job queue.
// The SDK's own; made before user code is opened, constant afterwards but for the queue.
#pragma once

#include "gale/abi.h"
#include "gale/codec/read.hpp"
#include "gale/input.hpp"
#include "gale/mailbox.hpp"
#include "gale/value.hpp"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::detail {

inline constexpr std::uint16_t kNoStream = 0xffff;

/// Of a stream's arity: an emit to it names its task.
inline constexpr std::uint16_t kDirect = 0x8000;

/// A component that reads one of the task's direct streams.
struct Output {
  std::string stream, component;
  std::uint32_t first_task = 0, tasks = 0;
};

struct Runtime {
  const gale_task* task = nullptr;
  std::string topology, component;
  std::uint32_t index = 0, tasks = 1, id = 0, worker = 0, workers = 0;
  Value::Map config;
  std::vector<Input> inputs;  // by number
  std::vector<Output> outputs;
  std::vector<std::string> stream_names;  // by number, as describe() declares them
  std::vector<std::uint16_t> arity;       // by stream number; with kDirect added: one look of a plain emit tells both
  std::vector<Input> streams;             // for task hooks: those of the task, by number
  std::uint16_t default_stream = kNoStream;
  std::uint32_t tick_ms = 0;
  bool asking = false;  // nobody runs it: what it would declare is wanted, for these inputs
  std::shared_ptr<JobQueue> queue = std::make_shared<JobQueue>();  // outlives the task in Mailboxes and KeptTuples

  void read_info();
};

inline const Value& need(const Value& map, const char* key) {
  const Value* v = map.find(key);
  if (v == nullptr) throw std::runtime_error(std::string("the host's task information lacks '") + key + "'");
  return *v;
}

inline std::vector<Input> read_inputs(const Value& list) {
  std::vector<Input> all;
  for (const Value& one : list.get<Value::Array>()) {
    Input& input = all.emplace_back();
    input.number = static_cast<std::uint32_t>(all.size() - 1);
    input.component = need(one, "component").get<std::string>();
    input.stream = need(one, "stream").get<std::string>();
    for (const Value& field : need(one, "fields").get<Value::Array>()) input.fields.push_back(field.get<std::string>());
  }
  return all;
}

inline void Runtime::read_info() {
  Value info;
  codec::Cursor cursor(std::string_view(task->info.data, task->info.size));
  if (codec::Unpack<Value>::read(cursor, info) != codec::Read::kOk)
    throw std::runtime_error("malformed task information");
  topology = need(info, "topology").get<std::string>();
  component = need(info, "component").get<std::string>();
  id = static_cast<std::uint32_t>(need(info, "task").get<std::int64_t>());
  index = static_cast<std::uint32_t>(need(info, "index").get<std::int64_t>());
  tasks = static_cast<std::uint32_t>(need(info, "tasks").get<std::int64_t>());
  config = need(info, "config").get<Value::Map>();
  inputs = read_inputs(need(info, "inputs"));
  if (const Value* own = info.find("streams")) streams = read_inputs(*own);  // since 1.4, as the two below
  if (const Value* number = info.find("worker")) worker = static_cast<std::uint32_t>(number->get<std::int64_t>());
  if (const Value* number = info.find("workers")) workers = static_cast<std::uint32_t>(number->get<std::int64_t>());
  const Value* out = info.find("outputs");  // since 1.2
  if (out == nullptr) return;
  for (const Value& one : out->get<Value::Array>()) {
    outputs.push_back({need(one, "stream").get<std::string>(), need(one, "component").get<std::string>(),
                       static_cast<std::uint32_t>(need(one, "first_task").get<std::int64_t>()),
                       static_cast<std::uint32_t>(need(one, "tasks").get<std::int64_t>())});
  }
}

/// Puts a text into the caller's room, cut where the room ends.
inline void put_text(gale_text* text, std::string_view s) noexcept {
  if (text == nullptr) return;
  const std::size_t n = s.size() < text->capacity ? s.size() : text->capacity;
  for (std::size_t i = 0; i < n; ++i) text->data[i] = s[i];
  text->size = static_cast<std::uint32_t>(n);
}

}  // namespace gale::detail
