// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/reconcile.hpp"

#include "supervisor/node/endpoints.hpp"

#include <algorithm>

namespace gale::node {
namespace {

using control::Wanted;
using control::WantedTopology;

class Reconciling {
 public:
  Reconciling(const Wanted& wanted, const std::vector<SlotNow>& slots, const std::set<RevisionId>& installed,
              const View& view, TimePoint now)
      : wanted_(wanted), slots_(slots), installed_(installed), view_(view), now_(now) {}

  std::vector<Action> run() {
    for (const SlotNow& slot : slots_) {
      std::optional<WantedSlot> wanted = wanted_at(wanted_, slot.port, view_);
      if (wanted) add_deaths(*wanted);
      if (slot.alive) {
        watch(slot, wanted);
      } else if (wanted) {
        begin(slot, *wanted);
      }
    }
    clean();
    return std::move(actions_);
  }

 private:
  /// A death on this host is told to its peers here at once; the master hears of it, and tells those elsewhere.
  void add_deaths(WantedSlot& wanted) const {
    for (control::PeerPlace& peer : wanted.told.places) {
      if (peer.place == wanted.assignment.place) continue;
      for (const SlotNow& slot : slots_) {
        const std::string& topology = wanted.assignment.topology;
        const Incarnation last = last_life(slot, topology, peer.place);
        const bool lives = slot.alive && slot.assignment->topology == topology && slot.assignment->place == peer.place;
        const std::uint32_t dead = last.value == 0 || !lives ? last.value : last.value - 1;
        if (control::count_of(Incarnation(dead)) != 0) peer.dead = std::max(peer.dead, Incarnation(dead));
      }
    }
  }

  Action& add(Action::Kind kind, const SlotNow& slot, std::string why = {}) {
    Action& action = actions_.emplace_back();
    action.kind = kind;
    action.port = slot.port;
    action.why = std::move(why);
    return action;
  }

  void watch(const SlotNow& slot, const std::optional<WantedSlot>& wanted) {
    if (slot.killed) return;
    if (slot.asked) {
      if (now_ >= *slot.asked + view_.limits.stop_within) add(Action::Kind::kKill, slot, "did not end when told to");
      return;
    }
    if (!as_wanted(slot, wanted)) {
      add(Action::Kind::kStop, slot, wanted ? "its slot was given to another life" : "no longer wanted here");
      return;
    }
    if (const std::string why = silence_of(slot); !why.empty()) {
      add(Action::Kind::kKill, slot, why);
      return;
    }
    const bool due = slot.spoke &&
                     (slot.told != wanted->told || (!slot.confirmed && now_ >= slot.told_at + view_.limits.told_again));
    if (due) add(Action::Kind::kTell, slot).told = wanted->told;
  }

  [[nodiscard]] static bool as_wanted(const SlotNow& slot, const std::optional<WantedSlot>& wanted) {
    return wanted && slot.assignment == wanted->assignment && slot.incarnation > wanted->dead;
  }

  [[nodiscard]] std::string silence_of(const SlotNow& slot) const {
    const Duration most = slot.spoke ? view_.limits.report_within : view_.limits.start_within;
    if (now_ < slot.heard + most) return {};
    return "no report for " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(most).count()) + " s";
  }

  void begin(const SlotNow& slot, const WantedSlot& wanted) {
    const RevisionId revision{wanted.assignment.topology, wanted.assignment.revision};
    if (!installed_.contains(revision)) {
      const auto same = [&](const Action& a) { return a.kind == Action::Kind::kFetch && a.revision == revision; };
      if (std::none_of(actions_.begin(), actions_.end(), same)) add(Action::Kind::kFetch, slot).revision = revision;
      return;
    }
    const std::optional<Incarnation> life = next_life(slot, wanted);
    if (!life || now_ < slot.start_at || has_process(wanted.assignment)) return;
    Action& start = add(Action::Kind::kStart, slot);
    start.assignment = wanted.assignment;
    start.incarnation = *life;
    start.told = wanted.told;
  }

  /// In this slot or in another one, of this revision or of another one; or about to have one.
  [[nodiscard]] bool has_process(const Assignment& wanted) const {
    const auto same = [&](const Assignment& a) { return a.topology == wanted.topology && a.place == wanted.place; };
    return std::any_of(slots_.begin(), slots_.end(),
                       [&](const SlotNow& s) { return s.alive && s.assignment && same(*s.assignment); }) ||
           std::any_of(actions_.begin(), actions_.end(),
                       [&](const Action& a) { return a.kind == Action::Kind::kStart && same(a.assignment); });
  }

  void clean() {
    for (const RevisionId& id : installed_) {
      const auto is = [&](const WantedTopology& t) {
        return t.revision.topology == id.first && t.revision.number == id.second;
      };
      const auto runs = [&](const SlotNow& s) {
        return s.alive && s.assignment && s.assignment->topology == id.first && s.assignment->revision == id.second;
      };
      if (std::any_of(wanted_.topologies.begin(), wanted_.topologies.end(), is)) continue;
      if (std::any_of(slots_.begin(), slots_.end(), runs)) continue;
      Action& remove = actions_.emplace_back();
      remove.kind = Action::Kind::kRemove;
      remove.revision = id;
    }
  }

  const Wanted& wanted_;
  const std::vector<SlotNow>& slots_;
  const std::set<RevisionId>& installed_;
  const View& view_;
  const TimePoint now_;
  std::vector<Action> actions_;
};

}  // namespace

Incarnation last_life(const SlotNow& slot, const std::string& topology, WorkerId place) {
  Incarnation last;
  if (slot.assignment && slot.assignment->topology == topology && slot.assignment->place == place)
    last = slot.incarnation;
  for (const Former& f : slot.former) {
    if (f.topology == topology && f.place == place) last = std::max(last, f.incarnation);
  }
  return last;
}

std::optional<Incarnation> next_life(const SlotNow& slot, const WantedSlot& wanted) {
  const Assignment& a = wanted.assignment;
  const Incarnation last = std::max(last_life(slot, a.topology, a.place), wanted.dead);
  if (control::generation_of(last) > a.generation) return std::nullopt;
  if (control::generation_of(last) < a.generation) return control::incarnation_of(a.generation, 1);
  if (control::count_of(last) >= control::kMostCount) return std::nullopt;
  return Incarnation(last.value + 1);
}

std::optional<WantedSlot> wanted_at(const Wanted& wanted, std::uint16_t port, const View& view) {
  for (const WantedTopology& t : wanted.topologies) {
    for (const control::Placed& p : t.places) {
      if (p.slot.host != view.host || p.slot.port != port) continue;
      const Assignment assignment{t.revision.topology, t.revision.number, p.place, p.generation};
      return WantedSlot{assignment, p.dead, {peer_places(t, view.host, view.run_folder), t.phase}};
    }
  }
  return std::nullopt;
}

std::vector<Action> reconcile(const std::optional<Wanted>& wanted, const std::vector<SlotNow>& slots,
                              const std::set<RevisionId>& installed, const View& view, TimePoint now) {
  if (!wanted) return {};
  return Reconciling(*wanted, slots, installed, view, now).run();
}

}  // namespace gale::node
