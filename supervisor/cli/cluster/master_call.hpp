// SPDX-License-Identifier: Apache-2.0
//
// MasterCall: how a command speaks to the master: where it is, what is asked, what is said when there is no answer.
#pragma once

#include "gale/value.hpp"
#include "supervisor/cli/command.hpp"
#include "supervisor/cli/plugin_json.hpp"
#include "supervisor/control/rpc.hpp"

#include <optional>
#include <string>

namespace gale::cli {

inline constexpr const char* kDefaultMaster = "127.0.0.1:6627";

/// A command that asks the master: --master and --json.
class MasterCommand : public Command {
 protected:
  explicit MasterCommand(bool json = true);

  /// The answer; nothing after a complaint, whose exit status is then status().
  std::optional<Value> ask(const std::string& verb, Value args, Duration most = std::chrono::seconds(10));
  [[nodiscard]] int status() const noexcept { return status_; }
  /// After a complaint of its own.
  void fail(int status) noexcept { status_ = status; }
  [[nodiscard]] bool json() const noexcept { return json_; }
  [[nodiscard]] const std::string& master() const noexcept { return master_; }

 private:
  std::string master_, keys_;
  bool json_ = false;
  int status_ = kOk;
  std::optional<control::RequestClient> client_;
};

/// What all commands that ask the master say of themselves.
[[nodiscard]] About of_master(About about);

/// tcp://HOST:PORT of what --master says: HOST:PORT, HOST, or a whole address.
[[nodiscard]] std::string endpoint_of(const std::string& master);

[[nodiscard]] Json to_json(const Value& value);

}  // namespace gale::cli
