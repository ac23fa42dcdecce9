// SPDX-License-Identifier: Apache-2.0
//
// What a supervisor needs of its machine beside its folder: processes, the workers' voices, the master's. Tests have
// others. One thread.
#pragma once

#include "engine/base/result.hpp"
#include "supervisor/control/message.hpp"
#include "supervisor/control/request.hpp"
#include "supervisor/node/slot_record.hpp"
#include "supervisor/node/worker_process.hpp"
#include "supervisor/process/process.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gale::node {

struct Ended {
  std::uint16_t port = 0;
  std::optional<process::Exit> exit;  // nothing when it was adopted: only its parent is told how it ended
  bool out_of_memory = false;         // the kernel counts a kill for want of memory since it was started
};

/// At most one process a port.
class Processes {
 public:
  virtual ~Processes() = default;
  virtual Result<ProcessId> start(std::uint16_t port, const std::vector<std::string>& arguments,
                                  const std::filesystem::path& log) = 0;
  /// False: it is gone.
  virtual bool adopt(std::uint16_t port, const ProcessId& process) = 0;
  /// Workers that run for slots of this folder, known or not.
  virtual std::vector<FoundWorker> find() = 0;
  virtual void signal(std::uint16_t port, int number) = 0;
  /// KILL to a process that no slot has.
  virtual void kill_stray(const ProcessId& process) = 0;
  virtual std::vector<Ended> deaths() = 0;
  virtual std::uint64_t rss_bytes(std::uint16_t port) = 0;
};

/// The control channel.
class Workers {
 public:
  virtual ~Workers() = default;
  virtual std::optional<control::Message> receive() = 0;
  virtual bool send(const control::Message& message) = 0;
};

/// The connection to the master.
class Requests {
 public:
  virtual ~Requests() = default;
  virtual bool send(const control::Request& request) = 0;
  virtual std::optional<control::Reply> receive() = 0;
  /// Drops what waits to be sent, and connects anew.
  virtual void reconnect() = 0;
};

}  // namespace gale::node
