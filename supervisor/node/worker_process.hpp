// SPDX-License-Identifier: Apache-2.0
//
// WorkerProcess: a process that outlives whoever started it: a session of its own, stdio of its own, no tie to us. Held
// by a pidfd, so that its death is seen at once and a signal cannot reach somebody who has its pid later; started here,
// or found running and adopted. Letting go of it does nothing to it. Owned by one thread.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "supervisor/node/slot_record.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gale::node {

class WorkerProcess {
 public:
  /// Runs `arguments[0]`: stdin empty, stdout and stderr at the end of `log`, no signal blocked or ignored.
  static Result<WorkerProcess> start(const std::vector<std::string>& arguments, const std::filesystem::path& log);
  /// Nothing when it is gone, or its pid is somebody else's by now.
  static std::optional<WorkerProcess> adopt(const ProcessId& id);
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&& other) noexcept;
  ~WorkerProcess();

  [[nodiscard]] const ProcessId& id() const noexcept { return id_; }
  /// Readable when it has ended.
  [[nodiscard]] int fd() const noexcept { return fd_; }
  void signal(int number) const noexcept;
  struct End {
    bool known = true;  // false: it was adopted, only its parent is told how it ended
    int signal = 0;     // that ended it; 0: none
    int status = 0;
  };
  /// Without waiting.
  std::optional<End> ended();

 private:
  WorkerProcess(ProcessId id, int fd, bool ours) : id_(std::move(id)), fd_(fd), ours_(ours) {}
  ProcessId id_;
  int fd_ = -1;
  bool ours_ = false;
};

/// Of a running process; its `pid` is 0 when there is none.
[[nodiscard]] ProcessId process_id_of(std::int64_t pid);
/// Of the running kernel: another after each boot.
[[nodiscard]] std::string boot_id();

/// A worker process of ours, by its command line: `--launch STATE/slots/PORT/launch` names its slot.
struct FoundWorker {
  std::uint16_t port = 0;
  Assignment assignment;
  Incarnation incarnation;
  ProcessId process;
};
/// All that belong to the user we run as and were started for the slots of this state folder.
[[nodiscard]] std::vector<FoundWorker> find_workers(const std::filesystem::path& state);

}  // namespace gale::node
