// SPDX-License-Identifier: Apache-2.0
//
// Describe: a component says what it is and binds its members in one pass, so that a key has one place and its default
// is the member's own initialiser. describe() runs on a fresh object, also without an engine (inspect, validate): no
// I/O. It runs in one of two modes: declaring (nothing but the declarations are collected) and binding (the members are
// set). Where a topology is checked it runs in both: bound to the configuration and the inputs of the file, so streams
// and fields may depend on keys declared before them, and it may throw Error at a configuration that cannot be.
#pragma once

#include "gale/codec/read.hpp"
#include "gale/codec/write.hpp"
#include "gale/collector.hpp"
#include "gale/fields.hpp"
#include "gale/runtime.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale {

struct KeyOptions {
  bool required = false;
};

class Describe {
 public:
  /// Declaring.
  Describe() = default;
  /// Binding to a task.
  explicit Describe(detail::Runtime& runtime) : runtime_(&runtime) {}
  Describe(const Describe&) = delete;
  Describe& operator=(const Describe&) = delete;

  /// One line: what the component does.
  void doc(std::string_view text) { doc_ = text; }

  /// The default stream and its fields.
  void emits(std::initializer_list<std::string_view> fields) { declare("default", fields); }
  void stream(std::string_view name, Stream& stream, std::initializer_list<std::string_view> fields) {
    stream.number_ = declare(name, fields);
  }
  /// A stream whose emitter names the task that gets a tuple: out.on(stream_).to(task).emit(...), with a task of
  /// context.targets(stream_). Read by grouping DIRECT.
  void direct_stream(std::string_view name, Stream& stream, std::initializer_list<std::string_view> fields) {
    stream.number_ = declare(name, fields, true);
  }
  void direct_stream(std::string_view name, Stream& stream, const std::vector<std::string>& fields) {
    stream.number_ = declare(name, fields, true);
  }
  /// The same with fields that a key or the inputs decide; without a configuration they are what the defaults give.
  void emits(const std::vector<std::string>& fields) { declare("default", fields); }
  void stream(std::string_view name, Stream& stream, const std::vector<std::string>& fields) {
    stream.number_ = declare(name, fields);
  }
  /// The fields that all inputs have, in their order, for a component that passes its input on; empty where no topology
  /// is. Throws Error when two inputs have different ones.
  [[nodiscard]] std::vector<std::string> input_fields() const {
    if (runtime_ == nullptr || runtime_->inputs.empty()) return {};
    const detail::Input& first = runtime_->inputs.front();
    for (const detail::Input& other : runtime_->inputs) {
      if (other.fields != first.fields)
        throw Error("its inputs " + first.name() + " (" + joined(first.fields) + ") and " + other.name() + " (" +
                    joined(other.fields) + ") differ in their fields, and it passes them on as they are");
    }
    return first.fields;
  }
  /// A topology is behind: keys have their values. False where the component alone is described.
  [[nodiscard]] bool bound() const noexcept { return runtime_ != nullptr; }

  /// A configuration key, set before open() when the topology has it. T: bool, integers, double, std::string,
  /// std::vector and std::map<std::string, ...> of those, Value.
  template <class T>
  void key(std::string_view name, T& member, std::string_view doc, KeyOptions options = {}) {
    static_assert(codec::Packable<T> && codec::Unpackable<T>,
                  "a key is bool, integer, double (not float), std::string, Value, or std::optional, std::vector, "
                  "std::map<std::string, ...> of those");
    if (runtime_ == nullptr) {
      keys_.push_back(Value::Map{{"name", Value(name)},
                                 {"type", Value(type_of<T>())},
                                 {"doc", Value(doc)},
                                 {"default", as_value(member)},
                                 {"required", Value(options.required)}});
      return;
    }
    const auto it = runtime_->config.find(name);
    if (it != runtime_->config.end()) bind(name, member, it->second);
  }

  /// Each input must have this field; the task does not start otherwise.
  template <class T>
  void reads(Field<T>& field, std::string_view name) {
    reads_.emplace_back(name);
    if (runtime_ == nullptr || runtime_->asking) return;
    for (const detail::Input& input : runtime_->inputs) field.positions_.push_back(position(input, name));
  }
  template <class T>
  void reads(Row<T>& row) {
    std::apply([&](const auto&... m) { (reads_.emplace_back(m.name), ...); },
               gale_members(static_cast<const T*>(nullptr)));
    if (runtime_ == nullptr || runtime_->asking) return;
    for (const detail::Input& input : runtime_->inputs) {
      auto& positions = row.positions_.emplace_back();
      std::apply([&](const auto&... m) { (positions.push_back(position(input, m.name)), ...); },
                 gale_members(static_cast<const T*>(nullptr)));
    }
  }

  /// tick() runs this often, in whole milliseconds; the topology may set another period.
  void tick_every(std::chrono::milliseconds period) {
    tick_ms_ = static_cast<std::uint32_t>(std::max<std::int64_t>(period.count(), 1));
  }

  /// For the SDK: what was declared, as the boundary wants it.
  [[nodiscard]] Value declared() const {
    return Value::Map{{"doc", Value(doc_)},
                      {"keys", Value(keys_)},
                      {"streams", Value(streams_)},
                      {"reads", Value(Value::Array(reads_.begin(), reads_.end()))},
                      {"tick_ms", Value(tick_ms_)}};
  }

 private:
  template <class Names>
  std::uint16_t declare(std::string_view name, const Names& fields, bool direct = false) {
    const auto number = static_cast<std::uint16_t>(streams_.size());
    Value::Map stream{{"name", Value(name)}, {"fields", Value(Value::Array(fields.begin(), fields.end()))}};
    if (direct) stream["direct"] = Value(true);
    streams_.push_back(Value(std::move(stream)));
    if (runtime_ != nullptr) {
      runtime_->stream_names.emplace_back(name);
      runtime_->arity.push_back(static_cast<std::uint16_t>(fields.size() | (direct ? detail::kDirect : 0u)));
      if (name == "default") runtime_->default_stream = number;
    }
    return number;
  }
  static std::string joined(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    return all;
  }
  std::uint16_t position(const detail::Input& input, std::string_view name) const {
    const int at = input.position(name);
    if (at < 0) throw Error("no field '" + std::string(name) + "' in " + input.name());
    return static_cast<std::uint16_t>(at);
  }
  template <class T>
  static constexpr bool kOptional = requires(const T& t) {
    t.has_value();
  };
  template <class T>
  static const char* type_of() {
    if constexpr (kOptional<T>)
      return type_of<typename T::value_type>();
    else if constexpr (std::same_as<T, bool>)
      return "bool";
    else if constexpr (std::integral<T>)
      return "integer";
    else if constexpr (std::floating_point<T>)
      return "double";
    else if constexpr (std::convertible_to<T, std::string_view>)
      return "string";
    else if constexpr (std::same_as<T, Value>)
      return "value";
    else if constexpr (requires { typename T::mapped_type; })
      return "map";
    else
      return "list";
  }
  template <class T>
  static Value as_value(const T& member) {
    Value v;
    const std::string bytes = codec::packed(member);
    codec::Cursor cursor{std::string_view(bytes)};
    return codec::Unpack<Value>::read(cursor, v) == codec::Read::kOk ? v : Value();
  }
  template <class T>
  static void bind(std::string_view name, T& member, const Value& value) {
    const std::string bytes = codec::packed(value);
    codec::Cursor cursor{std::string_view(bytes)};
    switch (codec::Unpack<T>::read(cursor, member)) {
      case codec::Read::kOk:
        return;
      case codec::Read::kOutOfRange:
        throw Error("key '" + std::string(name) + "': the value does not fit " + codec::Unpack<T>::kName);
      default:
        throw Error("key '" + std::string(name) + "' wants " + wanted<T>() + ", " + mismatch<T>(value));
    }
  }

  template <class T>
  static std::string wanted() {
    if constexpr (kOptional<T>)
      return wanted<typename T::value_type>();
    else if constexpr (requires { typename T::mapped_type; })
      return "map of " + wanted<typename T::mapped_type>();
    else if constexpr (std::string_view(codec::Unpack<T>::kName) == "array")
      return "array of " + wanted<typename T::value_type>();
    else
      return codec::Unpack<T>::kName;
  }
  template <class T>
  static std::string mismatch(const Value& value) {
    const std::string is = value.type_name();
    return is == codec::Unpack<T>::kName ? "has an element of another type" : "is " + is;
  }

  detail::Runtime* runtime_ = nullptr;
  std::string doc_;
  Value::Array keys_, streams_;
  std::vector<std::string> reads_;
  std::uint32_t tick_ms_ = 0;
};

}  // namespace gale
