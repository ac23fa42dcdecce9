// SPDX-License-Identifier: Apache-2.0
//
// Result<T>: a value, or a text for a person that says what, where and what to do. For what is expected to go wrong;
// our own bugs are ASSERTs (assert.hpp), a plugin's are caught at the task's edge.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace gale {

struct Failed {
  std::string text;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}       // NOLINT(google-explicit-constructor)
  Result(Failed error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] explicit operator bool() const noexcept { return state_.index() == 0; }
  [[nodiscard]] T& operator*() { return std::get<0>(state_); }
  [[nodiscard]] const T& operator*() const { return std::get<0>(state_); }
  [[nodiscard]] T* operator->() { return &std::get<0>(state_); }
  [[nodiscard]] const T* operator->() const { return &std::get<0>(state_); }
  [[nodiscard]] const std::string& error() const { return std::get<1>(state_).text; }

 private:
  std::variant<T, Failed> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failed error) : error_(std::move(error.text)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] explicit operator bool() const noexcept { return !error_; }
  [[nodiscard]] const std::string& error() const { return *error_; }

 private:
  std::optional<std::string> error_;
};

}  // namespace gale
