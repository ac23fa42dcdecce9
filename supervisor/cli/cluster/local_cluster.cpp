// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/cluster/local_cluster.hpp"

#include "supervisor/cli/cluster/master_call.hpp"
#include "supervisor/control/fields.hpp"
#include "supervisor/control/rpc.hpp"
#include "supervisor/node/durable.hpp"
#include "supervisor/node/log_tail.hpp"
#include "supervisor/node/worker_process.hpp"

#include <poll.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <utility>

namespace gale::cli {
namespace {

constexpr Duration kUpMost = std::chrono::seconds(20);

/// The process that a daemon's file names, while it lives.
std::optional<node::WorkerProcess> find(const std::filesystem::path& file) {
  std::ifstream in(file);
  node::ProcessId id;
  if (!(in >> id.pid >> id.start_time >> id.boot)) return std::nullopt;
  return node::WorkerProcess::adopt(id);
}

/// True: it has ended within `most`.
bool ended_within(node::WorkerProcess& process, Duration most) {
  pollfd ready{process.fd(), POLLIN, 0};
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(most).count();
  return ::poll(&ready, 1, static_cast<int>(ms)) == 1;
}

}  // namespace

Result<void> LocalCluster::start(const std::string& daemon, const std::vector<std::string>& arguments) {
  const std::filesystem::path file = dir_ / (daemon + ".pid");
  if (find(file)) return {};
  std::vector<std::string> command = {std::filesystem::read_symlink("/proc/self/exe").string(), daemon, "--state",
                                      (dir_ / daemon).string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const std::filesystem::path log = dir_ / (daemon + ".log");
  Result<node::WorkerProcess> process = node::WorkerProcess::start(command, log);
  if (!process) return Failed{process.error()};
  const node::ProcessId& id = process->id();
  return node::write_durably(file, std::to_string(id.pid) + " " + std::to_string(id.start_time) + " " + id.boot + "\n");
}

Result<void> LocalCluster::up(const std::string& listen, std::uint32_t slots) {
  std::error_code wrong;
  std::filesystem::create_directories(dir_, wrong);
  if (wrong) return Failed{"cannot make " + dir_.string() + ": " + wrong.message() + "; name another with --state"};
  if (Result<void> master = start("master", {"--listen", listen}); !master) return master;
  if (Result<void> supervisor = start("supervisor", {"--master", listen, "--slots", std::to_string(slots)});
      !supervisor)
    return supervisor;
  return wait_for(listen);
}

Result<void> LocalCluster::wait_for(const std::string& master) {
  const SteadyClock clock;
  Result<control::RequestClient> client = control::RequestClient::connect(endpoint_of(master));
  if (!client) return Failed{client.error()};
  for (const TimePoint until = clock.now() + kUpMost; clock.now() < until;) {
    for (const char* daemon : {"master", "supervisor"}) {
      if (find(dir_ / (std::string(daemon) + ".pid"))) continue;
      return Failed{"the " + std::string(daemon) +
                    " has ended: " + node::log_tail(dir_ / (std::string(daemon) + ".log"), 3, 1000)};
    }
    const control::Reply reply = client->call("supervisors", Value::Map{}, std::chrono::milliseconds(300));
    const auto* hosts = reply.value.get_if<Value::Array>();
    for (const Value& host : hosts == nullptr ? Value::Array{} : *hosts) {
      if (control::flag_in(host, "up")) return {};
    }
    ::poll(nullptr, 0, 20);
  }
  return Failed{"the supervisor has not found the master within 20 s; see the logs in " + dir_.string()};
}

Result<bool> LocalCluster::end(const std::string& daemon, int signal, Duration most) {
  const std::filesystem::path file = dir_ / (daemon + ".pid");
  std::optional<node::WorkerProcess> process = find(file);
  if (process) {
    process->signal(signal);
    if (!ended_within(*process, most)) {
      return Failed{"the " + daemon + " (pid " + std::to_string(process->id().pid) + ") has not ended; see " +
                    (dir_ / (daemon + ".log")).string()};
    }
  }
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  return process.has_value();
}

Result<bool> LocalCluster::down() {
  const Result<bool> supervisor = end("supervisor", SIGUSR1, std::chrono::seconds(30));  // with its workers
  if (!supervisor) return supervisor;
  const Result<bool> master = end("master", SIGTERM, std::chrono::seconds(10));
  if (!master) return master;
  return *supervisor || *master;
}

}  // namespace gale::cli
