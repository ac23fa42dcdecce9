// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/cluster.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <set>

namespace gale::master {
namespace {

using control::Beat;
using control::SlotReport;
using control::Wanted;

/// A store that refuses when it is told to.
class Moody final : public Store {
 public:
  bool full = false;
  std::unique_ptr<Store> inner = memory_store();

  Result<std::vector<TopologyRecord>> topologies() override { return inner->topologies(); }
  Result<std::uint64_t> next_number() override { return inner->next_number(); }
  Result<std::optional<control::Reply>> answer_of(const std::string& id) override { return inner->answer_of(id); }
  Result<void> apply(const Change& change) override {
    if (full) return Failed{"cannot write master.db: disk full"};
    return inner->apply(change);
  }
  Result<std::uint64_t> plugin_bytes(const std::string& sha) override { return inner->plugin_bytes(sha); }
  Result<bool> has_plugin(const std::string& sha) override { return inner->has_plugin(sha); }
  Result<void> put_plugin(const std::string& sha, std::uint64_t total, std::uint64_t at, std::string_view p) override {
    return inner->put_plugin(sha, total, at, p);
  }
  Result<std::string> read_plugin(const std::string& sha, std::uint64_t at, std::size_t most) override {
    return inner->read_plugin(sha, at, most);
  }
};

/// A cluster whose hosts do at once what they are told.
struct World {
  ManualClock clock;
  Moody store;
  std::optional<Cluster> cluster;
  int asked = 0;
  struct HostSim {
    Beat beat;
    bool up = true;
    std::map<std::uint16_t, std::pair<std::string, Incarnation>> lives;  // by port: topology.revision.place, life
    std::map<std::string, std::uint32_t> counts;                         // by place and generation
  };
  std::map<std::string, HostSim> hosts;
  bool pending = false, finished = false;  // what workers say

  World() { restart(); }
  /// Another master over the same store.
  void restart() {
    cluster.emplace(store, ClusterTimes{}, clock.now(), 1'000 + asked);
    REQUIRE(cluster->load(clock.now()));
  }
  Asking asking() { return {"r" + std::to_string(++asked), 1'795'000'000'000 + asked}; }

  void add_host(const std::string& id, std::vector<std::uint16_t> ports) {
    HostSim& h = hosts[id];
    h.beat.host = h.beat.name = id;
    h.beat.address = "10.0.0." + std::to_string(hosts.size());
    h.beat.boot = "1";
    h.beat.ports = std::move(ports);
  }
  static TopologyRecord topology(const std::string& name, std::uint16_t workers) {
    TopologyRecord r;
    r.name = name;
    r.revision.file = "name: " + name;
    r.revision.workers = workers;
    r.outline.name = name;
    r.outline.workers = workers;
    r.outline.message_timeout_ms = 30'000;
    r.outline.components = {{"spout", "p.Spout", true, false, 0, workers, 0, {}}};
    for (std::uint16_t w = 0; w < workers; ++w) r.outline.place_of.push_back(w);
    return r;
  }
  control::Reply submit(const std::string& name, std::uint16_t workers) {
    return cluster->submit(asking(), topology(name, workers), clock.now());
  }
  /// Every host that is up beats, does what it hears, and beats again with it.
  void beats() {
    for (int round = 0; round < 2; ++round) {
      for (auto& [id, host] : hosts) {
        if (!host.up) continue;
        cluster->beat(host.beat, clock.now());
        obey(host, cluster->wanted(id));
      }
    }
    for (auto& [id, host] : hosts) {
      if (host.up) cluster->beat(host.beat, clock.now());
    }
  }
  void obey(HostSim& host, const Wanted& wanted) {
    host.beat.seen = wanted.version;
    host.beat.slots.clear();
    std::map<std::uint16_t, std::pair<std::string, Incarnation>> lives;
    for (const auto& topology : wanted.topologies) {
      for (const control::Placed& p : topology.places) {
        if (p.slot.host != host.beat.host) continue;
        const std::string what = topology.revision.topology + "." + std::to_string(topology.revision.number) + "." +
                                 std::to_string(p.place.value) + "." + std::to_string(p.generation);
        REQUIRE_MESSAGE(!lives.contains(p.slot.port), "two places in one slot");
        const auto old = host.lives.find(p.slot.port);
        const bool same = old != host.lives.end() && old->second.first == what;
        lives[p.slot.port] = {what,
                              same ? old->second.second : control::incarnation_of(p.generation, ++host.counts[what])};
        SlotReport s;
        s.port = p.slot.port;
        s.topology = topology.revision.topology;
        s.revision = topology.revision.number;
        s.place = p.place;
        s.incarnation = lives[p.slot.port].second;
        s.alive = true;
        s.report.emplace();
        s.report->active = topology.phase == control::Phase::kActive;
        s.report->finished = finished && topology.phase == control::Phase::kDraining;
        s.report->tasks.emplace_back();
        s.report->tasks[0].task = TaskId(p.place.value);
        s.report->tasks[0].pending = pending ? 5 : 0;
        host.beat.slots.push_back(s);
      }
    }
    host.lives = lives;
  }
  void pass(Duration d) {
    for (Duration done{}; done < d; done += std::chrono::milliseconds(500)) {
      clock.advance(std::chrono::milliseconds(500));
      beats();
      cluster->tick(clock.now(), 1'795'000'000'000);
    }
    beats();
  }
  std::vector<std::optional<control::Slot>> slots(const std::string& name) {
    std::vector<std::optional<control::Slot>> all;
    for (const Place& p : cluster->find(name)->record.places) all.push_back(p.slot);
    return all;
  }
};

TEST_CASE("cluster: a submission waits for slots, and gets them when a host is heard of") {
  World w;
  const control::Reply reply = w.submit("wc", 2);
  REQUIRE_FALSE(reply.refused);
  CHECK(reply.value == Value(Value::Map{{"name", "wc"}, {"id", "wc-1"}}));
  CHECK(w.cluster->find("wc")->degraded.find("2 wait") != std::string::npos);
  w.add_host("a", {6700, 6701});
  w.pass(std::chrono::seconds(1));
  CHECK(w.cluster->find("wc")->degraded.empty());
  CHECK(w.hosts["a"].lives.size() == 2);
  CHECK(w.cluster->find("wc")->record.places[0].generation == 1);
  CHECK(w.cluster->find("wc")->record.places[0].dead == Incarnation(0));
}

TEST_CASE("cluster: a name that is taken, a name that is not") {
  World w;
  REQUIRE_FALSE(w.submit("wc", 1).refused);
  CHECK(w.submit("wc", 1).refused->text.find("a topology 'wc' runs already") == 0);
  CHECK(w.cluster->kill(w.asking(), "wx", {}, w.clock.now()).refused->text ==
        "no topology 'wx' runs (did you mean 'wc'?)");
}

TEST_CASE("cluster: what a full store refuses has not happened") {
  World w;
  w.add_host("a", {6700});
  w.pass(std::chrono::seconds(1));
  REQUIRE_FALSE(w.submit("one", 1).refused);
  w.store.full = true;
  CHECK(w.submit("two", 1).refused->text == "cannot write master.db: disk full");
  CHECK(w.cluster->find("two") == nullptr);
  CHECK(w.cluster->kill(w.asking(), "one", {}, w.clock.now()).refused);
  CHECK(w.cluster->find("one")->record.status == Status::kActive);
  CHECK(w.cluster->trouble() == "cannot write master.db: disk full");
  w.store.full = false;
  CHECK_FALSE(w.submit("two", 1).refused);
  CHECK(w.cluster->trouble().empty());
}

TEST_CASE("cluster: a silent host's places go elsewhere, in a new generation, and its lives are dead") {
  World w;
  w.add_host("a", {6700});
  w.add_host("b", {6700});
  w.submit("wc", 1);
  w.pass(std::chrono::seconds(20));
  const std::string first = w.slots("wc")[0]->host;
  const std::string second = first == "a" ? "b" : "a";
  w.hosts[first].up = false;
  w.pass(std::chrono::seconds(14));
  CHECK(w.slots("wc")[0]->host == first);
  w.pass(std::chrono::seconds(3));
  CHECK(w.slots("wc")[0]->host == second);
  const Place place = w.cluster->find("wc")->record.places[0];
  CHECK(place.generation == 2);
  CHECK(place.dead == control::incarnation_of(2, 0));
  w.hosts[first].up = true;  // it comes back, and is told to run nothing
  w.pass(std::chrono::seconds(1));
  CHECK(w.hosts[first].lives.empty());
  CHECK(w.slots("wc")[0]->host == second);
}

TEST_CASE("cluster: without a slot elsewhere a place stays where it is, and its host finds its worker still wanted") {
  World w;
  w.add_host("a", {6700});
  w.submit("wc", 1);
  w.pass(std::chrono::seconds(20));
  w.hosts["a"].up = false;
  w.pass(std::chrono::seconds(20));
  CHECK(w.slots("wc")[0]->host == "a");
  CHECK_FALSE(w.cluster->find("wc")->degraded.empty());
  w.hosts["a"].up = true;
  w.pass(std::chrono::seconds(1));
  CHECK(w.cluster->find("wc")->degraded.empty());
  CHECK(w.cluster->find("wc")->record.places[0].generation == 1);
}

TEST_CASE("cluster: another master goes on with the same places, whoever has not spoken yet") {
  World w;
  w.add_host("a", {6700, 6701});
  w.add_host("b", {6700, 6701});
  w.submit("wc", 3);
  w.pass(std::chrono::seconds(20));
  const auto before = w.slots("wc");
  const auto lives = w.hosts["a"].lives;
  w.hosts["b"].up = false;
  w.restart();
  w.pass(std::chrono::seconds(10));
  CHECK(w.slots("wc") == before);
  w.hosts["b"].up = true;
  w.pass(std::chrono::seconds(20));
  CHECK(w.slots("wc") == before);
  CHECK(w.hosts["a"].lives == lives);
}

TEST_CASE("cluster: a host that joins moves nothing") {
  World w;
  w.add_host("a", {6700, 6701, 6702});
  w.submit("wc", 3);
  w.pass(std::chrono::seconds(2));
  const auto before = w.slots("wc");
  w.add_host("b", {6700, 6701, 6702});
  w.pass(std::chrono::seconds(30));
  CHECK(w.slots("wc") == before);
}

TEST_CASE("cluster: a killed topology drains, and is gone when its tasks have said all") {
  World w;
  w.add_host("a", {6700, 6701});
  w.submit("wc", 2);
  w.pass(std::chrono::seconds(2));
  REQUIRE_FALSE(w.cluster->kill(w.asking(), "wc", {}, w.clock.now()).refused);
  w.pass(std::chrono::seconds(5));
  CHECK(w.cluster->wanted("a").topologies.at(0).phase == control::Phase::kDraining);
  w.finished = true;
  w.pass(std::chrono::seconds(1));
  CHECK(w.cluster->find("wc") == nullptr);
  CHECK(w.hosts["a"].lives.empty());
  CHECK(w.store.topologies()->empty());
}

TEST_CASE("cluster: what does not run out in time is not waited for") {
  World w;
  w.add_host("a", {6700});
  w.submit("wc", 1);
  w.pass(std::chrono::seconds(2));
  w.cluster->kill(w.asking(), "wc", std::chrono::seconds(3), w.clock.now());
  w.pass(std::chrono::milliseconds(2500));
  CHECK(w.cluster->find("wc") != nullptr);
  w.pass(std::chrono::seconds(1));
  CHECK(w.cluster->find("wc") == nullptr);
}

TEST_CASE("cluster: a rebalance waits until nothing is pending, then goes on with the next revision") {
  World w;
  w.add_host("a", {6700, 6701, 6702});
  w.submit("wc", 1);
  w.pass(std::chrono::seconds(2));
  w.pending = true;
  TopologyRecord next = World::topology("wc", 3);
  const std::uint64_t token = w.cluster->find("wc")->record.revision.token;
  REQUIRE_FALSE(
      w.cluster->rebalance(w.asking(), "wc", next.revision, next.outline, std::chrono::seconds(30), w.clock.now())
          .refused);
  w.pass(std::chrono::seconds(3));
  CHECK(w.cluster->find("wc")->record.status == Status::kRebalancing);
  CHECK(w.cluster->wanted("a").topologies.at(0).phase == control::Phase::kInactive);
  w.pending = false;
  w.pass(std::chrono::seconds(1));
  const TopologyRecord& record = w.cluster->find("wc")->record;
  CHECK(record.status == Status::kActive);
  CHECK(record.revision.number == 2);
  CHECK(record.revision.topology == "wc-1");
  CHECK(record.revision.token != token);
  CHECK(w.hosts["a"].lives.size() == 3);
  for (const Place& place : record.places) CHECK(place.generation >= 2);
}

TEST_CASE("cluster: deactivated while it is rebalanced, it goes on inactive; killed, it is gone") {
  World w;
  w.add_host("a", {6700, 6701});
  w.submit("wc", 1);
  w.pass(std::chrono::seconds(2));
  w.pending = true;
  const TopologyRecord next = World::topology("wc", 2);
  w.cluster->rebalance(w.asking(), "wc", next.revision, next.outline, std::chrono::seconds(30), w.clock.now());
  w.cluster->set_active(w.asking(), "wc", false, w.clock.now());
  w.pending = false;
  w.pass(std::chrono::seconds(2));
  CHECK(w.cluster->find("wc")->record.status == Status::kInactive);
  CHECK(w.cluster->find("wc")->record.revision.number == 2);
  w.cluster->rebalance(w.asking(), "wc", next.revision, next.outline, std::chrono::seconds(30), w.clock.now());
  w.cluster->kill(w.asking(), "wc", std::chrono::seconds(1), w.clock.now());
  CHECK(w.cluster->rebalance(w.asking(), "wc", next.revision, next.outline, {}, w.clock.now()).refused);
  CHECK(w.cluster->set_active(w.asking(), "wc", true, w.clock.now()).refused);
  w.pass(std::chrono::seconds(2));
  CHECK(w.cluster->find("wc") == nullptr);
}

TEST_CASE("cluster: a death is told to all hosts of the topology") {
  World w;
  w.add_host("a", {6700});
  w.add_host("b", {6700});
  w.submit("wc", 2);
  w.pass(std::chrono::seconds(2));
  Beat beat = w.hosts["a"].beat;
  const std::uint64_t version = w.cluster->wanted("b").version;
  beat.slots[0].alive = false;
  beat.slots[0].state = control::SlotState::kBackingOff;
  w.cluster->beat(beat, w.clock.now());
  const Wanted wanted = w.cluster->wanted("b");
  CHECK(wanted.version > version);
  const auto& places = wanted.topologies.at(0).places;
  CHECK(places[beat.slots[0].place.value].dead == control::incarnation_of(1, 1));
  beat.slots[0].alive = true;  // its next life
  beat.slots[0].incarnation = control::incarnation_of(1, 2);
  w.cluster->beat(beat, w.clock.now());
  CHECK(w.cluster->wanted("b").topologies.at(0).places == places);
}

TEST_CASE("cluster: an event told twice is one, the same error again is counted") {
  World w;
  w.add_host("a", {6700});
  w.submit("wc", 1);
  w.pass(std::chrono::seconds(1));
  Beat beat = w.hosts["a"].beat;
  beat.events = {{1, 5, "wc-1", WorkerId(0), "bolt#0: no"}, {2, 6, "wc-1", WorkerId(0), "bolt#0: other"}};
  w.cluster->beat(beat, w.clock.now());
  w.cluster->beat(beat, w.clock.now());
  CHECK(w.cluster->find("wc")->watch.errors().size() == 2);
  beat.events = {{3, 7, "wc-1", WorkerId(0), "bolt#0: no"}};
  w.cluster->beat(beat, w.clock.now());
  CHECK(w.cluster->find("wc")->watch.errors().back().times == 2);
  CHECK(w.cluster->find("wc")->watch.errors().back().first_ms == 5);
  beat.boot = "2";  // its supervisor started anew, and counts from 1
  beat.events = {{1, 8, "wc-1", WorkerId(0), "new"}};
  w.cluster->beat(beat, w.clock.now());
  CHECK(w.cluster->find("wc")->watch.errors().size() == 3);
}

/// Random requests, host losses and master deaths: in the end each topology is what the last accepted request wants.
TEST_CASE("cluster: whatever happens, it ends as the last accepted request says") {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto one_of = [&](std::uint32_t n) { return random() % n; };
    World w;
    for (const char* id : {"a", "b", "c"}) w.add_host(id, {6700, 6701, 6702, 6703});
    w.finished = true;
    std::map<std::string, std::string> wanted;  // by topology: active, inactive, gone
    std::map<std::string, std::uint16_t> workers;
    for (int step = 0; step < 40; ++step) {
      const std::string name = std::string("t") + std::to_string(one_of(3));
      w.pending = one_of(3) == 0;
      switch (one_of(8)) {
        case 0:
          if (const auto n = static_cast<std::uint16_t>(1 + one_of(3)); !w.submit(name, n).refused) {
            wanted[name] = "active";
            workers[name] = n;
          }
          break;
        case 1:
          if (!w.cluster->kill(w.asking(), name, std::chrono::seconds(one_of(5)), w.clock.now()).refused)
            wanted[name] = "gone";
          break;
        case 2:
        case 3: {
          const bool active = one_of(2) == 0;
          if (!w.cluster->set_active(w.asking(), name, active, w.clock.now()).refused)
            wanted[name] = active ? "active" : "inactive";
          break;
        }
        case 4: {
          const TopologyRecord next = World::topology(name, static_cast<std::uint16_t>(1 + one_of(3)));
          if (!w.cluster
                   ->rebalance(w.asking(), name, next.revision, next.outline, std::chrono::seconds(one_of(5)),
                               w.clock.now())
                   .refused) {
            workers[name] = next.revision.workers;
          }
          break;
        }
        case 5:
          w.hosts[std::string(1, static_cast<char>('a' + one_of(3)))].up = one_of(2) == 0;
          break;
        case 6:
          w.restart();
          break;
        default:
          w.pass(std::chrono::seconds(one_of(20)));
      }
    }
    for (auto& [id, host] : w.hosts) host.up = true;
    w.pending = false;
    w.pass(std::chrono::seconds(40));
    std::set<std::pair<std::string, std::uint16_t>> used;
    for (const auto& [name, how] : wanted) {
      const Topology* topology = w.cluster->find(name);
      if (how == "gone") {
        CHECK(topology == nullptr);
        continue;
      }
      REQUIRE(topology != nullptr);
      CHECK(name_of(topology->record.status) == how);
      CHECK(topology->record.places.size() == workers[name]);
      for (const Place& place : topology->record.places) {
        REQUIRE(place.slot);
        CHECK(used.emplace(place.slot->host, place.slot->port).second);
      }
    }
    std::size_t running = 0;
    for (const auto& [id, host] : w.hosts) running += host.lives.size();
    CHECK(running == used.size());
  }
}

}  // namespace
}  // namespace gale::master
