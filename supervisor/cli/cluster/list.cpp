// SPDX-License-Identifier: Apache-2.0
//
// gale list: the topologies that run, a line each. gale supervisors: the hosts.
#include "supervisor/cli/cluster/master_call.hpp"
#include "supervisor/cli/cluster/text.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/table.hpp"
#include "supervisor/control/fields.hpp"

#include <cstdio>

namespace gale::cli {
namespace {

using control::array_in;
using control::flag_in;
using control::number_in;
using control::text_in;

std::string of_all(std::uint64_t part, std::uint64_t all) { return std::to_string(part) + "/" + std::to_string(all); }

class List final : public MasterCommand {
 public:
  [[nodiscard]] About about() const override {
    return of_master({.name = "list",
                      .summary = "lists the topologies that run on the cluster",
                      .text = "Lists the topologies that run on the cluster, with how each is."});
  }
  int run(const std::vector<std::string>&) override {
    const auto answer = ask("list", Value::Map{});
    if (!answer) return status();
    if (json()) return std::printf("%s\n", line_of(to_json(*answer)["topologies"]).c_str()), kOk;
    if (const std::string trouble = text_in(*answer, "trouble"); !trouble.empty()) complain("the master: " + trouble);
    if (array_in(*answer, "topologies").empty()) {
      std::printf("no topologies run; 'gale submit FILE' runs one\n");
      return kOk;
    }
    Table table({"NAME", "STATUS", "HEALTH", "WORKERS", "TASKS", "UP", "EMITTED/S", "ACKED/S", "FAILED/S"});
    std::string notes;
    for (const Value& t : array_in(*answer, "topologies")) {
      table.row({text_in(t, "name"), text_in(t, "status"), text_in(t, "health"),
                 of_all(number_in(t, "running"), number_in(t, "workers")), std::to_string(number_in(t, "tasks")),
                 age(number_in(t, "up_ms")), short_number(real_in(t, "emitted_per_s")),
                 short_number(real_in(t, "acked_per_s")), short_number(real_in(t, "failed_per_s"))});
      if (!text_in(t, "why").empty()) notes += text_in(t, "name") + ": " + text_in(t, "why") + "\n";
    }
    std::fputs((table.text() + (notes.empty() ? "" : "\n" + notes)).c_str(), stdout);
    return kOk;
  }
};

class Supervisors final : public MasterCommand {
 public:
  [[nodiscard]] About about() const override {
    return {
        .name = "supervisors",
        .summary = "lists the hosts of the cluster and their slots",
        .text = "Lists the supervisors that the master has heard of: their slots, who has them, and how the host is."};
  }
  int run(const std::vector<std::string>&) override {
    const auto answer = ask("supervisors", Value::Map{});
    if (!answer) return status();
    if (json()) return std::printf("%s\n", line_of(to_json(*answer)).c_str()), kOk;
    const auto* all = answer->get_if<Value::Array>();
    if (all == nullptr || all->empty()) {
      std::printf("no supervisor has found this master; start one on each host with 'gale supervisor'\n");
      return kOk;
    }
    Table table({"HOST", "ADDRESS", "STATE", "SLOTS", "FREE MEMORY", "FREE DISK", "WORKERS", "WHY"});
    for (const Value& host : *all) {
      std::string workers;
      for (const Value& w : array_in(host, "workers")) {
        workers += (workers.empty() ? "" : " ") + std::to_string(number_in(w, "port")) + ":" + text_in(w, "topology") +
                   "." + std::to_string(number_in(w, "worker"));
      }
      table.row({text_in(host, "name"), text_in(host, "address"), flag_in(host, "up") ? "up" : "down",
                 of_all(number_in(host, "used"), number_in(host, "slots")),
                 size_text(number_in(host, "memory_free_bytes")), size_text(number_in(host, "disk_free_bytes")),
                 workers, text_in(host, "why")});
    }
    std::fputs(table.text().c_str(), stdout);
    return kOk;
  }
};

}  // namespace

std::unique_ptr<Command> list_command() { return std::make_unique<List>(); }
std::unique_ptr<Command> supervisors_command() { return std::make_unique<Supervisors>(); }

}  // namespace gale::cli
