// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/supervisor.hpp"

#include "engine/base/log.hpp"
#include "supervisor/control/fields.hpp"
#include "supervisor/control/peers.hpp"
#include "supervisor/node/endpoints.hpp"
#include "supervisor/node/log_read.hpp"
#include "supervisor/node/log_tail.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace gale::node {
namespace {

using control::SlotState;

constexpr std::size_t kMostEvents = 256;  // that wait for the master
constexpr std::size_t kMostEventBytes = 4096;
constexpr std::size_t kTailLines = 10, kTailBytes = 2048;
constexpr std::size_t kMostAnswered = 256;
constexpr Duration kUnused = std::chrono::minutes(10);  // a plugin that no topology needs is kept so long
constexpr std::chrono::hours kLogsKept{7 * 24};         // of topologies that are no more
constexpr Duration kCleanEvery = std::chrono::seconds(10);

std::string person_of(const Assignment& a) { return a.topology + ", worker " + std::to_string(a.place.value + 1); }

}  // namespace

Supervisor::Supervisor(SupervisorOptions options, StateFolder& state, Processes& processes, Workers& workers,
                       Requests& requests, const Clock& clock, std::function<double()> chance)
    : options_(std::move(options)),
      state_(state),
      processes_(processes),
      workers_(workers),
      clock_(clock),
      chance_(chance),
      master_(requests, std::move(chance)),
      fetch_(state, master_),
      boot_(control::fresh_id()) {
  for (const std::uint16_t port : options_.ports) slots_[port].now.port = port;
}

// ---- what an earlier supervisor has left

void Supervisor::begin() {
  now_ = clock_.now();
  strays_ = processes_.find();
  for (auto& [port, slot] : slots_) adopt(slot, strays_);
  const auto taken = [this](const FoundWorker& f) {
    const Slot* slot = slot_at(f.port);
    return slot != nullptr && slot->now.alive && slot->process == f.process;
  };
  std::erase_if(strays_, taken);
  for (const std::string& note : state_.take_notes()) log::warn("", note);
}

void Supervisor::adopt(Slot& slot, const std::vector<FoundWorker>& found) {
  if (const std::optional<SlotRecord> record = state_.record(slot.now.port)) {
    slot.now.assignment = record->assignment;
    slot.now.incarnation = record->incarnation;
    slot.now.former = record->former;
    slot.process = record->process;
    slot.ended = record->ended;
  }
  slot.now.start_at = now_;
  const FoundWorker* newest = nullptr;  // in the record, launched just before the last supervisor died, or without one
  for (const FoundWorker& f : found) {
    if (f.port == slot.now.port && (newest == nullptr || f.incarnation > newest->incarnation)) newest = &f;
  }
  if (newest != nullptr && newest->incarnation >= slot.now.incarnation &&
      processes_.adopt(slot.now.port, newest->process)) {
    if (slot.now.assignment != newest->assignment || slot.now.incarnation != newest->incarnation)
      remember(slot, newest->assignment, newest->incarnation);
    slot.process = newest->process;
    slot.ended = false;
    slot.now.alive = true;
    slot.now.heard = slot.started = now_;
    if (const auto file = state_.log_file(newest->assignment.topology, newest->assignment.place)) slot.log = *file;
    note_trouble(write(slot));
    log::info("", person_of(newest->assignment) + " runs on in slot " + std::to_string(slot.now.port) + ", pid " +
                      std::to_string(newest->process.pid));
    return;
  }
  if (slot.now.assignment && !slot.ended) {
    slot.now.alive = true;  // for died(), which knows what is to be done
    slot.started = now_ - Restarts::kHealthy;
    died(slot, {slot.now.port, std::nullopt, false});
  }
}

// ---- one step

void Supervisor::step() {
  now_ = clock_.now();
  hear_workers();
  reap();
  hear_master();
  act();
  beat();
  hear_master();  // sending may have eaten the notice of what came meanwhile
}

TimePoint Supervisor::next() const {
  TimePoint at = std::min(master_.next(), clean_at_);
  const Limits& limits = options_.limits;
  for (const auto& [port, slot] : slots_) {
    const SlotNow& s = slot.now;
    if (s.alive && s.asked) at = std::min(at, *s.asked + limits.stop_within);
    if (s.alive) at = std::min(at, s.heard + (s.spoke ? limits.report_within : limits.start_within));
    if (s.alive && s.told && !s.confirmed) at = std::min(at, s.told_at + limits.told_again);
    if (!s.alive && s.start_at > now_) at = std::min(at, s.start_at);
  }
  return std::max(std::min(at, fetch_.next() > now_ ? fetch_.next() : at), now_);
}

void Supervisor::hear_workers() {
  while (const std::optional<control::Message> m = workers_.receive()) {
    Slot* slot = slot_at(m->slot);
    if (slot == nullptr || !slot->now.alive || slot->now.incarnation != m->incarnation ||
        slot->now.assignment->place != m->worker)
      continue;
    slot->now.heard = now_;
    if (m->kind == control::Kind::kCannotStart) slot->last_words = "cannot start: " + m->why;
    if (m->kind != control::Kind::kReport) continue;
    news_ = news_ || !slot->now.spoke;
    slot->now.spoke = true;
    slot->now.confirmed = m->told == slot->told;
    for (const std::string& error : m->report.errors) add_event(*slot, error);
    slot->report = m->report;
    tell_suspects(*slot);
  }
}

void Supervisor::reap() {
  for (const Ended& end : processes_.deaths()) {
    hear_workers();  // its last words
    Slot* slot = slot_at(end.port);
    if (slot != nullptr && slot->now.alive) died(*slot, end);
  }
}

void Supervisor::died(Slot& slot, const Ended& end) {
  const bool wanted_to = slot.now.asked.has_value() && slot.why.empty();
  const crash::Files files{state_.home(slot.now.port).string(), slot.now.incarnation};
  const Death death = learn(files, end.exit, end.out_of_memory);
  files.remove();
  slot.now.alive = false;
  slot.now.spoke = slot.now.confirmed = false;
  slot.now.told.reset();
  slot.ended = true;
  slot.process = {};
  news_ = true;
  if (wanted_to) {
    slot.now.start_at = now_;
    log::info("", person_of(*slot.now.assignment) + " ended: " + death.text);
  } else {
    // A death that a tuple explains, which will not be run again, is no sign of a loop.
    slot.restarts.died(now_, blame(slot, death) ? Restarts::kHealthy : now_ - slot.started, chance_());
    slot.now.start_at = slot.restarts.start_at();
    if (slot.why.empty()) {
      const bool last_words = !slot.last_words.empty();
      const std::string how = end.exit ? end.exit->text() : death.text;
      slot.why = last_words ? slot.last_words + " (" + how + ")" : "died: " + death.text;
    }
    const std::string text = person_of(*slot.now.assignment) + " in slot " + std::to_string(slot.now.port) + ", life " +
                             std::to_string(control::count_of(slot.now.incarnation)) + ": " + slot.why;
    log::warn("", text);
    slot.last_death = slot.why;
    add_event(slot, death.report.empty() ? slot.why : slot.why + "\n" + death.report);
  }
  slot.now.asked.reset();
  slot.now.killed = false;
  note_trouble(write(slot));
}

/// Notes whom a death speaks against, and tells it to the topology's workers here. True: a tuple that had crashed one
/// before, so it explains the death.
bool Supervisor::blame(const Slot& slot, const Death& death) {
  const std::string& topology = slot.now.assignment->topology;
  if (!death.suspect && !death.unsure) return false;
  crash::Suspects& suspects = suspects_of(topology);
  unsigned crashes = 0;
  if (death.unsure) static_cast<void>(suspects.unsure(*death.unsure));
  if (death.suspect && death.out_of_memory) {
    suspects.doubt(*death.suspect, death.shown);
  } else if (death.suspect) {
    crashes = suspects.crashed(*death.suspect, death.shown);
  }
  if (crashes == crash::Suspects::kCrashes) {
    add_event(slot, "tuple " + death.shown + " of " + death.suspect->from + " was executed by " +
                        death.suspect->component + " in " + std::to_string(crashes) +
                        " crashes: it is poison, and fails without being run again");
  }
  note_trouble(state_.write_suspects(topology, suspects.to_text()));
  for (auto& [port, other] : slots_) {
    if (!other.now.alive || other.now.assignment->topology != topology) continue;
    other.suspects_told = false;
    tell_suspects(other);
  }
  return crashes > 1;
}

crash::Suspects& Supervisor::suspects_of(const std::string& topology) {
  const auto [it, fresh] = suspects_.try_emplace(topology);
  if (fresh) it->second = crash::Suspects::from_text(state_.suspects(topology));
  return it->second;
}

/// Once; again with each report until it could be sent.
void Supervisor::tell_suspects(Slot& slot) {
  if (slot.suspects_told || !slot.now.spoke) return;
  control::Message m;
  m.kind = control::Kind::kSuspects;
  m.slot = slot.now.port;
  m.worker = slot.now.assignment->place;
  m.incarnation = slot.now.incarnation;
  m.suspects = suspects_of(slot.now.assignment->topology).to_text();
  slot.suspects_told = workers_.send(m);
}

// ---- the master

void Supervisor::hear_master() {
  master_.step(now_);
  std::optional<MasterLink::Answer> answer = master_.take_answer();
  if (!answer) return;
  while (!events_.empty() && events_.front().number <= answer->events) events_.pop_front();
  answer_asks(answer->raw);
  wanted_ = std::move(answer->wanted);
  for (FoundWorker& stray : std::exchange(strays_, {})) {
    log::warn("", "pid " + std::to_string(stray.process.pid) + " is a worker that no slot has; killed");
    processes_.kill_stray(stray.process);
  }
  if (std::exchange(complete_, true)) return;
  news_ = true;
}

/// What the master wants to know of this host stands in its answers until it is told.
void Supervisor::answer_asks(const Value& answer) {
  for (const Value& ask : control::array_in(answer, "asks")) {
    const std::string id = control::text_in(ask, "id");
    if (std::find(answered_.begin(), answered_.end(), id) != answered_.end()) continue;
    Value::Map told{{"id", id}, {"host", state_.host()}};
    if (control::text_in(ask, "what") != "log") {
      told.emplace("refused", "this supervisor is older than the master and cannot tell it");
    } else if (const Result<LogPart> part = read_log(state_.logs(), to_log_ask(ask)); !part) {
      told.emplace("refused", part.error());
    } else {
      told.emplace("value", to_value(*part));
    }
    answered_.push_back(id);
    if (answered_.size() > kMostAnswered) answered_.pop_front();
    master_.ask("told", std::move(told), now_, [this, id](const std::optional<control::Reply>& reply) {
      if (!reply) std::erase(answered_, id);  // it may not have come there
    });
  }
}

void Supervisor::beat() {
  for (auto& [port, slot] : slots_) {  // a state that has changed is news
    const SlotState state = state_of(slot, wanted_ ? wanted_at(*wanted_, port, view()) : std::nullopt);
    news_ = news_ || std::exchange(slot.state, state) != state;
  }
  if (!master_.beat_due(now_, news_)) return;
  master_.beat(make_beat(), now_);
  news_ = false;
}

// ---- what is to be done

void Supervisor::act() {
  std::vector<SlotNow> slots;
  for (const auto& [port, slot] : slots_) slots.push_back(slot.now);
  const std::optional<control::Wanted> wanted = ending_ ? std::optional(control::Wanted{}) : wanted_;
  for (const Action& action : reconcile(wanted, slots, state_.installed(), view(), now_)) {
    if (!ending_ || action.kind != Action::Kind::kRemove) carry_out(action);
  }
  for (const std::string& note : state_.take_notes()) log::warn("", note);
  if (wanted_ && now_ >= clean_at_) clean_plugins();
}

void Supervisor::carry_out(const Action& action) {
  Slot* slot = slot_at(action.port);
  const control::WantedTopology* topology = find(action.revision);
  switch (action.kind) {
    case Action::Kind::kFetch:
      if (topology != nullptr) fetch_.go_on(topology->revision, now_);
      break;
    case Action::Kind::kStart:
      start(*slot, action);
      break;
    case Action::Kind::kTell:
      tell(*slot, action.told);
      break;
    case Action::Kind::kStop:
      stop(*slot, action.why);
      break;
    case Action::Kind::kKill:
      kill(*slot, action.why);
      break;
    case Action::Kind::kRemove:
      log::info("", "the files of " + action.revision.first + ", revision " + std::to_string(action.revision.second) +
                        ", are removed");
      state_.remove(action.revision);
      suspects_.erase(action.revision.first);
      break;
  }
}

/// The record names the life before there is a process of it, so no life is given twice, whenever we die.
void Supervisor::start(Slot& slot, const Action& action) {
  const control::WantedTopology* topology = find({action.assignment.topology, action.assignment.revision});
  if (topology == nullptr) return;
  remember(slot, action.assignment, action.incarnation);
  slot.last_words.clear();
  slot.report.reset();
  const Result<std::vector<std::string>> arguments = prepare(slot, topology->revision, action);
  Result<ProcessId> process =
      arguments ? processes_.start(slot.now.port, *arguments, slot.log) : Result<ProcessId>(Failed{arguments.error()});
  news_ = true;
  if (!process) {
    slot.why = process.error();
    slot.ended = true;
    slot.restarts.postpone(now_);
    slot.now.start_at = slot.restarts.start_at();
    log::error("", person_of(action.assignment) + " cannot be started: " + slot.why);
    return;
  }
  slot.process = *process;
  slot.ended = false;
  slot.now.alive = true;
  slot.now.heard = slot.started = now_;
  slot.now.told = action.told;
  slot.now.confirmed = true;  // it is in the launch file
  slot.told = 0;
  slot.suspects_told = true;  // it has read the file
  slot.why.clear();
  note_trouble(write(slot));
  log::info("", person_of(action.assignment) + " started in slot " + std::to_string(slot.now.port) + ", life " +
                    std::to_string(control::generation_of(action.incarnation)) + "." +
                    std::to_string(control::count_of(action.incarnation)) + ", pid " + std::to_string(process->pid));
}

/// All that has to be on disk before the process is; its command line.
Result<std::vector<std::string>> Supervisor::prepare(Slot& slot, const control::Revision& revision,
                                                     const Action& action) {
  const Assignment& a = action.assignment;
  const auto run = state_.run_folder_of(a.topology, a.revision);
  const auto log_file = run ? state_.log_file(a.topology, a.place) : Result<std::filesystem::path>(Failed{run.error()});
  Result<void> ready = log_file ? Result<void>() : Result<void>(Failed{log_file.error()});
  const control::Launch launch{revision.token, revision.sets, action.told.places, action.told.phase};
  if (ready) ready = state_.write_launch(slot.now.port, control::encode(launch));
  slot.ended = false;
  slot.process = {};
  if (ready) ready = write(slot);
  note_trouble(ready);
  if (!ready) return Failed{ready.error()};
  slot.log = *log_file;
  std::vector<std::string> words = {options_.program, "worker", state_.topology_file(a.topology, a.revision).string()};
  const auto add = [&](const char* option, const std::string& value) { words.insert(words.end(), {option, value}); };
  add("--plugins", state_.plugin_folder(a.topology, a.revision).string());
  add("--workers", std::to_string(revision.workers));
  for (const auto& [id, n] : revision.tasks) add("--tasks", id + "=" + std::to_string(n));
  add("--worker", std::to_string(a.place.value + 1));
  add("--incarnation", std::to_string(action.incarnation.value));
  add("--dir", run->string());
  add("--control", (state_.run() / "control").string());
  add("--slot", std::to_string(slot.now.port));
  const auto [data, ack] = slot_endpoints(options_.address, slot.now.port);
  add("--listen", data + "," + ack);
  add("--home", state_.home(slot.now.port).string());
  add("--log", slot.log.string());
  add("--suspects", state_.suspects_file(a.topology).string());
  if (!options_.keys.empty()) add("--keys", options_.keys);
  add("--launch", state_.launch_file(slot.now.port).string());
  return words;
}

/// The slot has another life now; the last one of another place is kept in mind.
void Supervisor::remember(Slot& slot, const Assignment& assignment, Incarnation life) {
  std::vector<Former>& former = slot.now.former;
  const auto is = [](const Assignment& a) {
    return [&a](const Former& f) { return f.topology == a.topology && f.place == a.place; };
  };
  if (slot.now.assignment) {
    std::erase_if(former, is(*slot.now.assignment));
    former.push_back({slot.now.assignment->topology, slot.now.assignment->place, slot.now.incarnation});
  }
  std::erase_if(former, is(assignment));
  if (former.size() > kMostFormer) former.erase(former.begin());
  if (!slot.now.assignment || !is(assignment)({slot.now.assignment->topology, slot.now.assignment->place, {}})) {
    slot.restarts = {};
    slot.last_death.clear();
  }
  slot.now.assignment = assignment;
  slot.now.incarnation = life;
}

void Supervisor::tell(Slot& slot, const Told& told) {
  control::Message m;
  m.slot = slot.now.port;
  m.worker = slot.now.assignment->place;
  m.incarnation = slot.now.incarnation;
  m.kind = control::Kind::kPeers;
  m.places = told.places;
  ++slot.told;
  const bool sent = workers_.send(m);
  m.places.clear();
  m.told = slot.told;
  m.kind = told.phase == control::Phase::kDraining   ? control::Kind::kDrain
           : told.phase == control::Phase::kInactive ? control::Kind::kDeactivate
                                                     : control::Kind::kActivate;
  if (sent) workers_.send(m);
  slot.now.told = told;
  slot.now.confirmed = false;
  slot.now.told_at = now_;
}

void Supervisor::stop(Slot& slot, const std::string& why) {
  log::info("", person_of(*slot.now.assignment) + " is told to end: " + why);
  control::Message m;
  m.kind = control::Kind::kStop;
  m.slot = slot.now.port;
  m.worker = slot.now.assignment->place;
  m.incarnation = slot.now.incarnation;
  if (!slot.now.spoke || !workers_.send(m)) processes_.signal(slot.now.port, SIGTERM);
  slot.now.asked = now_;
  slot.why.clear();
  news_ = true;
}

void Supervisor::kill(Slot& slot, const std::string& why) {
  log::warn("", person_of(*slot.now.assignment) + " is killed: " + why);
  processes_.signal(slot.now.port, SIGKILL);
  slot.now.killed = true;
  if (!slot.now.asked) {
    slot.why = "killed: " + why;
    slot.now.asked = now_;
  }
  news_ = true;
}

Result<void> Supervisor::write(const Slot& slot) {
  return state_.write_record(slot.now.port,
                             {*slot.now.assignment, slot.now.incarnation, slot.ended, slot.process, slot.now.former});
}

/// Plugins that no wanted topology names go, some time after the last one that did; logs later.
void Supervisor::clean_plugins() {
  clean_at_ = now_ + kCleanEvery;
  std::set<std::string> used, topologies;
  for (const control::WantedTopology& t : wanted_->topologies) {
    topologies.insert(t.revision.topology);
    for (const control::PluginFile& p : t.revision.plugins) used.insert(p.sha256);
  }
  state_.remove_old_logs(topologies, kLogsKept);
  for (const std::string& sha256 : state_.plugins()) {
    if (used.contains(sha256)) {
      unused_.erase(sha256);
      continue;
    }
    const auto since = unused_.try_emplace(sha256, now_).first->second;
    if (now_ < since + kUnused) continue;
    state_.remove_plugin(sha256);
    unused_.erase(sha256);
  }
}

// ---- what the master is told

control::Beat Supervisor::make_beat() {
  control::Beat b;
  b.host = state_.host();
  b.name = options_.name;
  b.address = options_.address;
  b.boot = boot_;
  b.ports = options_.ports;
  b.seen = wanted_ ? wanted_->version : 0;
  b.complete = complete_;
  for (auto& [port, slot] : slots_) {
    if (auto report = report_of(slot)) b.slots.push_back(std::move(*report));
  }
  b.events.assign(events_.begin(), events_.end());
  const HostMemory memory = host_memory();
  b.memory_bytes = memory.total_bytes;
  b.memory_free_bytes = memory.free_bytes;
  b.disk_free_bytes = state_.free_bytes();
  b.trouble = trouble_.empty() ? fetch_.trouble() : trouble_;
  return b;
}

/// Nothing of a slot that is neither wanted nor has a process.
std::optional<control::SlotReport> Supervisor::report_of(Slot& slot) const {
  const std::optional<WantedSlot> wanted = wanted_ ? wanted_at(*wanted_, slot.now.port, view()) : std::nullopt;
  if (!slot.now.alive && !wanted) return std::nullopt;
  const Assignment& a = slot.now.alive ? *slot.now.assignment : wanted->assignment;
  control::SlotReport r;
  r.port = slot.now.port;
  r.topology = a.topology;
  r.revision = a.revision;
  r.place = a.place;
  r.incarnation = slot.now.alive ? slot.now.incarnation : last_life(slot.now, a.topology, a.place);
  r.alive = slot.now.alive;
  r.state = state_of(slot, wanted);
  const bool same =
      slot.now.assignment && slot.now.assignment->topology == a.topology && slot.now.assignment->place == a.place;
  const bool young = slot.now.alive && now_ - slot.started < Restarts::kHealthy;
  if (same) r.why = slot.why.empty() && young ? slot.last_death : slot.why;
  if (r.state == SlotState::kFetching) r.why = fetch_.why({a.topology, a.revision});
  if (!r.alive && wanted && !next_life(slot.now, *wanted))
    r.why = "no further life of it can be numbered in generation " + std::to_string(a.generation);
  if (r.state == SlotState::kCrashLooping && same && !slot.log.empty())
    r.why += log_tail(slot.log, kTailLines, kTailBytes);
  const std::uint32_t count = control::count_of(r.incarnation);
  r.restarts = count > 1 ? count - 1 : 0;
  if (same) r.report = slot.report;
  if (!r.alive) return r;
  r.pid = static_cast<std::uint64_t>(slot.process.pid);
  r.rss_bytes = processes_.rss_bytes(slot.now.port);
  r.up_ms = static_cast<std::uint64_t>((now_ - slot.started) / std::chrono::milliseconds(1));
  return r;
}

SlotState Supervisor::state_of(const Slot& slot, const std::optional<WantedSlot>& wanted) const {
  if (slot.now.alive) {
    if (slot.now.asked) return SlotState::kStopping;
    return slot.restarts.looping(now_ - slot.started) ? SlotState::kCrashLooping : SlotState::kRunning;
  }
  if (!wanted) return SlotState::kRunning;  // not reported
  if (!state_.installed().contains({wanted->assignment.topology, wanted->assignment.revision}))
    return SlotState::kFetching;
  return slot.restarts.looping(Duration::zero()) ? SlotState::kCrashLooping : SlotState::kBackingOff;
}

void Supervisor::add_event(const Slot& slot, const std::string& text) {
  control::Event e;
  e.number = ++event_number_;
  e.at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
                .count();
  e.topology = slot.now.assignment->topology;
  e.place = slot.now.assignment->place;
  e.text = text.substr(0, kMostEventBytes);
  events_.push_back(std::move(e));
  if (events_.size() > kMostEvents) {
    events_.pop_front();
    ++events_dropped_;
  }
  news_ = true;
}

// ---- small things

std::size_t Supervisor::alive() const {
  return static_cast<std::size_t>(
      std::count_if(slots_.begin(), slots_.end(), [](const auto& s) { return s.second.now.alive; }));
}

const control::WantedTopology* Supervisor::find(const RevisionId& revision) const {
  if (!wanted_) return nullptr;
  for (const control::WantedTopology& t : wanted_->topologies) {
    if (t.revision.topology == revision.first && t.revision.number == revision.second) return &t;
  }
  return nullptr;
}

Supervisor::Slot* Supervisor::slot_at(std::uint16_t port) {
  const auto it = slots_.find(port);
  return it == slots_.end() ? nullptr : &it->second;
}

/// A disk that refuses is the host's trouble until it takes something again; what runs is not concerned.
void Supervisor::note_trouble(const Result<void>& outcome) {
  const std::string text = outcome ? std::string() : outcome.error();
  if (std::exchange(trouble_, text) == text) return;
  news_ = true;
  if (!text.empty()) log::error("", text + "; what runs goes on, nothing new is started");
}

}  // namespace gale::node
