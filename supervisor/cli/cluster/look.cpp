// SPDX-License-Identifier: Apache-2.0
//
// gale top: all topologies, live. gale explain NAME: what limits one.
#include "supervisor/cli/cluster/explain.hpp"
#include "supervisor/cli/cluster/master_call.hpp"
#include "supervisor/cli/cluster/text.hpp"
#include "supervisor/cli/cluster/watching.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/table.hpp"
#include "supervisor/control/fields.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <cstdio>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

using control::array_in;
using control::map_in;
using control::number_in;
using control::text_in;

struct Column {
  const char* name;
  double (*of)(const Value& component);
};

double p99_of(const Value& c) {
  return real_in(map_in(c, text_in(c, "kind") == "spout" ? "complete_us" : "execute_us"), "p99");
}

constexpr Column kColumns[] = {
    {"capacity", [](const Value& c) { return real_in(c, "capacity"); }},
    {"executed", [](const Value& c) { return real_in(c, "executed_per_s"); }},
    {"emitted", [](const Value& c) { return real_in(c, "emitted_per_s"); }},
    {"failed", [](const Value& c) { return real_in(c, "failed"); }},
    {"pending", [](const Value& c) { return real_in(c, "pending"); }},
    {"p99", p99_of},
};

class Top final : public MasterCommand {
 public:
  Top() {
    option()  //
        ("sort", po::value(&sort_)->default_value("capacity")->value_name("COLUMN"),
         "by capacity, executed, emitted, failed, pending, p99, or rss of workers")  //
        ("once", po::bool_switch(&once_), "shows it once and ends");
  }
  [[nodiscard]] About about() const override {
    return of_master({.name = "top",
                      .summary = "shows the busiest components and workers of the cluster, live",
                      .text = "Shows components and workers of all topologies, the busiest first, anew every second "
                              "until Ctrl-C."});
  }
  int run(const std::vector<std::string>&) override {
    const auto column =
        std::find_if(std::begin(kColumns), std::end(kColumns), [&](const Column& c) { return sort_ == c.name; });
    if (column == std::end(kColumns) && sort_ != "rss") {
      complain("--sort '" + sort_ + "': wants capacity, executed, emitted, failed, pending, p99 or rss");
      return kUsage;
    }
    Watching watching(!once_, json());
    do {
      const auto answer = ask("top", Value::Map{});
      if (!answer) return status();
      watching.show(json() ? line_of(to_json(*answer)) + "\n"
                           : text_of(*answer, column == std::end(kColumns) ? kColumns[0] : *column));
    } while (watching.again());
    return kOk;
  }

 private:
  std::string text_of(const Value& answer, const Column& by) const {
    struct Row {
      double rank;
      std::vector<std::string> cells;
    };
    std::vector<Row> components, workers;
    const auto* all = answer.get_if<Value::Array>();
    for (const Value& t : all == nullptr ? Value::Array{} : *all) {
      const std::string name = text_in(t, "name");
      for (const Value& c : array_in(t, "components")) {
        const Value& latency = map_in(c, text_in(c, "kind") == "spout" ? "complete_us" : "execute_us");
        components.push_back({by.of(c),
                              {name, text_in(c, "id"), std::to_string(number_in(c, "tasks")),
                               short_number(real_in(c, "capacity")), short_number(real_in(c, "executed_per_s")),
                               short_number(real_in(c, "emitted_per_s")), short_number(real_in(c, "failed")),
                               short_number(real_in(c, "pending")), micros_text(latency.find("p99"))}});
      }
      for (const Value& w : array_in(t, "workers")) {
        workers.push_back({real_in(w, "rss_bytes"),
                           {name, std::to_string(number_in(w, "worker")), text_in(w, "host"), text_in(w, "state"),
                            size_text(number_in(w, "rss_bytes")), std::to_string(number_in(w, "restarts")),
                            age(number_in(w, "up_ms"))}});
      }
    }
    const auto table = [](std::vector<std::string> header, std::vector<Row>& rows) {
      std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.rank > b.rank; });
      Table text(std::move(header));
      for (Row& row : rows) text.row(std::move(row.cells));
      return text.text();
    };
    return table({"TOPOLOGY", "COMPONENT", "TASKS", "CAPACITY", "EXECUTED/S", "EMITTED/S", "FAILED", "PENDING", "P99"},
                 components) +
           "\n" + table({"TOPOLOGY", "WORKER", "HOST", "STATE", "RSS", "RESTARTS", "UP"}, workers);
  }

  std::string sort_;
  bool once_ = false;
};

class Explain final : public MasterCommand {
 public:
  [[nodiscard]] About about() const override {
    return of_master({.name = "explain",
                      .summary = "tells what limits a topology of the cluster, and what to do",
                      .text = "Tells what keeps a topology from running, or from running faster: which worker is not "
                              "there and why, which\n"
                              "bolt is the bottleneck, which spout waits, which error repeats.",
                      .operands = {.word = "topology", .mark = "NAME"}});
  }
  int run(const std::vector<std::string>& names) override {
    const auto answer = ask("status", Value::Map{{"name", names.front()}});
    if (!answer) return status();
    const std::vector<Finding> findings = explain(*answer);
    if (json()) {
      Json all = Json::array();
      for (const Finding& f : findings) all.push_back({{"what", f.what}, {"to_do", f.to_do}});
      std::printf("%s\n", line_of(all).c_str());
      return kOk;
    }
    for (const Finding& f : findings)
      std::printf("- %s\n%s", f.what.c_str(), f.to_do.empty() ? "" : ("  " + f.to_do + "\n").c_str());
    return kOk;
  }
};

}  // namespace

std::unique_ptr<Command> top_command() { return std::make_unique<Top>(); }
std::unique_ptr<Command> explain_command() { return std::make_unique<Explain>(); }

}  // namespace gale::cli
