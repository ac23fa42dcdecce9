// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/daemon.hpp"

#include "engine/base/log.hpp"
#include "engine/base/wall_clock.hpp"
#include "supervisor/control/rpc.hpp"
#include "supervisor/master/checks.hpp"
#include "supervisor/master/verbs.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace gale::master {
namespace {

constexpr Duration kTickEvery = std::chrono::milliseconds(200);

}  // namespace

struct Daemon::Impl {
  Impl(DaemonOptions o, const Clock& c) : options(std::move(o)), clock(c) {}
  DaemonOptions options;
  const Clock& clock;
  std::unique_ptr<Store> store;
  std::optional<Cluster> cluster;
  std::optional<Checks> checks;
  std::optional<Verbs> verbs;
  std::optional<control::RequestServer> server;
};

Daemon::Daemon(DaemonOptions options, const Clock& clock) : impl_(std::make_unique<Impl>(std::move(options), clock)) {}
Daemon::~Daemon() = default;

Result<void> Daemon::start() {
  Impl& d = *impl_;
  std::error_code wrong;
  std::filesystem::create_directories(d.options.state_dir, wrong);
  if (wrong) {
    return Failed{"cannot make the state directory " + d.options.state_dir.string() + ": " + wrong.message() +
                  "; name another with --state"};
  }
  std::filesystem::permissions(d.options.state_dir, std::filesystem::perms::owner_all, wrong);
  std::vector<std::string> notes;
  Result<std::unique_ptr<Store>> store = open_sqlite_store((d.options.state_dir / "master.db").string(), notes);
  if (!store) return Failed{store.error()};
  for (const std::string& note : notes) log::warn("", note);
  d.store = std::move(*store);
  Result<control::RequestServer> server = control::RequestServer::bind(d.options.endpoint, d.options.security);
  if (!server) return Failed{server.error()};
  d.server.emplace(std::move(*server));
  d.cluster.emplace(*d.store, d.options.times, d.clock.now(), wall_ms());
  if (Result<void> loaded = d.cluster->load(d.clock.now()); !loaded) return loaded;
  d.checks.emplace(d.options.program, d.options.state_dir / "checks", *d.store, d.clock);
  d.verbs.emplace(*d.cluster, *d.store, *d.checks, d.clock);
  return {};
}

std::string Daemon::endpoint() const { return impl_->server->endpoint(); }

void Daemon::run(const std::function<bool()>& stop) {
  Impl& d = *impl_;
  TimePoint tick = d.clock.now();
  while (!stop()) {
    while (std::optional<control::Asked> asked = d.server->receive()) d.verbs->ask(*asked);
    const TimePoint now = d.clock.now();
    if (now >= tick) {
      d.cluster->tick(now, wall_ms());
      tick = now + kTickEvery;
    }
    d.verbs->tick();
    for (Verbs::Answer& answer : d.verbs->answers()) d.server->answer(answer.peer, answer.reply);
    d.server->wait(d.checks->fds(), std::min(tick, d.verbs->next_due()) - d.clock.now());
  }
}

}  // namespace gale::master
