// SPDX-License-Identifier: Apache-2.0
//
// What a component says of itself for one configuration and its inputs, and what it is told of its task: the two maps
// that cross the boundary. The kit's own; no state.
#pragma once

#include "gale/abi.h"
#include "gale/codec/read.hpp"
#include "gale/codec/write.hpp"
#include "gale/testkit/failure.hpp"
#include "gale/testkit/options.hpp"
#include "gale/value.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::testkit::detail {

inline std::string owned(gale_str s) { return {s.data, s.size}; }

/// Room for the text that a call brings back.
class TextRoom {
 public:
  gale_text* table() noexcept { return &text_; }
  [[nodiscard]] std::string text() const { return {room_, std::min(text_.size, text_.capacity)}; }

 private:
  char room_[1024];  // longer texts are cut, as the engine does
  gale_text text_{room_, sizeof room_, 0};
};

struct DeclaredStream {
  std::string name;
  std::vector<std::string> fields;
  bool direct = false;
};

struct Description {
  std::vector<std::string> keys, required, reads;
  std::vector<DeclaredStream> streams;  // by number
  std::uint32_t tick_ms = 0;            // 0: no ticks

  /// The number of a stream, or streams.size().
  [[nodiscard]] std::size_t find(std::string_view name) const {
    const auto it = std::find_if(streams.begin(), streams.end(), [&](const auto& s) { return s.name == name; });
    return static_cast<std::size_t>(it - streams.begin());
  }
};

inline std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

inline std::vector<std::string> names_of(const Value* list) {
  std::vector<std::string> all;
  if (list == nullptr) return all;
  for (const Value& one : list->get<Value::Array>()) all.push_back(one.get<std::string>());
  return all;
}

inline const Value& member(const Value& map, const char* key) {
  const Value* const found = map.find(key);
  if (found == nullptr) throw TestFailure(std::string("it lacks ") + key);
  return *found;
}

inline Description decode_description(std::string_view bytes) try {
  Value map;
  codec::Cursor cursor(bytes);
  if (codec::Unpack<Value>::read(cursor, map) != codec::Read::kOk || !map.is<Value::Map>())
    throw TestFailure("it is no msgpack map");
  Description d;
  if (const Value* keys = map.find("keys")) {
    for (const Value& key : keys->get<Value::Array>()) {
      d.keys.push_back(member(key, "name").get<std::string>());
      const Value* required = key.find("required");
      if (required != nullptr && required->get<bool>()) d.required.push_back(d.keys.back());
    }
  }
  if (const Value* streams = map.find("streams")) {
    for (const Value& one : streams->get<Value::Array>()) {
      const Value* direct = one.find("direct");
      d.streams.push_back({member(one, "name").get<std::string>(), names_of(one.find("fields")),
                           direct != nullptr && direct->get<bool>()});
    }
  }
  d.reads = names_of(map.find("reads"));
  if (const Value* tick = map.find("tick_ms")) d.tick_ms = static_cast<std::uint32_t>(tick->get<std::int64_t>());
  return d;
} catch (const std::exception& wrong) {
  throw TestFailure(std::string("the component describes itself in a map of another shape: ") + wrong.what());
}

/// What the component says of itself alone.
inline Description describe(const gale_component& component, const std::string& who) {
  std::string map;
  TextRoom text;
  const auto write = [](void* into, gale_str bytes) {
    static_cast<std::string*>(into)->assign(bytes.data, bytes.size);
  };
  if (component.describe(&map, write, text.table()) != GALE_OK) throw Refused(who, text.text());
  return decode_description(map);
}

/// ... and for a task with this information; keys are told by describe() alone.
inline Description describe_for(const gale_component& component, const std::string& who, const std::string& info,
                                const Description& alone) {
  constexpr std::size_t kKnowsIt = offsetof(gale_component, describe_for) + sizeof component.describe_for;
  if (component.size < kKnowsIt || component.describe_for == nullptr) return alone;
  std::string map;
  TextRoom text;
  const auto write = [](void* into, gale_str bytes) {
    static_cast<std::string*>(into)->assign(bytes.data, bytes.size);
  };
  if (component.describe_for({info.data(), info.size()}, &map, write, text.table()) != GALE_OK)
    throw Refused(who, text.text());
  Description d = decode_description(map);
  d.keys = alone.keys;
  d.required = alone.required;
  return d;
}

/// Keys that there are not, and those that must be there, as the engine checks them.
inline void check_keys(const Description& d, const Value::Map& config, const std::string& who) {
  for (const auto& [key, value] : config) {
    if (std::find(d.keys.begin(), d.keys.end(), key) == d.keys.end())
      throw Refused(who, "there is no key '" + key + "'; there are: " + (d.keys.empty() ? "none" : joined(d.keys)));
  }
  for (const std::string& key : d.required) {
    if (config.find(key) == config.end()) throw Refused(who, "key '" + key + "' is required");
  }
}

/// gale_task.info of a task with these options.
inline std::string task_info(const Options& o) {
  Value::Array inputs, outputs;
  for (const Source& one : o.inputs) {
    inputs.push_back(Value::Map{{"component", Value(one.component)},
                                {"stream", Value(one.stream)},
                                {"fields", Value(Value::Array(one.fields.begin(), one.fields.end()))}});
  }
  for (const Reader& one : o.readers) {
    outputs.push_back(Value::Map{{"stream", Value(one.stream)},
                                 {"component", Value(one.component)},
                                 {"first_task", Value(one.first_task)},
                                 {"tasks", Value(one.tasks)}});
  }
  return codec::packed(Value(Value::Map{{"topology", Value(o.topology)},
                                        {"component", Value(o.component)},
                                        {"task", Value(o.task)},
                                        {"index", Value(o.index)},
                                        {"tasks", Value(o.tasks)},
                                        {"config", Value(o.config)},
                                        {"inputs", Value(std::move(inputs))},
                                        {"outputs", Value(std::move(outputs))}}));
}

}  // namespace gale::testkit::detail
