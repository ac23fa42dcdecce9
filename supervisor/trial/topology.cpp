// SPDX-License-Identifier: Apache-2.0
#include "gale/testkit/topology.hpp"

#include "engine/base/log.hpp"
#include "engine/plan/make_plan.hpp"
#include "engine/plan/plugin_catalog.hpp"
#include "engine/plan/tests_block.hpp"
#include "supervisor/trial/compare.hpp"
#include "supervisor/trial/play.hpp"
#include "supervisor/trial/resolve.hpp"
#include "supervisor/trial/stage.hpp"
#include "topology-api/host/search.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <utility>

namespace gale::testkit {

struct Topology::Impl {
  std::string file;
  std::vector<std::filesystem::path> dirs;
  plan::Sets sets;
  std::vector<std::shared_ptr<const host::Plugin>> provided;
  plan::TopologyTest test;  // its words: inputs and streams
  bool ran = false;
  trial::Played played;

  [[noreturn]] void fail(const Faults& faults) const {
    std::string text;
    for (const Fault& fault : faults) text += (text.empty() ? "" : "\n") + render(fault, file);
    throw TestFailure(text);
  }
};

Topology::Topology(std::string file) : impl_(std::make_unique<Impl>()) { impl_->file = std::move(file); }
Topology::~Topology() = default;

Topology& Topology::plugins(std::string dir) {
  impl_->dirs.emplace_back(std::move(dir));
  return *this;
}
Topology& Topology::set(std::string key, std::string value) {
  impl_->sets.insert_or_assign(std::move(key), std::move(value));
  return *this;
}
Topology& Topology::provide(const gale_plugin& plugin) {
  host::Opened opened = host::Plugin::of(plugin);
  if (!opened) throw TestFailure(opened.error);
  for (const auto& other : impl_->provided) {
    if (other->description().name == opened.plugin->description().name)
      throw TestFailure("plugin '" + other->description().name + "' is provided a second time");
  }
  impl_->provided.push_back(std::move(opened.plugin));
  return *this;
}

Topology& Topology::replace(std::string spout, std::vector<Value::Array> rows, std::string stream) {
  impl_->test.replaced.push_back({spout, {}});
  for (Value::Array& row : rows) {
    plan::TestInput& input = impl_->test.inputs.emplace_back();
    input.from.value = spout;
    input.stream.value = stream;
    input.tuple.values = std::move(row);
  }
  return *this;
}
Topology& Topology::watch(std::string stream) {
  impl_->test.expect.emplace_back().component.value = std::move(stream);
  return *this;
}

void Topology::run(std::chrono::nanoseconds longest) {
  Impl& in = *impl_;
  if (in.ran) throw TestFailure(in.file + ": run() is called once; make another Topology");
  if (in.test.expect.empty())
    throw TestFailure(in.file + ": nothing is watched; call watch(\"component\") before run()");
  in.ran = true;
  log::start(log::Level::kOff, "");
  host::PluginSearch search(host::PluginSearch::standard_dirs(in.dirs, in.file));
  search.provide(trial::stand_ins());
  for (const auto& plugin : in.provided) search.provide(plugin);
  plan::PluginCatalog catalog(search);
  const plan::Topology topology = plan::read_topology_file(in.file, in.sets, plan::process_environment());
  const plan::PlanOutcome outcome = plan::make_plan(topology, catalog);
  if (!outcome) in.fail(outcome.faults);
  Faults faults;
  const auto resolved = trial::resolve(in.test, *outcome.plan, faults);
  if (!resolved) in.fail(faults);
  in.played = trial::play(*resolved, longest, topology, *outcome.plan, catalog, search);
  if (!in.played.faults.empty()) in.fail(in.played.faults);
  if (in.played.failed != 0)
    in.played.troubles.push_back(trial::count_of(in.played.failed, "tuple") +
                                 " of spouts that were not replaced failed for good");
  if (in.played.troubles.empty()) return;
  std::string text = in.file + ": " + in.played.troubles.front();
  for (const std::string& error : in.played.errors) text += "\n" + error;
  throw TestFailure(text);
}

const std::vector<Value::Array>& Topology::rows(std::string_view stream) const {
  std::string watched;
  for (std::size_t i = 0; i < impl_->test.expect.size(); ++i) {
    const std::string& name = impl_->test.expect[i].component.value;
    if (name == stream && i < impl_->played.seen.size()) return impl_->played.seen[i];
    watched += (watched.empty() ? "" : ", ") + name;
  }
  throw TestFailure(impl_->file + ": " + (impl_->ran ? "" : "run() was not called, or ") + "'" + std::string(stream) +
                    "' is not watched; there are: " + watched);
}
const std::vector<std::string>& Topology::fails() const { return impl_->played.fails; }
const std::vector<std::string>& Topology::errors() const { return impl_->played.errors; }

}  // namespace gale::testkit
