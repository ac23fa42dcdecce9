// SPDX-License-Identifier: Apache-2.0
#include "supervisor/trial/alone.hpp"

#include "supervisor/trial/compare.hpp"

#include <gale/testkit/component.hpp>

#include <exception>
#include <string>
#include <utility>

namespace gale::trial {
namespace {

testkit::Options options_of(const plan::Plan& plan, const plan::Component& c) {
  testkit::Options options;
  options.config = c.config;
  options.topology = plan.name;
  options.component = c.id;
  for (const std::size_t input : c.inputs) {
    const plan::Component& from = plan.component(plan.edges[input].from);
    const plan::Stream& stream = from.streams[plan.edges[input].stream];
    options.inputs.push_back({from.id, stream.name, stream.fields});
  }
  for (const plan::Stream& stream : c.streams) {
    for (const std::size_t edge : stream.edges) {
      const plan::Component& to = plan.component(plan.edges[edge].to);
      if (stream.direct) options.readers.push_back({stream.name, to.id, to.first_task.value, to.tasks});
    }
  }
  return options;
}

/// What it emitted on a stream, in order.
std::vector<Value::Array> rows_of(const testkit::Component& bolt, const std::string& stream) {
  std::vector<Value::Array> rows;
  for (const testkit::Emit& emit : bolt.emits()) {
    if (emit.stream == stream) rows.push_back(emit.values);
  }
  return rows;
}

class AloneTest {
 public:
  AloneTest(const plan::TopologyTest& test, const ResolvedTest& resolved, const plan::Plan& plan)
      : test_(test), resolved_(resolved), plan_(plan), component_(plan.components[*resolved.alone]) {}

  std::vector<Complaint> run(const gale_component& table, testkit::Options options) {
    try {
      testkit::Component bolt(table, std::move(options));
      bolt.open();
      play(bolt);
      look(bolt);
      bolt.close();
    } catch (const std::exception& e) {  // it does not start, threw outside execute, or broke its contract
      complain(test_.at, e.what(), {});
    }
    return std::move(complaints_);
  }

 private:
  void complain(Position at, std::string text, std::vector<std::string> lines) {
    complaints_.push_back({at, std::move(text), std::move(lines)});
  }

  void play(testkit::Component& bolt) {
    for (const Step& step : resolved_.steps) {
      if (step.advance) {
        bolt.advance(*step.advance);
      } else {
        bolt.execute(step.from, step.values);
      }
    }
    const bool said_all = !test_.finish || bolt.finish_within(test_.timeout);
    // Threads of its own may still settle what it keeps; that takes real time.
    const SteadyClock clock;
    const TimePoint end = clock.now() + test_.timeout;
    while (test_.finish && !bolt.kept().empty() && clock.now() < end)
      (void)bolt.await(std::chrono::ceil<std::chrono::milliseconds>(end - clock.now()));
    if (!said_all)
      complain(test_.at,
               "finish() has not said all after " + std::to_string(test_.timeout / std::chrono::seconds(1)) +
                   " s of the test's clock",
               {});
  }

  void look(const testkit::Component& bolt) {
    for (std::size_t i = 0; i < component_.streams.size(); ++i) {
      const plan::Stream& stream = component_.streams[i];
      const WantedStream* wanted = find(i);
      const std::vector<Value::Array> seen = rows_of(bolt, stream.name);
      std::vector<std::string> lines =
          differences(wanted == nullptr ? std::vector<WantedRow>() : wanted->rows, seen, test_.exact);
      if (lines.empty()) continue;
      const std::string name = stream_name(plan_, *resolved_.alone, static_cast<std::uint16_t>(i));
      complain(wanted == nullptr ? test_.at : wanted->at,
               wanted == nullptr ? name + " emitted " + count_of(seen.size(), "tuple") + ", and is not in expect"
                                 : emitted_text(name, seen.size(), wanted->rows.size()),
               std::move(lines));
    }
    if (std::vector<std::string> lines = reason_differences(test_.fails, bolt.reasons()); !lines.empty())
      complain(test_.fails.empty() ? test_.at : test_.fails.front().at,
               count_of(bolt.reasons().size(), "input") + " failed, wanted are " + std::to_string(test_.fails.size()),
               std::move(lines));
  }
  [[nodiscard]] const WantedStream* find(std::size_t stream) const {
    for (const WantedStream& wanted : resolved_.wanted) {
      if (wanted.stream == stream) return &wanted;
    }
    return nullptr;
  }

  const plan::TopologyTest& test_;
  const ResolvedTest& resolved_;
  const plan::Plan& plan_;
  const plan::Component& component_;
  std::vector<Complaint> complaints_;
};

}  // namespace

std::vector<Complaint> run_alone(const plan::TopologyTest& test, const ResolvedTest& resolved, const plan::Plan& plan,
                                 host::PluginSearch& search) {
  const plan::Component& c = plan.components[*resolved.alone];
  const host::Opened opened = search.find(c.plugin);
  const gale_component* table = opened ? opened.plugin->find(c.type) : nullptr;
  if (table == nullptr) return {{test.at, "plugin '" + c.plugin + "' has no " + c.type, {}}};
  return AloneTest(test, resolved, plan).run(*table, options_of(plan, c));
}

}  // namespace gale::trial
