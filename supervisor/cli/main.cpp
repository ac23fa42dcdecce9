// SPDX-License-Identifier: Apache-2.0
#include "engine/base/hint.hpp"
#include "supervisor/cli/commands.hpp"
#include "topology-api/include/gale/abi.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace gale::cli {

std::vector<std::unique_ptr<Command>> all_commands() {
  std::vector<std::unique_ptr<Command>> all;
  for (auto make : {run_command,        plan_command,      validate_command,    test_command,   inspect_command,
                    schema_command,     settings_command,  new_command,         keygen_command, up_command,
                    down_command,       master_command,    supervisor_command,  submit_command, list_command,
                    status_command,     errors_command,    logs_command,        kill_command,   activate_command,
                    deactivate_command, rebalance_command, supervisors_command, top_command,    explain_command,
                    completion_command, man_command,       worker_command,      outline_command})
    all.push_back(make());
  return all;
}

namespace {

void print_help(std::FILE* to) {
  std::fputs("Usage: gale COMMAND [arguments]; gale COMMAND --help tells more\n\n", to);
  for (const auto& command : all_commands()) {
    const About about = command->about();
    if (!about.internal) std::fprintf(to, "  %-10s %s\n", about.name, about.summary);
  }
  std::fputs(
      "\nExit status: 0 ok, 1 the command's own failure (see its help), 2 bad usage or input, or an output\nthat "
      "cannot be written.\n",
      to);
}

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    print_help(stderr);
    return kUsage;
  }
  const std::string& name = arguments[0];
  if (name == "--version" || name == "-V") {
    std::printf("gale %s, plugin ABI %d.%d\n", GALE_VERSION, GALE_ABI_MAJOR, GALE_ABI_MINOR);
    return kOk;
  }
  if (name == "--help" || name == "-h" || (name == "help" && arguments.size() == 1)) {
    print_help(stdout);
    return kOk;
  }
  const bool help = name == "help";  // gale help run
  const std::vector<std::unique_ptr<Command>> commands = all_commands();
  Names names;
  for (const auto& command : commands) {
    const About about = command->about();
    if (about.name == arguments[help ? 1 : 0]) {
      return carry_out(*command, help ? std::vector<std::string>{"--help"}
                                      : std::vector<std::string>(arguments.begin() + 1, arguments.end()));
    }
    if (!about.internal) names.push_back(about.name);
  }
  complain("no command '" + arguments[help ? 1 : 0] + "'" + suggest(arguments[help ? 1 : 0], names) +
           "; 'gale --help' tells what each does");
  return kUsage;
}

/// What a command has printed is its result: a full disk must not look like success.
int check_output(int status) {
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  complain(std::string("standard output cannot be written: ") + std::strerror(errno));
  return status == kOk ? kUsage : status;
}

}  // namespace
}  // namespace gale::cli

int main(int argc, char** argv) {
  try {
    return gale::cli::check_output(gale::cli::dispatch({argv + 1, argv + argc}));
  } catch (const std::exception& e) {
    gale::cli::complain(std::string("unexpected: ") + e.what());
    return gale::cli::kUsage;
  }
}
