// SPDX-License-Identifier: Apache-2.0
//
// Value: any value a tuple may hold, for code that does not know the type beforehand (configuration, JSON, maps).
// Code that knows it asks for the type itself: tuple.get<std::int64_t>(0) makes no tree.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gale {

/// Owned bytes; not text. A std::string is text, packed as msgpack str; Bytes are packed as msgpack bin.
struct Bytes {
  std::string data;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};

/// Borrowed bytes, as Bytes.
struct BytesView {
  std::string_view data;
  friend bool operator==(const BytesView&, const BytesView&) = default;
};

/// Nil, bool, integer, double, string, bytes, array or map. Integers above the signed range keep their own alternative,
/// so that no value changes on its way.
class Value {
 public:
  using Array = std::vector<Value>;
  using Map = std::map<std::string, Value, std::less<>>;
  using Variant =
      std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Bytes, Array, Map>;

  Value() : data_(nullptr) {}
  Value(std::nullptr_t) : data_(nullptr) {}             // NOLINT(google-explicit-constructor)
  Value(bool b) : data_(b) {}                           // NOLINT
  Value(int i) : data_(std::int64_t{i}) {}              // NOLINT
  Value(long i) : data_(std::int64_t{i}) {}             // NOLINT
  Value(long long i) : data_(std::int64_t{i}) {}        // NOLINT
  Value(unsigned u) : data_(std::int64_t{u}) {}         // NOLINT
  Value(unsigned long u) { set_unsigned(u); }           // NOLINT
  Value(unsigned long long u) { set_unsigned(u); }      // NOLINT
  Value(double d) : data_(d) {}                         // NOLINT
  Value(const char* s) : data_(std::string(s)) {}       // NOLINT
  Value(std::string_view s) : data_(std::string(s)) {}  // NOLINT
  Value(std::string s) : data_(std::move(s)) {}         // NOLINT
  Value(Bytes b) : data_(std::move(b)) {}               // NOLINT
  Value(Array a) : data_(std::move(a)) {}               // NOLINT
  Value(Map m) : data_(std::move(m)) {}                 // NOLINT

  template <class T>
  [[nodiscard]] bool is() const noexcept {
    return std::holds_alternative<T>(data_);
  }
  template <class T>
  [[nodiscard]] const T* get_if() const noexcept {
    return std::get_if<T>(&data_);
  }
  template <class T>
  [[nodiscard]] const T& get() const {
    return std::get<T>(data_);
  }
  [[nodiscard]] const Variant& variant() const noexcept { return data_; }

  /// The member of a map; nothing when this is no map or has no such key.
  [[nodiscard]] const Value* find(std::string_view key) const noexcept {
    const Map* map = get_if<Map>();
    if (map == nullptr) return nullptr;
    const auto it = map->find(key);
    return it == map->end() ? nullptr : &it->second;
  }
  /// "nil", "bool", "integer", "double", "string", "bytes", "array" or "map", as error texts say it.
  [[nodiscard]] const char* type_name() const noexcept {
    static constexpr const char* kNames[] = {"nil",    "bool",  "integer", "integer", "double",
                                             "string", "bytes", "array",   "map"};
    return kNames[data_.index()];
  }
  friend bool operator==(const Value&, const Value&) = default;

 private:
  void set_unsigned(std::uint64_t u) {
    if (u <= static_cast<std::uint64_t>(INT64_MAX)) {
      data_ = static_cast<std::int64_t>(u);
    } else {
      data_ = u;
    }
  }
  Variant data_;
};

}  // namespace gale
