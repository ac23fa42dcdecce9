// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/supervisor.hpp"

#include "engine/base/log.hpp"
#include "supervisor/control/fields.hpp"
#include "supervisor/node/log_read.hpp"

#include <algorithm>
#include <utility>

namespace gale::node {
namespace {

using control::SlotState;

constexpr std::size_t kMostAnswered = 256;

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
