// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/common.hpp"

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Command {
  const char* name;
  const char* explain;
  int (*run)(const std::vector<std::string>&);
};

constexpr Command kCommands[] = {
    {"run", "runs a topology to its end", gale::cli::run_command},
    {"plan", "prints what a topology becomes: tasks, streams, workers, memory", gale::cli::plan_command},
    {"validate", "checks topology files against their plugins", gale::cli::validate_command},
    {"inspect", "prints what plugins say of themselves", gale::cli::inspect_command},
    {"schema", "prints the JSON Schema of topology files, for editors", gale::cli::schema_command},
    {"worker", "one worker process of a run; started by gale itself", gale::cli::worker_command},
};

void print_help(std::FILE* to) {
  std::fputs("Usage: gale COMMAND [arguments]; gale COMMAND --help tells more\n\n", to);
  for (const Command& c : kCommands) std::fprintf(to, "  %-10s %s\n", c.name, c.explain);
}

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    print_help(stderr);
    return gale::cli::kUsage;
  }
  if (arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    print_help(stdout);
    return gale::cli::kOk;
  }
  if (arguments[0] == "--version") {
    std::puts("gale " GALE_VERSION);
    return gale::cli::kOk;
  }
  for (const Command& c : kCommands) {
    if (arguments[0] == c.name) return c.run({arguments.begin() + 1, arguments.end()});
  }
  gale::cli::complain("no command '" + arguments[0] + "'; 'gale --help' lists them");
  return gale::cli::kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return dispatch({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    gale::cli::complain(std::string("unexpected: ") + e.what());
    return gale::cli::kUsage;
  }
}
