// SPDX-License-Identifier: Apache-2.0
//
// Supervisor: keeps a host's slots as the master wants them. Adopts what runs, tells the master how all is, asks
// reconcile() after everything that happens and carries out what it says. A worker is never ended because of us or of a
// silent master: without a word of the master nothing begins or ends.
// Threads: one. It never blocks; the shell (cli/supervisor.cpp) waits for next() or for something to come.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/crash/poison.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/node/death.hpp"
#include "supervisor/node/master_link.hpp"
#include "supervisor/node/plugin_fetch.hpp"
#include "supervisor/node/reconcile.hpp"
#include "supervisor/node/restarts.hpp"
#include "supervisor/node/seams.hpp"
#include "supervisor/node/state_folder.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gale::node {

struct SupervisorOptions {
  std::string program;  // of gale itself
  std::string name, address;
  std::vector<std::uint16_t> ports;
  std::string keys{};  // the folder of keys of its workers; empty: they listen to this host alone
  Limits limits;
};

class Supervisor {
 public:
  /// All that is passed in outlives it. `chance`: 0..1.
  Supervisor(SupervisorOptions options, StateFolder& state, Processes& processes, Workers& workers, Requests& requests,
             const Clock& clock, std::function<double()> chance);

  /// Takes over what an earlier supervisor has left running.
  void begin();
  /// Does all that can be done now.
  void step();
  /// When step() has something to do though nothing comes.
  [[nodiscard]] TimePoint next() const;

  /// From now on no worker is wanted here, whatever the master says: the workers end, not their topologies.
  void end_workers() { ending_ = true; }
  [[nodiscard]] std::size_t alive() const;

 private:
  struct Slot {
    SlotNow now;
    bool ended = true;  // its death is in the record
    ProcessId process;
    Restarts restarts;
    TimePoint started{};
    bool suspects_told = true;             // it knows the tuples that have crashed workers
    std::uint64_t told = 0;                // number of what it was told last
    std::optional<worker::Report> report;  // its last
    std::string why;                       // it is not running as wanted
    std::string last_death;
    std::string last_words;  // of the present life: why it cannot start
    std::filesystem::path log;
    control::SlotState state = control::SlotState::kRunning;  // as it was told last
  };

  void adopt(Slot& slot, const std::vector<FoundWorker>& found);
  void hear_workers();
  void hear_master();
  void answer_asks(const Value& answer);
  void reap();
  void died(Slot& slot, const Ended& end);
  [[nodiscard]] bool blame(const Slot& slot, const Death& death);
  [[nodiscard]] crash::Suspects& suspects_of(const std::string& topology);
  void tell_suspects(Slot& slot);
  void act();
  void carry_out(const Action& action);
  void start(Slot& slot, const Action& action);
  void tell(Slot& slot, const Told& told);
  void stop(Slot& slot, const std::string& why);
  void kill(Slot& slot, const std::string& why);
  void remember(Slot& slot, const Assignment& assignment, Incarnation life);
  Result<void> write(const Slot& slot);
  Result<std::vector<std::string>> prepare(Slot& slot, const control::Revision& revision, const Action& action);
  void clean_plugins();
  void beat();
  [[nodiscard]] control::Beat make_beat();
  [[nodiscard]] std::optional<control::SlotReport> report_of(Slot& slot) const;
  [[nodiscard]] control::SlotState state_of(const Slot& slot, const std::optional<WantedSlot>& wanted) const;
  [[nodiscard]] const control::WantedTopology* find(const RevisionId& revision) const;
  [[nodiscard]] Slot* slot_at(std::uint16_t port);
  void add_event(const Slot& slot, const std::string& text);
  void note_trouble(const Result<void>& outcome);
  [[nodiscard]] View view() const { return {state_.host(), state_.run().string(), options_.limits}; }

  const SupervisorOptions options_;
  StateFolder& state_;
  Processes& processes_;
  Workers& workers_;
  const Clock& clock_;
  std::function<double()> chance_;
  MasterLink master_;
  PluginFetch fetch_;
  const std::string boot_;

  std::map<std::uint16_t, Slot> slots_;
  std::vector<FoundWorker> strays_;  // workers that no slot has: killed once the master has spoken
  std::optional<control::Wanted> wanted_;
  std::deque<control::Event> events_;  // that the master has not answered to
  std::uint64_t event_number_ = 0, events_dropped_ = 0;
  std::deque<std::string> answered_;  // asks of the master, the last ones: it asks again until it has heard
  std::map<std::string, crash::Suspects> suspects_;  // by topology
  std::map<std::string, TimePoint> unused_;          // plugins, since when
  TimePoint clean_at_{};
  std::string trouble_;
  bool news_ = true, complete_ = false, ending_ = false;
  TimePoint now_{};
};

}  // namespace gale::node
