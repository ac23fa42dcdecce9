// SPDX-License-Identifier: Apache-2.0
//
// gale outline FILE --answer FILE: checks a submitted topology for the master, which runs no plugin's code itself: each
// plugin in a process of its own, then the whole. The answer is a msgpack map: the outline, or what is wrong.
#include "supervisor/metrics/outline.hpp"
#include "gale/codec/write.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/in_child.hpp"
#include "supervisor/cli/launch_file.hpp"
#include "supervisor/cli/topology_arguments.hpp"

#include <boost/program_options.hpp>

#include <filesystem>
#include <fstream>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

constexpr Duration kPluginMost = std::chrono::seconds(10);

/// What is wrong with the plugins of the folder, a text each.
Value::Array faults_of_plugins(const std::vector<std::string>& folders) {
  Value::Array faults;
  for (const std::string& folder : folders) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      if (entry.path().extension() != ".so") continue;
      const Result<std::string> said = in_child([&] { return host::Plugin::open(entry.path()).error; }, kPluginMost);
      const std::string name = "plugin '" + entry.path().stem().string() + "': ";
      if (!said) faults.emplace_back(name + said.error());
      if (said && !said->empty()) faults.emplace_back(*said);
    }
  }
  return faults;
}

class OutlineCommand final : public Command {
 public:
  OutlineCommand() {
    add_topology_options(option(), topology_);
    add_workers_option(option(), topology_, "how many there are");
    add_tasks_option(option(), topology_);
    option()("answer", po::value(&answer_)->required()->value_name("FILE"), "where the answer goes")  //
        ("launch", po::value(&launch_)->value_name("FILE"), "what the submitter has set")             //
        ("name", po::value(&called_)->value_name("FILE"), "what faults call the topology file");
  }
  [[nodiscard]] About about() const override {
    return {.name = "outline",
            .summary = "checks a submitted topology for the master",
            .text = "Checks a submitted topology. Started by gale master; not for hands.",
            .operands = {.word = "topology file", .mark = "FILE"},
            .internal = true};
  }
  int run(const std::vector<std::string>& files) override {
    topology_.file = files.front();
    const Result<control::Launch> launch = read_launch(launch_);
    if (!launch) {
      complain(launch.error());
      return kUsage;
    }
    topology_.sets = launch->sets;
    Value::Map answer;
    Value::Array faults = faults_of_plugins(topology_.plugins);
    if (faults.empty()) {
      host::PluginSearch search({topology_.plugins.begin(), topology_.plugins.end()});  // those submitted, no others
      const plan::PlanOutcome outcome = load(topology_, search);
      for (const Fault& fault : outcome.faults) faults.emplace_back(render(fault, called_));
      if (outcome) answer.emplace("outline", metrics::to_value(metrics::outline_of(*outcome.plan)));
    }
    answer.emplace("faults", std::move(faults));
    std::ofstream out(answer_, std::ios::binary);
    out << codec::packed(Value(std::move(answer)));
    return out.flush() ? kOk : kUsage;
  }

 private:
  TopologyArguments topology_;
  std::string answer_, launch_, called_ = "topology.yaml";
};

}  // namespace

std::unique_ptr<Command> outline_command() { return std::make_unique<OutlineCommand>(); }

}  // namespace gale::cli
