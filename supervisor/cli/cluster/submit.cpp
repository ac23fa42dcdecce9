// SPDX-License-Identifier: Apache-2.0
//
// gale submit FILE: sends a topology and the plugins that the master does not have yet, and waits until it is accepted.
#include "engine/base/sha256.hpp"
#include "engine/plan/topology.hpp"
#include "supervisor/cli/cluster/master_call.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/topology_arguments.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/control/fields.hpp"

#include <boost/program_options.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

constexpr std::size_t kPart = 512 << 10;
constexpr Duration kCheckMost = std::chrono::seconds(90);  // the master checks for a minute at most

struct PluginToSend {
  control::PluginFile plugin;
  std::filesystem::path file;
};

Result<std::string> read_all(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return Failed{"cannot read " + file.string()};
  return text.str();
}

Result<PluginToSend> plugin_at(const std::string& name, const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  Sha256 sum;
  std::uint64_t bytes = 0;
  std::string part(kPart, '\0');
  while (in.read(part.data(), static_cast<std::streamsize>(part.size())) || in.gcount() > 0) {
    const auto n = static_cast<std::size_t>(in.gcount());
    sum.add(std::string_view(part).substr(0, n));
    bytes += n;
  }
  if (in.bad() || bytes == 0) return Failed{"cannot read plugin " + file.string()};
  return PluginToSend{{name, sum.hex(), bytes}, file};
}

class Submit final : public MasterCommand {
 public:
  Submit() {
    add_topology_options(option(), topology_);
    add_workers_option(option(), topology_, "worker processes (else the topology's)");
    option()                                                                                                   //
        ("name", po::value(&name_)->value_name("NAME"), "runs under that name (default: the topology's own)")  //
        ("inactive", po::bool_switch(&inactive_), "starts it with its spouts asked for nothing: see gale activate");
  }
  [[nodiscard]] About about() const override {
    return of_master(
        {.name = "submit",
         .summary = "runs a topology on the cluster",
         .text = "Sends a topology and its plugins to the master, which checks all of it before it accepts, and "
                 "then runs\n"
                 "it until it is killed. Values of ${ENV-...} are taken from here.",
         .operands = {.word = "topology file", .mark = "FILE"},
         .status_1 = "the master does not answer, or cannot store it",
         .status_2 = "bad usage, a fault in the topology or a plugin, or the name is taken"});
  }
  int run(const std::vector<std::string>& files) override {
    topology_.file = files.front();
    control::Revision revision;
    std::vector<PluginToSend> plugins;
    if (!gather(revision, plugins)) return kUsage;
    for (const PluginToSend& one : plugins) {
      if (!send(one)) return status();
      revision.plugins.push_back(one.plugin);
    }
    const auto answer = ask("submit",
                            Value::Map{{"name", name_},
                                       {"inactive", inactive_},
                                       {"file_name", topology_.file},
                                       {"revision", control::to_value(revision)}},
                            kCheckMost);
    if (!answer) return status();
    if (json()) {
      std::printf("%s\n", line_of(to_json(*answer)).c_str());
    } else {
      const std::string name = control::text_in(*answer, "name");
      std::printf("topology '%s' runs as %s; 'gale status %s' tells how it is\n", name.c_str(),
                  control::text_in(*answer, "id").c_str(), name.c_str());
    }
    return kOk;
  }

 private:
  /// What is to be sent. False after complaints.
  bool gather(control::Revision& revision, std::vector<PluginToSend>& plugins) {
    const Result<plan::Sets> sets = sets_of(topology_);
    if (!sets) return complain(sets.error()), false;
    std::map<std::string, std::string> environment;
    const plan::Topology topology =
        plan::read_topology_file(topology_.file, *sets, [&environment](const std::string& name) {
          const char* value = std::getenv(name.c_str());
          if (value != nullptr) environment["ENV-" + name] = value;
          return value;
        });
    for (const Fault& fault : topology.faults) std::fprintf(stderr, "%s\n", render(fault, topology_.file).c_str());
    if (!topology.faults.empty()) return false;
    Result<std::string> text = read_all(topology_.file);
    if (!text) return complain(text.error()), false;
    revision.file = std::move(*text);
    for (const auto& [key, value] : environment) revision.sets.push_back(key + "=" + value);
    for (const auto& [key, value] : *sets) revision.sets.push_back(key + "=" + value);
    revision.workers = static_cast<std::uint16_t>(topology_.workers.value_or(0));
    const host::PluginSearch search = search_for(topology_);
    bool all = true;
    std::set<std::string> seen;
    for (const plan::Text& plugin : topology.plugins) {
      if (!seen.insert(plugin.value).second) continue;
      std::string why;
      const std::filesystem::path file = search.locate(plugin.value, why);
      Result<PluginToSend> one = file.empty() ? Result<PluginToSend>(Failed{why}) : plugin_at(plugin.value, file);
      if (one) {
        plugins.push_back(std::move(*one));
      } else {
        std::fprintf(stderr, "%s\n", render({plugin.at, one.error()}, topology_.file).c_str());
        all = false;
      }
    }
    return all;
  }

  /// In parts, from where an earlier try ended. False after a complaint.
  bool send(const PluginToSend& one) {
    const std::string& sha = one.plugin.sha256;
    const auto have = ask("have", Value::Map{{"sha256", sha}});
    if (!have) return false;
    if (control::flag_in(*have, "complete")) return true;
    std::uint64_t at = control::number_in(*have, "bytes");
    std::ifstream in(one.file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(at));
    std::string part(kPart, '\0');
    while (at < one.plugin.bytes &&
           (in.read(part.data(), static_cast<std::streamsize>(part.size())) || in.gcount() > 0)) {
      std::string data = part.substr(0, static_cast<std::size_t>(in.gcount()));
      const std::size_t n = data.size();
      if (!ask("upload",
               Value::Map{
                   {"sha256", sha}, {"total", one.plugin.bytes}, {"offset", at}, {"data", Bytes{std::move(data)}}})) {
        return false;
      }
      at += n;
    }
    return true;
  }

  TopologyArguments topology_;
  std::string name_;
  bool inactive_ = false;
};

}  // namespace

std::unique_ptr<Command> submit_command() { return std::make_unique<Submit>(); }

}  // namespace gale::cli
