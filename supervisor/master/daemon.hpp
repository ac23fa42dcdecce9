// SPDX-License-Identifier: Apache-2.0
//
// Daemon: the master as a process: takes requests, asks the clock, keeps the store. All decisions are the Cluster's.
// Threads: one, its owner's.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "engine/keys/security.hpp"
#include "supervisor/master/cluster.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace gale::master {

struct DaemonOptions {
  std::string program;                       // of gale itself
  std::filesystem::path state_dir;           // made when it is not there, for its owner alone
  std::string endpoint;                      // tcp://HOST:PORT
  std::optional<keys::Security> security{};  // whom it lets in; without, it listens to this host alone
  ClusterTimes times;
};

class Daemon {
 public:
  Daemon(DaemonOptions options, const Clock& clock);
  ~Daemon();

  /// Opens the store and the listener.
  Result<void> start();
  [[nodiscard]] std::string endpoint() const;
  /// Until `stop` says so; it is asked at least every 200 ms.
  void run(const std::function<bool()>& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gale::master
