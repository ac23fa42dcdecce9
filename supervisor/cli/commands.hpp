// SPDX-License-Identifier: Apache-2.0
//
// The commands, each made by the file of its name.
#pragma once

#include "supervisor/cli/command.hpp"

#include <memory>

namespace gale::cli {

std::unique_ptr<Command> run_command();
std::unique_ptr<Command> plan_command();
std::unique_ptr<Command> validate_command();
std::unique_ptr<Command> test_command();
std::unique_ptr<Command> inspect_command();
std::unique_ptr<Command> schema_command();
std::unique_ptr<Command> settings_command();
std::unique_ptr<Command> new_command();
std::unique_ptr<Command> completion_command();
std::unique_ptr<Command> man_command();
std::unique_ptr<Command> supervisor_command();
std::unique_ptr<Command> worker_command();

}  // namespace gale::cli
