// SPDX-License-Identifier: Apache-2.0
//
// gale supervisor: the daemon of a host that runs workers: reads its options, wires node/supervisor.hpp to sockets and
// processes, and waits.
#include "supervisor/node/supervisor.hpp"

#include "engine/base/log.hpp"
#include "engine/keys/endpoint.hpp"
#include "supervisor/cli/cluster/daemon_options.hpp"
#include "supervisor/cli/cluster/keys_option.hpp"
#include "supervisor/cli/cluster/master_call.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/options.hpp"
#include "supervisor/cli/signals.hpp"
#include "supervisor/control/channel.hpp"
#include "supervisor/control/rpc.hpp"
#include "supervisor/node/endpoints.hpp"
#include "supervisor/node/process_table.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <boost/program_options.hpp>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

constexpr std::uint16_t kFirstPort = 6700;
constexpr std::uint32_t kMostSlots = 100;  // acks come a hundred ports above
constexpr Duration kLookEvery = std::chrono::milliseconds(200);

struct SupervisorArguments {
  std::string state, master = kDefaultMaster, name, ports, keys, address = "127.0.0.1";
  std::optional<std::uint32_t> slots;
  std::optional<Duration> report_within, start_within, stop_within;
  bool kill_workers = false, quiet = false;
};

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

/// "6700-6703" or "6700,6702".
Result<std::vector<std::uint16_t>> parse_ports(std::string_view text) {
  const Failed bad{"--ports '" + std::string(text) +
                   "': wants ports of 1024 to 65435 as 6700-6703 or 6700,6702, at most " + std::to_string(kMostSlots)};
  std::vector<std::uint16_t> ports;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    std::uint32_t first = 0, last = 0;
    const char* end = part.data() + part.size();
    auto read = std::from_chars(part.data(), end, first);
    last = first;
    if (read.ec == std::errc() && read.ptr != end && *read.ptr == '-') read = std::from_chars(read.ptr + 1, end, last);
    if (read.ec != std::errc() || read.ptr != end || first < 1024 || last > 65435 || last < first) return bad;
    for (std::uint32_t p = first; p <= last && ports.size() <= kMostSlots; ++p)
      ports.push_back(static_cast<std::uint16_t>(p));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  if (ports.empty() || ports.size() > kMostSlots) return bad;
  return ports;
}

Result<std::vector<std::uint16_t>> ports_of(const SupervisorArguments& a) {
  if (!a.ports.empty() && a.slots) return Failed{"--slots and --ports say the same: leave one of the two out"};
  if (!a.ports.empty()) return parse_ports(a.ports);
  std::vector<std::uint16_t> ports;
  for (std::uint32_t i = 0; i < a.slots.value_or(4); ++i) ports.push_back(static_cast<std::uint16_t>(kFirstPort + i));
  return ports;
}

/// Whichever of the two is on another host: the master, or those who come to workers of this one.
std::string keys_wanted_at(const std::string& master, const std::string& address, std::uint16_t port) {
  const std::string own = node::slot_endpoints(address, port).first;
  return keys::is_local(own) ? master : own;
}

class ChannelWorkers final : public node::Workers {
 public:
  explicit ChannelWorkers(control::Server& server) : server_(server) {}
  std::optional<control::Message> receive() override { return server_.receive(); }
  bool send(const control::Message& message) override { return server_.send(message.worker, message); }

 private:
  control::Server& server_;
};

class MasterRequests final : public node::Requests {
 public:
  MasterRequests(std::string endpoint, std::optional<keys::Security> security, control::RequestClient client)
      : endpoint_(std::move(endpoint)), security_(std::move(security)), client_(std::move(client)) {}
  bool send(const control::Request& request) override { return client_.send(request); }
  std::optional<control::Reply> receive() override { return client_.receive(); }
  void reconnect() override {
    if (Result<control::RequestClient> fresh = control::RequestClient::connect(endpoint_, security_))
      client_ = std::move(*fresh);
  }
  [[nodiscard]] int fd() const { return client_.fd(); }

 private:
  std::string endpoint_;
  std::optional<keys::Security> security_;
  control::RequestClient client_;
};

/// The kernel ends workers for want of memory before us. Only root may ask for that; workers ask to go first.
void outlive_workers() {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  static_cast<void>(::write(fd, "-500", 4) == 4);
  ::close(fd);
}

class SupervisorCommand final : public Command {
 public:
  SupervisorCommand() {
    option()  //
        ("state", po::value(&a_.state)->value_name("DIR"),
         "what it keeps: its id, plugins, topologies, logs, which workers run (default: /var/lib/gale/supervisor, of "
         "others than root $XDG_STATE_HOME/gale/supervisor)")                                                        //
        ("master", po::value(&a_.master)->value_name("HOST:PORT"), "where the master is (default: 127.0.0.1:6627)")  //
        ("slots", count_option("slots", a_.slots, 1, kMostSlots),
         "workers that it may run, on ports from 6700 (default: 4)")                                             //
        ("ports", po::value(&a_.ports)->value_name("PORTS"), "their ports, one a slot: 6700-6703 or 6700,6702")  //
        ("name", po::value(&a_.name)->value_name("NAME"), "of this host, for people (default: the host's)")      //
        ("address", po::value(&a_.address)->value_name("HOST"),
         "where workers of other hosts reach those of this one (default: 127.0.0.1)")  //
        ("keys", po::value(&a_.keys)->value_name("DIR"), kKeysExplain)                 //
        ("worker-timeout", time_option("worker-timeout", a_.report_within),
         "a worker that has not reported for so long is killed and started anew (default: 30s)")  //
        ("worker-start-timeout", time_option("worker-start-timeout", a_.start_within),
         "the same until its first report (default: 120s)")  //
        ("worker-stop-timeout", time_option("worker-stop-timeout", a_.stop_within),
         "a worker that has not ended so long after TERM is killed (default: 6s)")                  //
        ("kill-workers", po::bool_switch(&a_.kill_workers), "its end is that of its workers, too")  //
        ("quiet", po::bool_switch(&a_.quiet), "logs errors only");
  }
  [[nodiscard]] About about() const override {
    return {.name = "supervisor",
            .summary = "runs workers on this host as the master wants them",
            .text =
                "Runs workers on this host as the master wants them, and starts those anew that die. Ctrl-C and TERM "
                "end it and\nleave the workers running: the next supervisor with the same --state takes them over. "
                "USR1 ends it and its\nworkers.",
            .status_1 = "its folder or its sockets cannot be used",
            .group = "supervisor"};
  }
  int run(const std::vector<std::string>&) override {
    std::signal(SIGPIPE, SIG_IGN);
    StopSignals signals({SIGINT, SIGTERM, SIGUSR1});
    log::start(a_.quiet ? log::Level::kError : log::Level::kInfo, "supervisor");
    const Result<std::vector<std::uint16_t>> ports = ports_of(a_);
    if (!ports) return refuse(ports.error(), kUsage);
    const std::string endpoint = endpoint_of(a_.master);
    const std::string folder_of_keys = keys_folder(a_.keys, keys_wanted_at(endpoint, a_.address, ports->front()));
    const Result<std::optional<keys::Security>> security =
        keys_in(folder_of_keys, keys::Role::kSupervisor, keys::Role::kMaster);
    if (!security) return refuse(security.error(), kUsage);
    if (!folder_of_keys.empty()) {  // what its workers will need
      const auto workers = keys_in(folder_of_keys, keys::Role::kWorker, keys::Role::kWorker);
      if (!workers) return refuse(workers.error(), kUsage);
    }
    Result<control::RequestClient> client = control::RequestClient::connect(endpoint, *security);
    if (!client) return refuse(client.error(), kUsage);
    const std::filesystem::path folder =
        a_.state.empty() ? default_state_dir("supervisor") : std::filesystem::path(a_.state);
    Result<node::StateFolder> state = node::StateFolder::open(folder);
    if (!state) return refuse(state.error(), kFailed);
    Result<control::Server> server = control::Server::bind("ipc://" + (state->run() / "control").string());
    if (!server) return refuse(server.error(), kFailed);
    outlive_workers();
    return serve(*ports, *state, *server, {endpoint, *security, std::move(*client)}, folder_of_keys, signals);
  }

 private:
  static int refuse(const std::string& why, int status) {
    complain(why);
    return status;
  }

  int serve(const std::vector<std::uint16_t>& ports, node::StateFolder& state, control::Server& server,
            MasterRequests requests, const std::string& folder_of_keys, StopSignals& signals) {
    const SteadyClock clock;
    node::ProcessTable processes(state.path());
    ChannelWorkers workers(server);
    std::mt19937_64 dice{std::random_device{}()};
    node::SupervisorOptions options{.program = std::filesystem::read_symlink("/proc/self/exe").string(),
                                    .name = a_.name.empty() ? host_name() : a_.name,
                                    .address = a_.address,
                                    .ports = ports,
                                    .keys = folder_of_keys,
                                    .limits = {}};
    options.limits.report_within = a_.report_within.value_or(options.limits.report_within);
    options.limits.start_within = a_.start_within.value_or(options.limits.start_within);
    options.limits.stop_within = a_.stop_within.value_or(options.limits.stop_within);
    node::Supervisor supervisor(options, state, processes, workers, requests, clock,
                                [&dice] { return std::uniform_real_distribution<>(0, 1)(dice); });
    log::info("", "host " + options.name + " (" + state.host() + "), " + std::to_string(ports.size()) +
                      " slots from port " + std::to_string(ports.front()) + ", master " + a_.master + ", state " +
                      state.path().string());
    supervisor.begin();
    bool ending = false;
    while (!ending || supervisor.alive() > 0) {
      supervisor.step();
      std::vector<int> fds = processes.fds();
      fds.push_back(requests.fd());
      fds.push_back(signals.fd());
      server.wait(fds, std::min<Duration>(supervisor.next() - clock.now(), kLookEvery));
      const std::vector<int> came = signals.take_numbers();
      if (came.empty()) continue;
      const bool all = a_.kill_workers || std::find(came.begin(), came.end(), SIGUSR1) != came.end();
      if (!all) {
        log::info("", std::to_string(supervisor.alive()) + " workers run on");
        return kOk;
      }
      ending = true;
      supervisor.end_workers();
    }
    return kOk;
  }

  SupervisorArguments a_;
};

}  // namespace

std::unique_ptr<Command> supervisor_command() { return std::make_unique<SupervisorCommand>(); }

}  // namespace gale::cli
