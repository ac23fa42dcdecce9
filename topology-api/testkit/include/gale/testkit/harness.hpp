// SPDX-License-Identifier: Apache-2.0
//
// Harness: a Component that is opened where it is declared, which is what most tests want.
//   Harness<Split> split({{"at", ","}});                  a class of the test's own program
//   Harness split(plugin["Split"], {{"at", ","}});        a component of a built library, Plugin plugin("text.so")
//   refusal<Split>({{"at", ""}})                          what it says against a configuration; empty: nothing
#pragma once

#include "gale/plugin.hpp"
#include "gale/testkit/component.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace gale::testkit {

namespace detail {

/// "words::Split" of any namespace -> "Split".
template <class T>
constexpr std::string_view name_of_type() {
  constexpr std::string_view function =
      __PRETTY_FUNCTION__;  // "... [with T = words::Split; ...]", "... [T = words::Split]"
  constexpr std::size_t begin = function.find("T = ") + 4;
  constexpr std::string_view type = function.substr(begin, function.find_first_of(";]<", begin) - begin);
  return gale::detail::bare_name(type);
}
inline Options with(Value::Map config, Options options) {
  options.config.merge(config);
  return options;
}

}  // namespace detail

/// A component class of this program, as its plugin would offer it.
template <class T>
const gale_component& component_of() {
  static const gale_component table = PluginThunks<T>::table(gale::detail::lent(detail::name_of_type<T>()));
  return table;
}

template <class T = void>
class Harness final : public Component {
 public:
  /// Throws Refused when the component does not start.
  explicit Harness(Value::Map config, Options options = {})
      : Component(component_of<T>(), detail::with(std::move(config), std::move(options))) {
    open();
  }
  explicit Harness(std::initializer_list<Value::Map::value_type> config = {}, Options options = {})
      : Harness(Value::Map(config), std::move(options)) {}
  /// The object itself, for what only it knows.
  [[nodiscard]] T& object() { return PluginThunks<T>::of(self()).user; }
  T* operator->() { return &object(); }
};

template <>
class Harness<void> final : public Component {
 public:
  explicit Harness(const gale_component& component, Value::Map config = {}, Options options = {})
      : Component(component, detail::with(std::move(config), std::move(options))) {
    open();
  }
};
Harness(const gale_component&)->Harness<void>;
Harness(const gale_component&, Value::Map)->Harness<void>;
Harness(const gale_component&, Value::Map, Options)->Harness<void>;

/// What a component says against a configuration, when the topology is checked or when it opens; empty when it starts.
inline std::string refusal(const gale_component& component, Value::Map config = {}, Options options = {}) {
  Component one(component, detail::with(std::move(config), std::move(options)));
  try {
    one.open();
  } catch (const Refused& refused) {
    return refused.text();
  }
  return {};
}
template <class T>
std::string refusal(Value::Map config = {}, Options options = {}) {
  return refusal(component_of<T>(), std::move(config), std::move(options));
}

}  // namespace gale::testkit
