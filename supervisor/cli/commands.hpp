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
std::unique_ptr<Command> keygen_command();
std::unique_ptr<Command> completion_command();
std::unique_ptr<Command> man_command();

// of a cluster
std::unique_ptr<Command> up_command();
std::unique_ptr<Command> down_command();
std::unique_ptr<Command> master_command();
std::unique_ptr<Command> supervisor_command();
std::unique_ptr<Command> submit_command();
std::unique_ptr<Command> list_command();
std::unique_ptr<Command> status_command();
std::unique_ptr<Command> errors_command();
std::unique_ptr<Command> kill_command();
std::unique_ptr<Command> activate_command();
std::unique_ptr<Command> deactivate_command();
std::unique_ptr<Command> rebalance_command();
std::unique_ptr<Command> supervisors_command();
std::unique_ptr<Command> logs_command();
std::unique_ptr<Command> top_command();
std::unique_ptr<Command> explain_command();

// started by gale itself
std::unique_ptr<Command> worker_command();
std::unique_ptr<Command> outline_command();

}  // namespace gale::cli
