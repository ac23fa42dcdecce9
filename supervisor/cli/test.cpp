// SPDX-License-Identifier: Apache-2.0
//
// gale test FILE...: runs the tests that stand in topology files. Each runs in a child process, so that one that
// crashes, hangs or ends the process fails like any other.
#include "engine/base/log.hpp"
#include "engine/plan/plugin_catalog.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/in_child.hpp"
#include "supervisor/cli/test_plan.hpp"
#include "supervisor/cli/topology_arguments.hpp"
#include "supervisor/trial/alone.hpp"
#include "supervisor/trial/junit.hpp"
#include "supervisor/trial/stage.hpp"
#include "supervisor/trial/whole.hpp"

#include <unistd.h>
#include <boost/program_options.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

using Json = nlohmann::json;

constexpr Duration kGrace = std::chrono::seconds(10);  // beyond a test's own time: to load, plan and stop

std::string dump(const std::vector<trial::Complaint>& complaints) {
  Json all = Json::array();
  for (const trial::Complaint& c : complaints)
    all.push_back({{"line", c.at.line}, {"column", c.at.column}, {"text", c.text}, {"lines", c.lines}});
  return all.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<trial::Complaint> parse_complaints(const std::string& text) {
  std::vector<trial::Complaint> complaints;
  for (const Json& c : Json::parse(text)) {
    complaints.push_back({{c["line"].get<std::uint32_t>(), c["column"].get<std::uint32_t>()},
                          c["text"].get<std::string>(),
                          c["lines"].get<std::vector<std::string>>()});
  }
  return complaints;
}

/// A path may hold any bytes, XML may not.
std::string as_utf8(const std::string& path) {
  return Json::parse(Json(path).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

/// In the child: from the beginning, with the plugins and all.
std::vector<trial::Complaint> run_test(const TopologyArguments& arguments, const plan::TopologyTest& test) {
  host::PluginSearch search = search_for(arguments);
  search.provide(trial::stand_ins());
  plan::PluginCatalog catalog(search);
  Faults faults;
  const auto planned = plan_test(arguments, test, catalog, faults);
  if (!planned) {
    std::vector<trial::Complaint> complaints;
    sort_faults(faults);
    for (const Fault& fault : faults) complaints.push_back({fault.at, fault.text, {}});
    return complaints;
  }
  return planned->resolved.alone
             ? trial::run_alone(test, planned->resolved, planned->plan, search)
             : trial::run_whole(test, planned->resolved, planned->topology, planned->plan, catalog, search);
}

/// "ok" and "FAILED", coloured on a terminal that nobody has asked to leave plain.
class Colours {
 public:
  Colours() {
    const char* no = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    on_ = ::isatty(STDOUT_FILENO) != 0 && (no == nullptr || *no == '\0') && term != nullptr &&
          std::string_view(term) != "dumb";
  }
  [[nodiscard]] std::string ok() const { return on_ ? "\x1b[32mok\x1b[0m" : "ok"; }
  [[nodiscard]] std::string failed() const { return on_ ? "\x1b[1;31mFAILED\x1b[0m" : "FAILED"; }

 private:
  bool on_;
};

class Test final : public Command {
 public:
  Test() {
    add_topology_options(option(), arguments_);
    option()                                                                                        //
        ("name", po::value(&name_)->value_name("TEXT"), "only the tests whose names contain this")  //
        ("junit", po::value(&junit_)->value_name("FILE"), "writes the results there too, as JUnit XML");
  }
  [[nodiscard]] About about() const override {
    return {
        .name = "test",
        .summary = "runs the tests that stand in topology files",
        .text =
            "Runs the tests that stand in topology files under 'tests:' and prints what differs, with the line.\n"
            "A test of a component runs it alone, with a clock of its own; another one runs the topology, with the\n"
            "given tuples in the place of its spouts.",
        .operands = {.word = "topology file", .mark = "FILE", .many = true},
        .status_1 = "tests failed",
        .status_2 = "bad usage, or a file cannot be read"};
  }

  int run(const std::vector<std::string>& files) override {
    std::vector<trial::FileVerdicts> all;
    std::size_t count = 0, failed = 0;
    bool readable = true;
    for (const std::string& file : files) {
      arguments_.file = file;
      Faults faults;
      const auto tests = read_tests(arguments_, faults);
      for (const Fault& fault : faults) std::fprintf(stderr, "%s\n", render(fault, file).c_str());
      readable = readable && tests;
      if (!tests) continue;
      trial::FileVerdicts verdicts{as_utf8(file), {}};
      for (const plan::TopologyTest& test : *tests) {
        if (test.name.value.find(name_) == std::string::npos) continue;
        verdicts.tests.push_back(judge(test));
        tell(file, verdicts.tests.back());
        ++count;
        failed += verdicts.tests.back().passed() ? 0 : 1;
      }
      all.push_back(std::move(verdicts));
    }
    if (!junit_.empty() && !write_junit(all)) return kUsage;
    if (!readable) return kUsage;
    if (count == 0) {
      complain(name_.empty() ? "there are no tests in " + files.front() + (files.size() > 1 ? " and the others" : "") +
                                   "; write some under 'tests:'"
                             : "no test has '" + name_ + "' in its name");
      return kUsage;
    }
    std::printf("%zu %s, %zu failed\n", count, count == 1 ? "test" : "tests", failed);
    return failed == 0 ? kOk : kFailed;
  }

 private:
  [[nodiscard]] trial::Verdict judge(const plan::TopologyTest& test) const {
    trial::Verdict verdict{test.name.value, test.at, {}, {}};
    const SteadyClock clock;
    const TimePoint began = clock.now();
    const Result<std::string> said = in_child(
        [&] {
          log::start(log::Level::kOff, "");
          return dump(run_test(arguments_, test));
        },
        test.timeout + kGrace);
    verdict.took = clock.now() - began;
    if (said) {
      verdict.complaints = parse_complaints(*said);
    } else {
      verdict.complaints.push_back({test.at, "while it ran " + said.error(), {}});
    }
    return verdict;
  }

  void tell(const std::string& file, const trial::Verdict& verdict) const {
    std::printf("%s  %s (%.0f ms)\n", verdict.passed() ? colours_.ok().c_str() : colours_.failed().c_str(),
                verdict.name.c_str(), std::chrono::duration<double, std::milli>(verdict.took).count());
    for (const trial::Complaint& c : verdict.complaints) std::fputs(trial::text_of(file, c).c_str(), stdout);
    std::fflush(stdout);
  }

  [[nodiscard]] bool write_junit(const std::vector<trial::FileVerdicts>& all) const {
    std::ofstream out(junit_, std::ios::binary);
    out << trial::junit_xml(all);
    out.close();
    if (!out) complain("--junit " + junit_ + ": cannot be written: " + std::strerror(errno));
    return static_cast<bool>(out);
  }

  TopologyArguments arguments_;
  std::string name_, junit_;
  Colours colours_;
};

}  // namespace

std::unique_ptr<Command> test_command() { return std::make_unique<Test>(); }

}  // namespace gale::cli
