// SPDX-License-Identifier: Apache-2.0
//
// Random clusters with random histories: topologies come and go, hosts join, fail, come back and change their slots,
// places crash where they are. After every event schedule() is asked, and what must always hold is looked at. A failure
// prints the seed of its history and the event's number; GALE_SEED=N runs that history alone.
#include "supervisor/master/schedule.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

namespace gale::master {
namespace {

using control::Slot;
using Places = std::vector<std::optional<Slot>>;

struct Cluster {
  std::vector<HostView> hosts;
  std::vector<TopologyView> topologies;
};

struct Dice {
  std::mt19937_64 random;
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); }
  bool once_in(std::size_t n) { return below(n) == 0; }
};

std::vector<std::uint16_t> ports(std::size_t n) {
  std::vector<std::uint16_t> all;
  for (std::size_t i = 0; i < n; ++i) all.push_back(static_cast<std::uint16_t>(6700 + i));
  return all;
}

/// What a cluster looks like to one who asks it, without any of schedule()'s own code.
struct Look {
  explicit Look(const Cluster& cluster, const Schedule& answer) {
    for (const HostView& host : cluster.hosts) {
      if (host.usable) slots[host.id] = {host.ports.begin(), host.ports.end()};
    }
    for (const auto& [id, places] : answer.places) {
      for (const auto& slot : places) {
        if (!slot) continue;
        used.push_back(*slot);
        ++here[{id, slot->host}];
      }
    }
    std::sort(used.begin(), used.end());
  }
  [[nodiscard]] std::size_t used_on(const std::string& host) const {
    return static_cast<std::size_t>(
        std::count_if(used.begin(), used.end(), [&](const Slot& s) { return s.host == host; }));
  }
  [[nodiscard]] bool room_on(const std::string& host) const { return used_on(host) < slots.at(host).size(); }
  [[nodiscard]] std::size_t of(const std::string& topology, const std::string& host) const {
    const auto at = here.find({topology, host});
    return at == here.end() ? 0 : at->second;
  }
  [[nodiscard]] bool is_slot(const Slot& slot) const {
    const auto at = slots.find(slot.host);
    return at != slots.end() && at->second.count(slot.port) != 0;
  }

  std::map<std::string, std::set<std::uint16_t>> slots;  // of usable hosts
  std::vector<Slot> used;
  std::map<std::pair<std::string, std::string>, std::size_t> here;
};

bool avoids(const TopologyView& t, std::size_t place, const std::string& host) {
  return t.avoid.count({static_cast<std::uint16_t>(place), host}) != 0;
}

/// The text of what is wrong; empty: nothing is.
std::string no_slot_twice(const Look& look) {
  const auto twice = std::adjacent_find(look.used.begin(), look.used.end());
  return twice == look.used.end() ? "" : "slot twice: " + twice->host + ':' + std::to_string(twice->port);
}

std::string only_slots_there_are(const Look& look) {
  for (const Slot& slot : look.used) {
    if (!look.is_slot(slot)) return "no slot of a usable host: " + slot.host + ':' + std::to_string(slot.port);
  }
  return "";
}

std::string nothing_moves_that_need_not(const Cluster& before, const Schedule& answer, const Look& look) {
  for (const TopologyView& t : before.topologies) {
    const Places& now = answer.places.at(t.id);
    if (now.size() != t.places.size()) return t.id + " has another number of places";
    for (std::size_t p = 0; p < now.size(); ++p) {
      const auto& was = t.places[p];
      if (now[p] == was || !was || !look.is_slot(*was)) continue;
      if (!avoids(t, p, was->host)) return t.id + '.' + std::to_string(p) + " left " + was->host + " for nothing";
      if (!now[p] || avoids(t, p, now[p]->host))
        return t.id + '.' + std::to_string(p) + " fled and found nothing better";
    }
  }
  return "";
}

std::string all_placed_when_there_is_room(const Cluster& before, const Schedule& answer, const Look& look) {
  std::size_t slots = 0, wanted = 0;
  for (const auto& [host, of_host] : look.slots) slots += of_host.size();
  for (const TopologyView& t : before.topologies) wanted += t.places.size();
  if (look.used.size() != std::min(slots, wanted)) return "slots are free while places wait, or the other way round";
  bool waits = false;
  for (const TopologyView& t : before.topologies) {
    const Places& now = answer.places.at(t.id);
    for (std::size_t p = 0; p < now.size(); ++p) {
      const bool fresh = now[p] && !(t.places[p] && look.is_slot(*t.places[p]));
      if (waits && fresh) return t.id + " got a slot before one that came first";
    }
    const bool some = std::count(now.begin(), now.end(), std::nullopt) != 0;
    if (some != (answer.degraded.count(t.id) != 0)) return t.id + ": degraded says something else";
    waits = waits || some;
  }
  return "";
}

std::string avoided_only_without_room(const Cluster& before, const Schedule& answer, const Look& look) {
  for (const TopologyView& t : before.topologies) {
    for (std::size_t p = 0; p < t.places.size(); ++p) {
      const auto& now = answer.places.at(t.id)[p];
      if (!now || !avoids(t, p, now->host)) continue;
      for (const auto& [host, ignored] : look.slots) {
        if (!avoids(t, p, host) && look.room_on(host)) return t.id + '.' + std::to_string(p) + " could be on " + host;
      }
    }
  }
  return "";
}

/// Wherever a topology has just been given a slot, no host with room left has two fewer of it.
std::string each_topology_even(const Cluster& before, const Schedule& answer, const Look& look) {
  for (const TopologyView& t : before.topologies) {
    for (std::size_t p = 0; p < t.places.size(); ++p) {
      const auto& now = answer.places.at(t.id)[p];
      if (!now || now == t.places[p]) continue;
      for (const auto& [host, ignored] : look.slots) {
        if (look.room_on(host) && look.of(t.id, now->host) > look.of(t.id, host) + 1)
          return t.id + '.' + std::to_string(p) + " went to " + now->host + ", but " + host + " has fewer and room";
      }
    }
  }
  return "";
}

/// From an empty cluster of equal hosts: all together and each by itself within one.
std::string even_within_one(const Cluster& before, const Look& look) {
  std::size_t least = SIZE_MAX, most = 0;
  for (const auto& [host, ignored] : look.slots) {
    least = std::min(least, look.used_on(host));
    most = std::max(most, look.used_on(host));
  }
  if (!look.slots.empty() && most > least + 1) return "hosts differ by more than one slot";
  for (const TopologyView& t : before.topologies) {
    least = SIZE_MAX, most = 0;
    for (const auto& [host, ignored] : look.slots) {
      least = std::min(least, look.of(t.id, host));
      most = std::max(most, look.of(t.id, host));
    }
    if (!look.slots.empty() && most > least + 1) return t.id + " is on hosts by more than one apart";
  }
  return "";
}

std::string what_is_wrong(const Cluster& before, const Schedule& answer) {
  const Look look(before, answer);
  bool avoid = false;
  for (const TopologyView& t : before.topologies) avoid = avoid || !t.avoid.empty();
  std::string wrong = no_slot_twice(look);
  if (wrong.empty()) wrong = only_slots_there_are(look);
  if (wrong.empty()) wrong = nothing_moves_that_need_not(before, answer, look);
  if (wrong.empty()) wrong = all_placed_when_there_is_room(before, answer, look);
  if (wrong.empty()) wrong = avoided_only_without_room(before, answer, look);
  if (wrong.empty() && !avoid) wrong = each_topology_even(before, answer, look);
  return wrong;
}

void settle(Cluster& cluster, const Schedule& answer) {
  for (TopologyView& t : cluster.topologies) t.places = answer.places.at(t.id);
}

/// One event of a cluster's life.
void happen(Cluster& cluster, Dice& dice, std::size_t& named) {
  auto& hosts = cluster.hosts;
  auto& topologies = cluster.topologies;
  const std::size_t event = dice.below(10);
  if (event < 2 || hosts.empty()) {
    hosts.push_back({"h" + std::to_string(named++), ports(dice.below(6)), true});
    std::shuffle(hosts.begin(), hosts.end(), dice.random);
  } else if (event < 4) {
    HostView& host = hosts[dice.below(hosts.size())];
    host.usable = !host.usable;
  } else if (event == 4) {
    hosts[dice.below(hosts.size())].ports = ports(dice.below(6));
  } else if (event == 5 && hosts.size() > 3) {
    hosts.erase(hosts.begin() + static_cast<std::ptrdiff_t>(dice.below(hosts.size())));
  } else if (event == 6 && !topologies.empty()) {
    topologies.erase(topologies.begin() + static_cast<std::ptrdiff_t>(dice.below(topologies.size())));
  } else if (event == 7 && !topologies.empty()) {
    TopologyView& t = topologies[dice.below(topologies.size())];
    const std::size_t p = t.places.empty() ? 0 : dice.below(t.places.size());
    if (!t.places.empty() && t.places[p]) t.avoid.insert({static_cast<std::uint16_t>(p), t.places[p]->host});
  } else {
    topologies.push_back({"t" + std::to_string(named++), Places(dice.below(7)), {}});
  }
}

TEST_CASE("Whatever happens to a cluster, what must hold of its schedule holds") {
  const char* only = std::getenv("GALE_SEED");
  const std::uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const std::uint64_t last = only == nullptr ? 5'000 : first;
  std::size_t asked = 0, moved = 0, waited = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    Dice dice{std::mt19937_64(seed)};
    Cluster cluster;
    std::size_t named = 0;
    for (std::size_t event = 0; event < 24; ++event, ++asked) {
      CAPTURE(seed);
      CAPTURE(event);
      happen(cluster, dice, named);
      const Schedule answer = schedule(cluster.hosts, cluster.topologies);
      REQUIRE_EQ(what_is_wrong(cluster, answer), "");
      for (const TopologyView& t : cluster.topologies) moved += answer.places.at(t.id) != t.places ? 1u : 0u;
      waited += answer.degraded.size();
      settle(cluster, answer);
      std::shuffle(cluster.hosts.begin(), cluster.hosts.end(), dice.random);
      REQUIRE(schedule(cluster.hosts, cluster.topologies).places == answer.places);  // a master that starts anew
    }
  }
  MESSAGE("seeds ", first, " to ", last, ": ", asked, " schedules, ", moved, " changes of a topology, ", waited,
          " times one waited");
  if (only == nullptr) {
    CHECK_GE(asked, 100'000);
    CHECK_GE(moved, 10'000);
    CHECK_GE(waited, 10'000);
  }
}

TEST_CASE("An empty cluster of equal hosts is filled evenly, by topology and overall") {
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    CAPTURE(seed);
    Dice dice{std::mt19937_64(seed)};
    Cluster cluster;
    const std::size_t hosts = 1 + dice.below(8), slots = 1 + dice.below(8);
    for (std::size_t h = 0; h < hosts; ++h) cluster.hosts.push_back({"h" + std::to_string(h), ports(slots), true});
    const std::size_t topologies = 1 + dice.below(6);
    for (std::size_t t = 0; t < topologies; ++t)
      cluster.topologies.push_back({"t" + std::to_string(t), Places(dice.below(12)), {}});
    const Schedule answer = schedule(cluster.hosts, cluster.topologies);
    REQUIRE_EQ(what_is_wrong(cluster, answer), "");
    REQUIRE_EQ(even_within_one(cluster, Look(cluster, answer)), "");
  }
}

TEST_CASE("Hosts of different size are filled to the same part") {
  for (std::uint64_t seed = 1; seed <= 5'000; ++seed) {
    CAPTURE(seed);
    Dice dice{std::mt19937_64(seed)};
    Cluster cluster;
    const std::size_t hosts = 2 + dice.below(5);
    for (std::size_t h = 0; h < hosts; ++h)
      cluster.hosts.push_back({"h" + std::to_string(h), ports(1 + dice.below(16)), true});
    const std::size_t topologies = dice.below(40);
    for (std::size_t t = 0; t < topologies; ++t) cluster.topologies.push_back({"t" + std::to_string(t), Places(1), {}});
    const Schedule answer = schedule(cluster.hosts, cluster.topologies);
    const Look look(cluster, answer);
    for (const auto& [a, slots_a] : look.slots) {
      for (const auto& [b, slots_b] : look.slots) {
        CAPTURE(a);
        CAPTURE(b);
        REQUIRE_LE(look.used_on(a) * slots_b.size(), (look.used_on(b) + 1) * slots_a.size());
      }
    }
  }
}

}  // namespace
}  // namespace gale::master
