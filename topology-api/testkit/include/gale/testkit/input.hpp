// SPDX-License-Identifier: Apache-2.0
//
// Input: what became of one tuple that the test gave to a bolt. A handle: cheap to copy, and it says how things stand
// now, also after the harness is gone. The test's own thread only.
#pragma once

#include "gale/testkit/print.hpp"
#include "gale/value.hpp"

#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace gale::testkit {

/// How an input stands. A class and not an enum, because frameworks print enums as numbers.
class State {
 public:
  static const State pending;  // execute has not returned yet: seen only when it stopped half-way
  static const State kept, acked, failed;

  friend constexpr bool operator==(State a, State b) noexcept { return a.number_ == b.number_; }
  friend std::ostream& operator<<(std::ostream& out, State state) {
    static constexpr const char* kNames[] = {"pending", "kept", "acked", "failed"};
    return out << kNames[state.number_];
  }

 private:
  explicit constexpr State(int number) : number_(number) {}
  int number_;
};
inline constexpr State State::pending(0);
inline constexpr State State::kept(1);
inline constexpr State State::acked(2);
inline constexpr State State::failed(3);

namespace detail {
struct Given {
  std::size_t number = 0;  // from 1, in the order in which the test gave them
  std::string source;      // component/stream
  Value::Array values;
  State state = State::pending;
  std::string reason;
  std::size_t touches = 0;
  bool copied = false;  // it was kept at some time
};
inline std::string name_of(const Given& given) {
  return "#" + std::to_string(given.number) + " " + testkit::text_of(given.values) + " of " + given.source;
}
}  // namespace detail

class Input {
 public:
  explicit Input(std::shared_ptr<const detail::Given> given) : given_(std::move(given)) {}

  [[nodiscard]] State state() const noexcept { return given_->state; }
  [[nodiscard]] bool acked() const noexcept { return state() == State::acked; }
  [[nodiscard]] bool failed() const noexcept { return state() == State::failed; }
  [[nodiscard]] bool kept() const noexcept { return state() == State::kept; }
  /// Why it failed; empty while it has not.
  [[nodiscard]] const std::string& reason() const noexcept { return given_->reason; }
  /// How often its timeout was begun anew while it was kept.
  [[nodiscard]] std::size_t touches() const noexcept { return given_->touches; }
  [[nodiscard]] const Value::Array& values() const noexcept { return given_->values; }
  /// From 1, in the order in which the test gave them.
  [[nodiscard]] std::size_t number() const noexcept { return given_->number; }

  /// The same tuple, not one with the same values.
  friend bool operator==(const Input& a, const Input& b) noexcept { return a.given_ == b.given_; }
  /// CHECK(input == State::acked) shows the tuple and its reason when it is not so.
  friend bool operator==(const Input& a, State b) noexcept { return a.state() == b; }
  friend std::ostream& operator<<(std::ostream& out, const Input& input) {
    out << detail::name_of(*input.given_) << " (" << input.state();
    if (input.failed()) out << ": " << input.reason();
    return out << ")";
  }

 private:
  std::shared_ptr<const detail::Given> given_;  // shared with the harness, which fills it in
};

using Inputs = std::vector<Input>;

inline std::ostream& operator<<(std::ostream& out, const Inputs& inputs) {
  return out << detail::listed(inputs, [](const Input& one) { return "#" + std::to_string(one.number()); });
}

}  // namespace gale::testkit
