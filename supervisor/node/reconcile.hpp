// SPDX-License-Identifier: Apache-2.0
//
// reconcile: what has to be done so that a host's slots become what the master wants. A pure function of what is
// wanted, how the slots are, and the time; it is asked again after everything that happens, so a step that failed or
// was forgotten is simply asked for anew. It never starts a place that has a process here, never touches what is as
// wanted, and never gives a life a number that is not above all it knows.
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/control/peers.hpp"
#include "supervisor/node/slot_record.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gale::node {

/// The options of `gale supervisor` that this reads.
struct Limits {
  Duration report_within = std::chrono::seconds(30);  // supervisor.worker.timeout.secs
  Duration start_within = std::chrono::seconds(120);  // supervisor.worker.start.timeout.secs: until the first report
  Duration stop_within = std::chrono::seconds(6);     // from TERM to KILL
  Duration told_again = std::chrono::seconds(1);      // what a worker has not confirmed
};

/// What a worker is told beside its start.
struct Told {
  std::vector<control::PeerPlace> places;
  control::Phase phase = control::Phase::kActive;
  friend bool operator==(const Told&, const Told&) = default;
};

struct SlotNow {
  std::uint16_t port = 0;
  std::optional<Assignment> assignment;  // of its last life, if it ever had one
  Incarnation incarnation;               // of that
  std::vector<Former> former;
  bool alive = false;              // a process of that life exists
  TimePoint heard{};               // when it reported last, was started, or was found running
  bool spoke = false;              // it has reported since it was started or found
  std::optional<TimePoint> asked;  // to end, since
  bool killed = false;             // nothing is left but to see it die
  TimePoint start_at{};            // its next life may not begin before
  std::optional<Told> told;        // last, in this life
  bool confirmed = false;          // the worker says that it has heard that
  TimePoint told_at{};
};

/// Topology and number of a revision.
using RevisionId = std::pair<std::string, std::uint32_t>;

struct Action {
  enum class Kind {
    kFetch,   // the files of `revision`
    kStart,   // `assignment` as `incarnation` in `port`
    kTell,    // `told`, to the worker of `port`: places of peers, and whether its spouts may go on
    kStop,    // TERM
    kKill,    // KILL
    kRemove,  // the files of `revision`
  };
  Kind kind;
  std::uint16_t port = 0;
  Assignment assignment;
  Incarnation incarnation;
  Told told;
  RevisionId revision;
  std::string why;
};

/// What this host's slots have to be, by port, and what their workers are told.
struct WantedSlot {
  Assignment assignment;
  Incarnation dead;  // lives up to here are no more, whatever runs
  Told told;
};

/// `host`: this one's id. `folder`: where the sockets of a revision's workers are.
struct View {
  std::string host;
  std::string run_folder;
  Limits limits;
};

/// The last life that the slot has given that place, 0 when it has not.
[[nodiscard]] Incarnation last_life(const SlotNow& slot, const std::string& topology, WorkerId place);
/// The number of a life after all that are known; nothing when the generation's numbers are used up, or the master
/// speaks of an older generation than the slot has seen.
[[nodiscard]] std::optional<Incarnation> next_life(const SlotNow& slot, const WantedSlot& wanted);

[[nodiscard]] std::optional<WantedSlot> wanted_at(const control::Wanted& wanted, std::uint16_t port, const View& view);

/// `wanted`: nothing before the master has spoken; then nothing is begun or ended.
/// `installed`: revisions whose files are all here.
[[nodiscard]] std::vector<Action> reconcile(const std::optional<control::Wanted>& wanted,
                                            const std::vector<SlotNow>& slots, const std::set<RevisionId>& installed,
                                            const View& view, TimePoint now);

}  // namespace gale::node
