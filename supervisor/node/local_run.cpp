// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/local_run.hpp"

#include "engine/base/log.hpp"
#include "engine/keys/security.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

namespace gale::node {
namespace {

constexpr Duration kQuick = std::chrono::seconds(2);  // a life shorter than this is a quick death
constexpr std::uint32_t kMostQuickDeaths = 8;
constexpr std::uint32_t kMostReports = 20;  // of crashes, that are kept in files
constexpr Duration kStopping = std::chrono::seconds(10);

Duration restart_delay(std::uint32_t quick_deaths) {  // the first start anew is at once
  if (quick_deaths <= 1) return Duration::zero();
  return std::chrono::milliseconds(50) * (1u << std::min(quick_deaths, 7u));
}

}  // namespace

LocalRun::LocalRun(const plan::Plan& plan, LocalRunOptions options, const Clock& clock)
    : plan_(plan), options_(std::move(options)), clock_(clock), tally_(metrics::outline_of(plan)) {}

LocalRun::~LocalRun() {
  places_.clear();
  server_.reset();
  std::error_code ignored;
  if (!dir_.empty()) std::filesystem::remove_all(dir_, ignored);
}

Result<void> LocalRun::start() {
  std::string pattern = (std::filesystem::temp_directory_path() / "gale-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return Failed{"cannot make a directory for the workers' sockets: " + pattern + ": " + std::strerror(errno) +
                  "; set TMPDIR to a writable directory"};
  }
  dir_ = pattern;
  while (::getrandom(&token_, sizeof token_, 0) != static_cast<ssize_t>(sizeof token_)) {
  }
  Result<control::Server> server = control::Server::bind("ipc://" + dir_ + "/control");
  if (!server) return Failed{server.error()};
  server_.emplace(std::move(*server));
  if (Result<void> chosen = choose_places(); !chosen) return chosen;
  places_.resize(plan_.workers);
  for (std::uint16_t w = 0; w < plan_.workers; ++w) {
    std::filesystem::create_directory(home(w));
    launch(w);
    if (failure_) return Failed{failure_->text};
  }
  return {};
}

/// Over tcp: ports that are kept for this run, and keys that end with it.
Result<void> LocalRun::choose_places() {
  constexpr std::uint16_t kAcksAbove = 100;
  if (options_.link == LinkKind::kIpc) return {};
  if (options_.first_port != 0 && (plan_.workers > kAcksAbove || options_.first_port + 2 * kAcksAbove > 65536))
    return Failed{"ports from " + std::to_string(options_.first_port) + " on: wants at most " +
                  std::to_string(kAcksAbove) + " workers and ports up to 65535"};
  for (std::uint16_t w = 0; w < plan_.workers; ++w) {
    const auto port = static_cast<std::uint16_t>(options_.first_port == 0 ? 0 : options_.first_port + w);
    const Result<std::uint16_t> data = ports_.keep(port);
    const Result<std::uint16_t> ack = ports_.keep(port == 0 ? port : static_cast<std::uint16_t>(port + kAcksAbove));
    if (!data || !ack) return Failed{(data ? ack : data).error()};
    const std::string at = "tcp://127.0.0.1:";
    link_arguments_.insert(link_arguments_.end(),
                           {"--place", at + std::to_string(*data) + "," + at + std::to_string(*ack)});
  }
  if (options_.link == LinkKind::kTcp) return {};
  link_arguments_.insert(link_arguments_.end(), {"--keys", dir_ + "/keys"});
  return keys::make_own_keys(dir_ + "/keys", keys::Role::kWorker);
}

void LocalRun::launch(std::uint16_t worker) {
  Place& place = places_[worker];
  place.incarnation = Incarnation(place.incarnation.value + 1);
  place.finishing = place.finished = place.drained = false;
  place.suspects_told = 0;
  place.started = clock_.now();
  place.start_at = TimePoint::max();
  std::vector<std::string> arguments = {options_.program, "worker"};
  arguments.insert(arguments.end(), options_.worker_arguments.begin(), options_.worker_arguments.end());
  arguments.insert(arguments.end(), link_arguments_.begin(), link_arguments_.end());
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"--workers", std::to_string(plan_.workers)},
           {"--worker", std::to_string(worker + 1)},
           {"--incarnation", std::to_string(place.incarnation.value)},
           {"--dir", dir_},
           {"--home", home(worker)},
           {"--suspects", suspects_file()},
           {"--token", std::to_string(token_)},
           {"--parent", std::to_string(::getpid())}}) {
    arguments.emplace_back(name);
    arguments.push_back(value);
  }
  Result<process::Process> process = process::Process::start(arguments);
  if (!process) {
    failure_ = Failure{process.error(), false};
    return;
  }
  place.process.emplace(std::move(*process));
  place.oom_kills.emplace(place.process->pid());
}

bool LocalRun::wait(Duration most) {
  const TimePoint until = clock_.now() + most;
  for (;;) {
    receive();
    reap();
    if (failure_ || over()) return true;
    const TimePoint now = clock_.now();
    TimePoint next = until;
    for (std::uint16_t w = 0; w < places_.size(); ++w) {
      if (places_[w].start_at <= now) launch(w);
      next = std::min(next, places_[w].start_at);
    }
    if (now >= until) return false;
    std::vector<int> fds;
    for (const Place& place : places_) {
      if (place.process) fds.push_back(place.process->fd());
    }
    server_->wait(fds, next - now);
  }
}

void LocalRun::receive() {
  while (std::optional<control::Message> message = server_->receive()) {
    if (message->worker.value >= places_.size()) continue;
    Place& place = places_[message->worker.value];
    if (message->kind == control::Kind::kCannotStart) {
      failure_ = Failure{message->why, true};
      continue;
    }
    if (message->kind != control::Kind::kReport) continue;
    if (message->incarnation == place.incarnation) {
      place.finishing = message->report.finishing;
      place.finished = message->report.finished;
      results_lost_ = results_lost_ || message->report.results_lost;
      if (draining_) tell_drain(message->worker.value);
      tell_suspects(message->worker.value);
    }
    tally_.update(message->worker, message->incarnation, std::move(message->report));
  }
}

void LocalRun::drain() {
  draining_ = true;
  for (std::uint16_t w = 0; w < places_.size(); ++w) tell_drain(w);
}

/// Once a life; again with each report until it could be sent.
void LocalRun::tell_drain(std::uint16_t worker) {
  if (places_[worker].drained) return;
  control::Message message;
  message.kind = control::Kind::kDrain;
  message.worker = WorkerId(worker);
  places_[worker].drained = server_->send(message.worker, message);
}

void LocalRun::reap() {
  for (std::uint16_t w = 0; w < places_.size(); ++w) {
    process::Exit exit;
    if (!places_[w].process || !places_[w].process->ended(exit)) continue;
    places_[w].process.reset();
    receive();  // its last words may have come meanwhile
    if (!failure_) died(w, exit);
  }
}

void LocalRun::died(std::uint16_t worker, const process::Exit& exit) {
  Place& place = places_[worker];
  const TimePoint now = clock_.now();
  tally_.died(WorkerId(worker), place.incarnation);
  if (place.finishing && !place.finished) {
    results_lost_ = true;
    log::error("", "final results lost: worker " + std::to_string(worker + 1) + " died while its bolts said theirs");
  }
  const crash::Files files{home(worker), place.incarnation};
  const bool killed = exit.by_signal && exit.code == SIGKILL;
  const Death death = learn(files, exit, killed && place.oom_kills->more());
  if (death.ending == crash::Ending::kDrained && place.finished) return;  // somebody sent a TERM, and it has said all
  const std::string who = "worker " + std::to_string(worker + 1) + " died: " + death.text + keep_report(worker, death);
  files.remove();
  place.finished = false;
  if (!blame(death)) place.quick_deaths = now - place.started < kQuick ? place.quick_deaths + 1 : 0;
  if (place.quick_deaths > kMostQuickDeaths) {
    failure_ = Failure{who + ", " + std::to_string(place.quick_deaths) + " times within seconds of its start; given up",
                       false};
    return;
  }
  ++restarts_;
  log::warn("", who + "; starting it anew as incarnation " + std::to_string(place.incarnation.value + 1));
  place.start_at = now + restart_delay(place.quick_deaths);
}

/// Where the rest of what is known of a death stays when the run is over: "; stack in FILE".
std::string LocalRun::keep_report(std::uint16_t worker, const Death& death) {
  if (death.report.empty() || death.ending != crash::Ending::kCrash || ++reports_ > kMostReports) return {};
  std::error_code ignored;
  const std::filesystem::path path =
      std::filesystem::temp_directory_path(ignored) /
      ("gale-crash-" + std::to_string(::getpid()) + "-worker" + std::to_string(worker + 1) + "." +
       std::to_string(places_[worker].incarnation.value) + ".txt");
  std::ofstream file(path);
  file << death.report;
  file.close();
  return file ? "; stack in " + path.string() : std::string();
}

/// Notes whom a death speaks against. True: a tuple that has been suspect before, so it explains the death, and its end
/// as poison is near; a tuple that is new explains nothing yet, or a bolt that crashes at each would go on for ever.
bool LocalRun::blame(const Death& death) {
  const bool unsure = death.unsure && suspects_.unsure(*death.unsure);
  unsigned crashes = 0;
  if (death.suspect && death.out_of_memory) {
    suspects_.doubt(*death.suspect, death.shown);
  } else if (death.suspect) {
    crashes = suspects_.crashed(*death.suspect, death.shown);
  }
  if (unsure || death.suspect) write_suspects();
  if (crashes == crash::Suspects::kCrashes) {
    log::warn("", "tuple " + death.shown + " of " + death.suspect->from + " was executed by " +
                      death.suspect->component + " in " + std::to_string(crashes) +
                      " crashes: it is poison, and fails without being run again");
  }
  return crashes > 1;
}

/// For those that are started from now on; those that live are told.
void LocalRun::write_suspects() {
  const std::string half = suspects_file() + ".new";
  std::ofstream file(half);
  file << suspects_.to_text();
  file.close();
  std::error_code ignored;
  if (file) std::filesystem::rename(half, suspects_file(), ignored);
  ++suspects_number_;
  for (std::uint16_t w = 0; w < places_.size(); ++w) tell_suspects(w);
}

/// Once each list; again with each report until it could be sent.
void LocalRun::tell_suspects(std::uint16_t worker) {
  if (places_[worker].suspects_told == suspects_number_ || suspects_.idle()) return;
  control::Message message;
  message.kind = control::Kind::kSuspects;
  message.worker = WorkerId(worker);
  message.suspects = suspects_.to_text();
  if (server_->send(message.worker, message)) places_[worker].suspects_told = suspects_number_;
}

bool LocalRun::over() const {
  return std::all_of(places_.begin(), places_.end(), [](const Place& p) { return p.finished; });
}

void LocalRun::stop() {
  control::Message message;
  message.kind = control::Kind::kStop;
  for (std::uint16_t w = 0; w < places_.size(); ++w) {
    if (!places_[w].process) continue;
    message.worker = WorkerId(w);
    if (!server_->send(message.worker, message))
      places_[w].process->signal(SIGKILL);  // it has not spoken yet: nothing runs
  }
  const TimePoint until = clock_.now() + kStopping;
  for (;;) {
    std::vector<int> fds;
    for (Place& place : places_) {
      process::Exit exit;
      if (place.process && place.process->ended(exit)) place.process.reset();
      if (place.process) fds.push_back(place.process->fd());
    }
    const TimePoint now = clock_.now();
    if (fds.empty() || now >= until) break;
    server_->wait(fds, until - now);
    while (std::optional<control::Message> last = server_->receive()) {
      if (last->kind != control::Kind::kReport || last->worker.value >= places_.size()) continue;
      tally_.update(last->worker, last->incarnation, std::move(last->report));
    }
  }
  places_.clear();  // kills what is left
}

}  // namespace gale::node
