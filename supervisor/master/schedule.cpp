// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/schedule.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace gale::master {
namespace {

using control::Slot;

/// A usable host while slots are given out.
struct Host {
  std::string id;
  std::size_t slots = 0;
  std::set<std::uint16_t> free;
};

/// A place that is to get a slot, or a better one.
struct Wish {
  std::size_t topology, place, avoided;
};

class Board {
 public:
  Board(const std::vector<HostView>& hosts, const std::vector<TopologyView>& topologies) : topologies_(topologies) {
    std::map<std::string, std::set<std::uint16_t>> slots;
    for (const HostView& host : hosts) {
      if (host.usable) slots[host.id].insert(host.ports.begin(), host.ports.end());
    }
    for (auto& [id, ports] : slots) hosts_.push_back({id, ports.size(), std::move(ports)});
    for (const TopologyView& topology : topologies_) {
      places_.emplace_back(topology.places.size());
      here_.emplace_back(hosts_.size());
    }
  }

  /// Whatever has a slot that still is one stays there. Of two that claim the same one the first has it.
  void keep() {
    for (std::size_t t = 0; t < topologies_.size(); ++t) {
      for (std::size_t p = 0; p < places_[t].size(); ++p) {
        const std::optional<Slot>& slot = topologies_[t].places[p];
        const std::size_t h = slot ? index_of(slot->host) : hosts_.size();
        if (h < hosts_.size() && hosts_[h].free.count(slot->port) != 0) take(t, p, h, slot->port);
      }
    }
  }

  /// Slots go to topologies in their order. Whom fewer hosts suit chooses first among those who get one.
  void place() {
    std::size_t left = free();
    std::vector<Wish> wishes;
    for (std::size_t t = 0; t < topologies_.size(); ++t) {
      for (std::size_t p = 0; p < places_[t].size() && wishes.size() < left; ++p) {
        if (!places_[t][p]) wishes.push_back({t, p, avoided_by(t, p)});
      }
    }
    std::stable_sort(wishes.begin(), wishes.end(), [](const Wish& a, const Wish& b) { return a.avoided > b.avoided; });
    for (const Wish& wish : wishes) {
      const std::size_t h = best_for(wish.topology, wish.place);
      take(wish.topology, wish.place, h, *hosts_[h].free.begin());
    }
  }

  /// Who is on a host that it should avoid goes to another that has room. A slot left so may suit another in turn; each
  /// move leaves one fewer to go, so this ends.
  void flee() {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t t = 0; t < topologies_.size(); ++t) {
        if (topologies_[t].avoid.empty()) continue;
        for (std::size_t p = 0; p < places_[t].size(); ++p) moved = flee(t, p) || moved;
      }
    }
  }

  [[nodiscard]] std::vector<std::optional<Slot>>& places_of(std::size_t topology) { return places_[topology]; }
  [[nodiscard]] std::size_t hosts() const { return hosts_.size(); }
  [[nodiscard]] std::size_t slots() const {
    std::size_t n = 0;
    for (const Host& host : hosts_) n += host.slots;
    return n;
  }

 private:
  [[nodiscard]] std::size_t free() const {
    std::size_t n = 0;
    for (const Host& host : hosts_) n += host.free.size();
    return n;
  }
  [[nodiscard]] std::size_t index_of(const std::string& id) const {
    const auto at = std::lower_bound(hosts_.begin(), hosts_.end(), id,
                                     [](const Host& host, const std::string& wanted) { return host.id < wanted; });
    return at == hosts_.end() || at->id != id ? hosts_.size() : static_cast<std::size_t>(at - hosts_.begin());
  }
  [[nodiscard]] bool avoids(std::size_t t, std::size_t p, std::size_t h) const {
    const auto& avoid = topologies_[t].avoid;
    return !avoid.empty() && avoid.count({static_cast<std::uint16_t>(p), hosts_[h].id}) != 0;
  }
  [[nodiscard]] std::size_t avoided_by(std::size_t t, std::size_t p) const {
    std::size_t n = 0;
    for (std::size_t h = 0; h < hosts_.size(); ++h) n += avoids(t, p, h) ? 1u : 0u;
    return n;
  }

  /// The host with room where the fewest of the topology are; then the one whose slots are then in use to the smallest
  /// part; then the first by id. One to avoid comes after all others. All hosts are full: their number.
  [[nodiscard]] std::size_t best_for(std::size_t t, std::size_t p) const {
    std::size_t best = hosts_.size();
    for (std::size_t h = 0; h < hosts_.size(); ++h) {
      if (!hosts_[h].free.empty() && (best == hosts_.size() || better(t, p, h, best))) best = h;
    }
    return best;
  }
  [[nodiscard]] bool better(std::size_t t, std::size_t p, std::size_t a, std::size_t b) const {
    const std::size_t used_a = hosts_[a].slots - hosts_[a].free.size(),
                      used_b = hosts_[b].slots - hosts_[b].free.size();
    return std::make_tuple(avoids(t, p, a), here_[t][a], (used_a + 1) * hosts_[b].slots) <
           std::make_tuple(avoids(t, p, b), here_[t][b], (used_b + 1) * hosts_[a].slots);
  }

  void take(std::size_t t, std::size_t p, std::size_t h, std::uint16_t port) {
    hosts_[h].free.erase(port);
    ++here_[t][h];
    places_[t][p] = Slot{hosts_[h].id, port};
  }
  bool flee(std::size_t t, std::size_t p) {
    if (!places_[t][p]) return false;
    const std::size_t from = index_of(places_[t][p]->host);
    if (!avoids(t, p, from)) return false;
    const std::size_t to = best_for(t, p);
    if (to == hosts_.size() || avoids(t, p, to)) return false;
    hosts_[from].free.insert(places_[t][p]->port);
    --here_[t][from];
    take(t, p, to, *hosts_[to].free.begin());
    return true;
  }

  const std::vector<TopologyView>& topologies_;
  std::vector<Host> hosts_;                               // by id
  std::vector<std::vector<std::optional<Slot>>> places_;  // by topology, place
  std::vector<std::vector<std::size_t>> here_;            // by topology, host: how many of its places are there
};

std::string counted(std::size_t n, const char* what) { return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s"); }

/// What the cluster lacks, and what to do.
std::string lack_of(const Board& board, std::size_t known) {
  if (known == 0) return "no supervisor has reported yet; start one with 'gale supervisor'";
  if (board.hosts() == 0) {
    return "the cluster has " + counted(known, "host") + ", none of them usable; 'gale supervisors' says why";
  }
  std::string text = "the cluster has " + counted(board.hosts(), "host") + " with " + counted(board.slots(), "slot");
  text += board.slots() == 0 ? "" : board.slots() == 1 ? ", which is in use" : ", all in use";
  const std::size_t out = known - board.hosts();
  if (out != 0) text += ", and " + counted(out, "host") + " not usable ('gale supervisors' says why)";
  return text + "; start another supervisor or kill a topology";
}

}  // namespace

Schedule schedule(const std::vector<HostView>& hosts, const std::vector<TopologyView>& topologies) {
  Board board(hosts, topologies);
  board.keep();
  board.place();
  board.flee();

  std::set<std::string_view> known;
  for (const HostView& host : hosts) known.insert(host.id);
  Schedule answer;
  for (std::size_t t = 0; t < topologies.size(); ++t) {
    auto& places = board.places_of(t);
    const auto waiting = static_cast<std::size_t>(std::count(places.begin(), places.end(), std::nullopt));
    if (waiting != 0) {
      const std::size_t placed = places.size() - waiting;
      answer.degraded[topologies[t].id] = std::to_string(placed) + " of " + std::to_string(places.size()) + " workers" +
                                          (placed == 1 ? " has" : " have") + " a slot; " + std::to_string(waiting) +
                                          (waiting == 1 ? " waits: " : " wait: ") + lack_of(board, known.size());
    }
    answer.places[topologies[t].id] = std::move(places);
  }
  return answer;
}

}  // namespace gale::master
