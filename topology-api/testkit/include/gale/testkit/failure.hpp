// SPDX-License-Identifier: Apache-2.0
//
// How the kit fails a test, whatever framework runs it: it throws, and where nothing may be thrown (a harness that is
// destroyed with broken promises) it calls a handler that the test program sets once.
// Threads: the handler is set before tests run.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace gale::testkit {

/// The test asks for what cannot be, or the component broke its contract.
class TestFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The component does not start. what() says who and why, text() is what it said itself.
class Refused final : public TestFailure {
 public:
  Refused(const std::string& who, const std::string& text)
      : TestFailure(who + " does not start: " + text), text_(text) {}
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// The component threw outside execute, where no tuple fails with it: what() is its own text, call() is where.
class Thrown final : public TestFailure {
 public:
  Thrown(std::string call, const std::string& text) : TestFailure(text), call_(std::move(call)) {}
  [[nodiscard]] const std::string& call() const noexcept { return call_; }

 private:
  std::string call_;
};

using ViolationHandler = void (*)(const std::string& text);

namespace detail {
inline void print_and_abort(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  std::abort();
}
inline ViolationHandler& violation_handler() noexcept {
  static ViolationHandler handler = print_and_abort;
  return handler;
}
}  // namespace detail

/// What a destructor does with violations that no verify() has told: it must fail the running test and not throw.
/// Returns the handler before. Without one the text goes to stderr and the program aborts.
///   doctest: on_violation([](const std::string& text) { FAIL_CHECK(text); });
///   gtest:   on_violation([](const std::string& text) { ADD_FAILURE() << text; });
inline ViolationHandler on_violation(ViolationHandler handler) noexcept {
  const ViolationHandler before = detail::violation_handler();
  detail::violation_handler() = handler == nullptr ? detail::print_and_abort : handler;
  return before;
}

}  // namespace gale::testkit
