// SPDX-License-Identifier: Apache-2.0
//
// gale logs NAME: the ends of its workers' logs, from whatever hosts they are on.
#include "supervisor/cli/cluster/master_call.hpp"
#include "supervisor/cli/cluster/watching.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/options.hpp"
#include "supervisor/control/fields.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <sstream>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

using control::array_in;
using control::number_in;
using control::text_in;
using control::texts_in;

class Logs final : public MasterCommand {
 public:
  Logs() {
    option()                                                                                                    //
        ("worker", count_option("worker", worker_, 1, 1024), "of that worker alone")                            //
        ("component", po::value(&component_)->value_name("ID"), "of the workers that run a component's tasks")  //
        ("grep", po::value(&grep_)->value_name("TEXT"), "only lines that have it in them")                      //
        ("lines", count_option("lines", lines_, 1, 10'000), "how many of the last lines (default: 100)")        //
        ("follow,f", po::bool_switch(&follow_), "goes on with what is added, until Ctrl-C");
  }
  [[nodiscard]] About about() const override {
    return of_master({.name = "logs",
                      .summary = "shows the logs of a topology's workers",
                      .text = "Shows the ends of the logs of a topology's workers, with what its plugins have written "
                              "to stdout and\n"
                              "stderr. With several workers each line begins with the worker it is of.",
                      .operands = {.word = "topology", .mark = "NAME"},
                      .status_1 = "the master or a host does not answer"});
  }
  int run(const std::vector<std::string>& names) override {
    const auto workers = workers_of(names.front());
    if (!workers) return status();
    std::map<std::uint64_t, Value> parts;
    Watching watching(follow_, true);  // never over itself
    do {
      for (const std::uint64_t worker : *workers) {
        const auto part = ask("logs", arguments(names.front(), worker, parts));
        if (!part && (!follow_ || parts.empty())) return status();
        if (!part) continue;
        show(worker, *part, workers->size() > 1);
        parts.insert_or_assign(worker, *part);
      }
      std::fflush(stdout);
    } while (watching.again());
    return kOk;
  }

 private:
  /// Those asked for, by number; nothing after a complaint.
  std::optional<std::vector<std::uint64_t>> workers_of(const std::string& name) {
    const auto answer = ask("status", Value::Map{{"name", name}});
    if (!answer) return std::nullopt;
    std::vector<std::uint64_t> workers;
    for (const Value& w : array_in(*answer, "workers")) {
      const std::uint64_t number = number_in(w, "worker");
      const std::vector<std::string> components = texts_in(w, "components");
      const bool runs =
          component_.empty() || std::find(components.begin(), components.end(), component_) != components.end();
      if (runs && number_in(w, "port") != 0 && (!worker_ || *worker_ == number)) workers.push_back(number);
    }
    if (!workers.empty()) return workers;
    complain(!component_.empty()
                 ? "topology '" + name + "' has no component '" + component_ + "' on a worker that has a slot"
                 : "topology '" + name + "' has no such worker with a slot");
    fail(kUsage);
    return std::nullopt;
  }

  [[nodiscard]] Value arguments(const std::string& name, std::uint64_t worker,
                                const std::map<std::uint64_t, Value>& parts) const {
    Value::Map args{{"name", name}, {"worker", worker}, {"lines", lines_.value_or(100)}, {"grep", grep_}};
    if (const auto before = parts.find(worker); before != parts.end()) {
      args.emplace("offset", number_in(before->second, "offset"));
      args.emplace("file", number_in(before->second, "file"));
    }
    return args;
  }

  void show(std::uint64_t worker, const Value& part, bool several) const {
    const Value* bytes = part.find("text");  // a log may have any
    const auto* log = bytes == nullptr ? nullptr : bytes->get_if<Bytes>();
    const std::string text = log == nullptr ? std::string() : log->data;
    if (json()) {
      if (!text.empty()) std::printf("%s\n", line_of(Json{{"worker", worker}, {"text", text}}).c_str());
      return;
    }
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (several) std::printf("%llu | ", static_cast<unsigned long long>(worker));
      std::printf("%s\n", line.c_str());
    }
  }

  std::optional<std::uint32_t> worker_, lines_;
  std::string component_, grep_;
  bool follow_ = false;
};

}  // namespace

std::unique_ptr<Command> logs_command() { return std::make_unique<Logs>(); }

}  // namespace gale::cli
