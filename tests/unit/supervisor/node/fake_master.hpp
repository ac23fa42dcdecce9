// SPDX-License-Identifier: Apache-2.0
//
// FakeMaster: the master's end of the protocol for tests of supervisors: holds beats as the real one does, gives
// plugins from a folder, and remembers what it was told. One thread: it lives in pump().
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/control/rpc.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gale::node {

class FakeMaster {
 public:
  /// At `endpoint`, or a port of the system's choice.
  explicit FakeMaster(const std::string& endpoint = "tcp://127.0.0.1:*");

  /// HOST:PORT
  [[nodiscard]] std::string address() const;
  /// A plugin as the topology names it, from its file; what stands in a revision.
  control::PluginFile add_plugin(const std::string& name, const std::string& file);
  /// What every host that asks is wanted to do from now on.
  void want(std::vector<control::WantedTopology> topologies);
  [[nodiscard]] const control::Wanted& wanted() const { return wanted_; }

  /// Answers until `true_now`. False: not within `most`.
  bool pump(const std::function<bool()>& true_now, Duration most = std::chrono::seconds(60));
  void pump_for(Duration time);

  /// The last beat of the only host; nothing before the first.
  [[nodiscard]] const std::optional<control::Beat>& beat() const { return beat_; }
  [[nodiscard]] const control::SlotReport* slot(std::uint16_t port) const;
  /// All that were ever told, each once.
  [[nodiscard]] const std::vector<control::Event>& events() const { return events_; }
  [[nodiscard]] bool told(const std::string& part) const;
  /// The next beat is as the first.
  void forget() { beat_.reset(); }
  std::uint64_t beats = 0;
  std::size_t chunk = 1u << 20;    // of a plugin
  bool plugins_are_wrong = false;  // other bytes than were promised
  std::string refuse_plugins;

 private:
  struct Held {
    control::Asked asked;
    TimePoint until{};
  };
  void take(control::Asked asked);
  void answer_held();
  void give_plugin(const control::Asked& asked);

  SteadyClock clock_;
  control::RequestServer server_;
  control::Wanted wanted_;
  std::map<std::string, std::string> plugins_;  // bytes by SHA-256
  std::optional<control::Beat> beat_;
  std::vector<control::Event> events_;
  std::vector<Held> held_;
};

}  // namespace gale::node
