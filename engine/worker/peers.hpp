// SPDX-License-Identifier: Apache-2.0
//
// Peers: the worker's side of the links: destinations in other workers that look like any other, END told again to a
// peer that was started anew, and the poller's hook.
// Threads: destinations from any pool thread; callbacks of the hub come on whichever thread polls it.
#pragma once

#include "engine/base/result.hpp"
#include "engine/execute/destination.hpp"
#include "engine/execute/environment.hpp"
#include "engine/execute/inbox.hpp"
#include "engine/link/endpoints.hpp"
#include "engine/wire/ack.hpp"
#include "engine/worker/report.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace gale::worker {

struct Options;

class Peers {
 public:
  /// `inbox_of`: the inbox of a task of this worker, or nothing.
  Peers(const plan::Plan& plan, const Options& options, execute::Environment& env,
        std::function<execute::Inbox*(TaskId)> inbox_of);
  ~Peers();

  Result<void> start();
  [[nodiscard]] execute::Destination& destination(TaskId task, bool feedback);
  void tell(WorkerId worker, wire::AckBatch&& batch);
  [[nodiscard]] const std::vector<link::Endpoints>& listen_at() const;
  /// Listens there, too, from now on. The owner's thread.
  Result<void> listen(const link::Endpoints& at);
  /// That worker is to be found there from now on. Any thread.
  Result<void> moved(WorkerId worker, const link::Endpoints& to);
  /// Its END has been taken by every link it goes over; from now on it is told again to peers that are started anew.
  void task_ended(TaskId task);
  /// All that was sent was executed, and all acks are told.
  [[nodiscard]] bool settled() const;
  [[nodiscard]] LinkReport report() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gale::worker
