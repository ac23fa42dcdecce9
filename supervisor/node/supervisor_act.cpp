// SPDX-License-Identifier: Apache-2.0
//
// What a Supervisor does when reconcile() says so: starts, tells, stops and kills workers, and clears away.
#include "supervisor/node/supervisor.hpp"

#include "engine/base/log.hpp"
#include "supervisor/control/peers.hpp"
#include "supervisor/node/endpoints.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace gale::node {
namespace {

constexpr Duration kUnused = std::chrono::minutes(10);  // a plugin that no topology needs is kept so long
constexpr std::chrono::hours kLogsKept{7 * 24};         // of topologies that are no more
constexpr Duration kCleanEvery = std::chrono::seconds(10);

}  // namespace

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

}  // namespace gale::node
