// SPDX-License-Identifier: Apache-2.0
//
// Topology: a whole topology file, run by a test in its own process, on the engine, to its end. Rows come in the place
// of spouts; what streams carry is read when it has ended. Only what leads to the streams that are watched runs, in one
// thread, and a tuple that fails is not tried again. Link gale::testkit_topology, which is a library.
//
//   Topology topology("topology.yaml");
//   topology.plugins("build/plugins").set("limit", "3");
//   topology.provide<Split, Count>("words");                  classes of the test's program as a plugin
//   topology.replace("lines", {{"a b a"}, {"c"}});
//   topology.watch("count").run();
//   CHECK(topology.sorted("count") == Rows{{"a", 2}, {"b", 1}, {"c", 1}});
//
// Errors: TestFailure, with the faults of the file a line each. Threads: the test's own; user code runs on the
// engine's. A sink that writes somewhere is user code as any other: watch what leads to it instead.
#pragma once

#include "gale/plugin.hpp"
#include "gale/testkit/failure.hpp"
#include "gale/testkit/harness.hpp"
#include "gale/testkit/print.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gale::testkit {

class Topology {
 public:
  explicit Topology(std::string file);
  ~Topology();
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  /// Looks for plugins there, before the places where `gale` looks.
  Topology& plugins(std::string dir);
  /// As --set key=value.
  Topology& set(std::string key, std::string value);
  /// These classes are the components of the plugin that the file calls `plugin`.
  template <class... T>
  Topology& provide(std::string_view plugin) {
    static const std::array<const gale_component*, sizeof...(T)> components = {&component_of<T>()...};
    static const std::string name(plugin);
    static const gale_plugin table = {sizeof(gale_plugin),
                                      GALE_ABI_MAJOR,
                                      GALE_ABI_MINOR,
                                      sizeof...(T),
                                      gale::detail::lent(name),
                                      gale::detail::lent("test"),
                                      gale::detail::lent(gale::detail::kBuild),
                                      components.data()};
    return provide(table);
  }
  Topology& provide(const gale_plugin& plugin);

  /// These rows, on a stream of that spout, instead of what it would emit; several calls add up.
  Topology& replace(std::string spout, std::vector<Value::Array> rows, std::string stream = "default");
  /// What that stream carries is kept: "component", or "component.stream".
  Topology& watch(std::string stream);

  /// Runs to the end of all input. Throws TestFailure when the file has faults, a task does not start, or it does not
  /// end within `longest`.
  void run(std::chrono::nanoseconds longest = std::chrono::seconds(10));

  /// What a watched stream carried, in the order of arrival, which is any order where there are several tasks.
  [[nodiscard]] const std::vector<Value::Array>& rows(std::string_view stream) const;
  /// The same, sorted as text, to be compared.
  [[nodiscard]] std::vector<Value::Array> sorted(std::string_view stream) const {
    std::vector<Value::Array> all = rows(stream);
    std::stable_sort(all.begin(), all.end(), [](const Value::Array& a, const Value::Array& b) {
      return text_of(Value(a)) < text_of(Value(b));
    });
    return all;
  }
  /// Why rows failed that came in the place of spouts: "component#task: reason".
  [[nodiscard]] const std::vector<std::string>& fails() const;
  /// What user code threw: "component#task: text".
  [[nodiscard]] const std::vector<std::string>& errors() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gale::testkit
