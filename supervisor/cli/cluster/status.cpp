// SPDX-License-Identifier: Apache-2.0
//
// gale status NAME: one topology, its workers and components. gale errors NAME: what went wrong in it.
#include "supervisor/cli/cluster/master_call.hpp"
#include "supervisor/cli/cluster/status_text.hpp"
#include "supervisor/cli/cluster/text.hpp"
#include "supervisor/cli/cluster/watching.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/control/fields.hpp"

#include <boost/program_options.hpp>

#include <cstdio>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

class Status final : public MasterCommand {
 public:
  Status() { option()("watch", po::bool_switch(&watch_), "shows it anew every second until Ctrl-C"); }
  [[nodiscard]] About about() const override {
    return of_master(
        {.name = "status",
         .summary = "shows how a topology of the cluster is",
         .text = "Shows a topology's workers and components: where they are, what they do a second, how long it "
                 "takes, and why\n"
                 "something is pending, restarting or without a slot.",
         .operands = {.word = "topology", .mark = "NAME"}});
  }
  int run(const std::vector<std::string>& names) override {
    Watching watching(watch_, json());
    do {
      const auto answer = ask("status", Value::Map{{"name", names.front()}});
      if (!answer) return this->status();
      watching.show(json() ? line_of(to_json(*answer)) + "\n" : status_text(*answer));
    } while (watching.again());
    return kOk;
  }

 private:
  bool watch_ = false;
};

class Errors final : public MasterCommand {
 public:
  [[nodiscard]] About about() const override {
    return of_master(
        {.name = "errors",
         .summary = "shows what went wrong in a topology of the cluster",
         .text = "Shows the last errors of a topology's tasks and the deaths of its workers, the newest first; the "
                 "same text\n"
                 "is one line with how often it came.",
         .operands = {.word = "topology", .mark = "NAME"}});
  }
  int run(const std::vector<std::string>& names) override {
    const auto answer = ask("errors", Value::Map{{"name", names.front()}});
    if (!answer) return status();
    if (json()) return std::printf("%s\n", line_of(to_json(*answer)).c_str()), kOk;
    const auto* all = answer->get_if<Value::Array>();
    if (all == nullptr || all->empty()) return std::printf("no errors\n"), kOk;
    for (const Value& e : *all) std::printf("%s\n", error_text(e).c_str());
    return kOk;
  }
};

}  // namespace

std::unique_ptr<Command> status_command() { return std::make_unique<Status>(); }
std::unique_ptr<Command> errors_command() { return std::make_unique<Errors>(); }

}  // namespace gale::cli
