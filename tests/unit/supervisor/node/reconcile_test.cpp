// SPDX-License-Identifier: Apache-2.0
//
// reconcile(), case by case, and over random worlds: whatever it finds, its actions lead to what is wanted, and on the
// way no place has two processes, nothing healthy is touched and no life is numbered twice.
#include "supervisor/node/reconcile.hpp"

#include "supervisor/node/restarts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

namespace gale::node {
namespace {

using control::incarnation_of;
using control::Placed;
using control::Wanted;
using control::WantedTopology;
using std::chrono::seconds;

const View kView{"here", "/run", {}};
const TimePoint kNow = TimePoint(std::chrono::hours(1));

Placed placed(std::uint16_t place, std::uint16_t port, std::uint32_t generation = 1, const std::string& host = "here") {
  Placed p;
  p.place = WorkerId(place);
  p.slot = {host, port};
  p.address = host;
  p.generation = generation;
  return p;
}

WantedTopology topology(const std::string& id, std::vector<Placed> places) {
  WantedTopology t;
  t.revision.topology = id;
  t.places = std::move(places);
  return t;
}

Wanted want(std::vector<WantedTopology> topologies) { return {1, std::move(topologies)}; }

SlotNow empty(std::uint16_t port) {
  SlotNow s;
  s.port = port;
  return s;
}

/// A healthy worker that knows all it should.
SlotNow running(const Wanted& wanted, std::uint16_t port, Incarnation life = incarnation_of(1, 1)) {
  SlotNow s = empty(port);
  const auto slot = wanted_at(wanted, port, kView);
  s.assignment = slot->assignment;
  s.incarnation = life;
  s.alive = s.spoke = s.confirmed = true;
  s.heard = kNow;
  s.told = slot->told;
  return s;
}

std::vector<Action> actions(const Wanted& wanted, const std::vector<SlotNow>& slots, bool installed = true,
                            TimePoint now = kNow) {
  std::set<RevisionId> here;
  for (const WantedTopology& t : wanted.topologies) {
    if (installed) here.emplace(t.revision.topology, t.revision.number);
  }
  return reconcile(wanted, slots, here, kView, now);
}

TEST_CASE("Before the master has spoken nothing is begun and nothing is ended") {
  const Wanted wanted = want({topology("t", {placed(0, 6700)})});
  SlotNow hung = running(wanted, 6700);
  hung.heard = TimePoint();
  CHECK(reconcile(std::nullopt, {hung, empty(6701)}, {{"old", 1}}, kView, kNow).empty());
}

TEST_CASE("A wanted place starts in its slot once its files are here, as the first life of its generation") {
  const Wanted wanted = want({topology("t", {placed(0, 6700, 3), placed(1, 6701, 3), placed(2, 6700, 1, "there")})});
  const std::vector<SlotNow> slots = {empty(6700), empty(6701), empty(6702)};
  const auto fetch = actions(wanted, slots, false);
  REQUIRE(fetch.size() == 1);
  CHECK(fetch[0].kind == Action::Kind::kFetch);
  CHECK(fetch[0].revision == RevisionId("t", 1));
  const auto start = actions(wanted, slots);
  REQUIRE(start.size() == 2);
  CHECK(start[0].kind == Action::Kind::kStart);
  CHECK(start[0].port == 6700);
  CHECK(start[0].assignment == Assignment{"t", 1, WorkerId(0), 3});
  CHECK(start[0].incarnation == incarnation_of(3, 1));
  CHECK(start[0].told.places.size() == 3);
  CHECK(start[0].told.places[0].data == "ipc:///run/t.1/w0.data");
  CHECK(start[0].told.places[2].ack == "tcp://there:6800");
}

TEST_CASE("What runs as wanted is left alone, and one that died comes back as its next life when it may") {
  const Wanted wanted = want({topology("t", {placed(0, 6700)})});
  SlotNow s = running(wanted, 6700, incarnation_of(1, 4));
  CHECK(actions(wanted, {s}).empty());
  s.alive = false;
  s.start_at = kNow + seconds(2);
  CHECK(actions(wanted, {s}).empty());
  const auto start = actions(wanted, {s}, true, kNow + seconds(2));
  REQUIRE(start.size() == 1);
  CHECK(start[0].incarnation == incarnation_of(1, 5));
}

TEST_CASE("A worker that is not wanted, or was given up by the master, is told to end, then killed") {
  const Wanted wanted = want({topology("t", {placed(0, 6700)})});
  SlotNow s = running(wanted, 6700, incarnation_of(1, 2));
  for (const Wanted& other : {want({}), want({topology("t", {placed(0, 6700, 2)})}),
                              want({topology("u", {placed(0, 6700)})}), want({topology("t", {placed(0, 6701)})})}) {
    const auto stop = actions(other, {s});
    REQUIRE(!stop.empty());
    CHECK(stop[0].kind == Action::Kind::kStop);
  }
  Wanted dead = wanted;
  dead.topologies[0].places[0].dead = incarnation_of(1, 2);
  REQUIRE(actions(dead, {s}).size() == 1);
  CHECK(actions(dead, {s})[0].kind == Action::Kind::kStop);
  s.asked = kNow;
  CHECK(actions(dead, {s}, true, kNow + kView.limits.stop_within - seconds(1)).empty());
  const auto kill = actions(dead, {s}, true, kNow + kView.limits.stop_within);
  REQUIRE(kill.size() == 1);
  CHECK(kill[0].kind == Action::Kind::kKill);
  s.alive = false;
  s.asked.reset();
  CHECK(actions(dead, {s})[0].incarnation == incarnation_of(1, 3));
}

TEST_CASE("A worker that does not report is killed: at the limit, not before") {
  const Wanted wanted = want({topology("t", {placed(0, 6700)})});
  SlotNow s = running(wanted, 6700);
  CHECK(actions(wanted, {s}, true, kNow + kView.limits.report_within - seconds(1)).empty());
  const auto kill = actions(wanted, {s}, true, kNow + kView.limits.report_within);
  REQUIRE(kill.size() == 1);
  CHECK(kill[0].kind == Action::Kind::kKill);
  CHECK(kill[0].why == "no report for 30 s");
  s.spoke = false;
  CHECK(actions(wanted, {s}, true, kNow + kView.limits.start_within - seconds(1)).empty());
  CHECK(actions(wanted, {s}, true, kNow + kView.limits.start_within)[0].why == "no report for 120 s");
}

TEST_CASE("A worker is told what has changed, and again until it says that it has heard it") {
  Wanted wanted = want({topology("t", {placed(0, 6700), placed(1, 6701, 1, "there")})});
  SlotNow s = running(wanted, 6700);
  wanted.topologies[0].places[1].dead = incarnation_of(1, 7);
  wanted.topologies[0].phase = control::Phase::kInactive;
  const auto tell = actions(wanted, {s});
  REQUIRE(tell.size() == 1);
  CHECK(tell[0].kind == Action::Kind::kTell);
  CHECK(tell[0].told.phase == control::Phase::kInactive);
  CHECK(tell[0].told.places[1].dead == incarnation_of(1, 7));
  s.told = tell[0].told;
  s.told_at = kNow;
  s.confirmed = false;
  CHECK(actions(wanted, {s}).empty());
  CHECK(actions(wanted, {s}, true, kNow + kView.limits.told_again).size() == 1);
  s.confirmed = true;
  CHECK(actions(wanted, {s}, true, kNow + kView.limits.told_again).empty());
  s.told.reset();
  s.spoke = false;  // nobody would hear it
  CHECK(actions(wanted, {s}).empty());
}

TEST_CASE("A death here is told to its peers here at once, whether or not the master knows of it") {
  const Wanted wanted = want({topology("t", {placed(0, 6700), placed(1, 6701), placed(2, 6700, 1, "there")})});
  SlotNow one = running(wanted, 6700), two = running(wanted, 6701, incarnation_of(1, 4));
  two.alive = false;
  two.start_at = kNow + seconds(1);
  const auto tell = actions(wanted, {one, two});
  REQUIRE(tell.size() == 1);
  CHECK(tell[0].port == 6700);
  CHECK(tell[0].told.places[1].dead == incarnation_of(1, 4));
  CHECK(tell[0].told.places[2].dead == Incarnation(0));
  one.told = tell[0].told;
  const auto start = actions(wanted, {one, two}, true, kNow + seconds(1));
  REQUIRE(start.size() == 1);
  two.alive = two.spoke = two.confirmed = true;
  two.incarnation = start[0].incarnation;
  two.told = start[0].told;
  CHECK(actions(wanted, {one, two}).empty());  // its new life makes nothing dead that was not
}

TEST_CASE("A place that comes back to a slot goes on counting, and numbers that are used up are not used again") {
  const Wanted wanted = want({topology("t", {placed(0, 6700)})});
  SlotNow s = empty(6700);
  s.assignment = Assignment{"u", 1, WorkerId(0), 1};
  s.incarnation = incarnation_of(1, 9);
  s.former = {{"t", WorkerId(0), incarnation_of(1, 5)}};
  CHECK(actions(wanted, {s})[0].incarnation == incarnation_of(1, 6));
  s.former[0].incarnation = incarnation_of(1, control::kMostCount);
  CHECK(actions(wanted, {s}).empty());
  s.former[0].incarnation = incarnation_of(2, 1);  // the master speaks of an older generation
  CHECK(actions(wanted, {s}).empty());
  CHECK(actions(want({topology("t", {placed(0, 6700, 3)})}), {s})[0].incarnation == incarnation_of(3, 1));
}

TEST_CASE("A place that moves to another slot of this host waits there for the end of its process here") {
  const Wanted before = want({topology("t", {placed(0, 6700)})});
  const Wanted wanted = want({topology("t", {placed(0, 6701, 2)})});
  const auto first = actions(wanted, {running(before, 6700), empty(6701)});
  REQUIRE(first.size() == 1);
  CHECK(first[0].kind == Action::Kind::kStop);
}

TEST_CASE("Files go when their revision is neither wanted nor run") {
  const Wanted wanted = want({topology("t", {placed(0, 6700)})});
  const std::set<RevisionId> here = {{"t", 1}, {"t", 0}, {"u", 1}};
  SlotNow old = running(wanted, 6700);
  old.assignment->revision = 0;
  std::vector<RevisionId> removed;
  for (const Action& a : reconcile(wanted, {old}, here, kView, kNow)) {
    if (a.kind == Action::Kind::kRemove) removed.push_back(a.revision);
  }
  CHECK(removed == std::vector<RevisionId>{{"u", 1}});
}

// ---- random worlds

/// What the supervisor does with actions, with chance for when processes die and reports come.
class World {
 public:
  explicit World(std::uint64_t seed) : dice_(seed) {
    for (std::uint16_t p = 6700; p < 6704; ++p) {
      slots_.push_back(empty(p));
      if (roll(2) == 0) continue;
      SlotNow& s = slots_.back();  // anything may have been left behind
      s.assignment = Assignment{name(), roll(3), WorkerId(static_cast<std::uint16_t>(roll(4))), 1 + roll(3)};
      s.incarnation = incarnation_of(s.assignment->generation, 1 + roll(4));
      s.alive = roll(2) == 0 && !runs(*s.assignment);
      s.heard = now_;
      note(*s.assignment, s.incarnation);
    }
    change();
  }

  void step() {
    now_ += std::chrono::milliseconds(roll(700));
    for (const Action& a : reconcile(wanted_, slots_, installed_, kView, now_)) apply(a);
    for (SlotNow& s : slots_) {
      if (!s.alive) continue;
      if (s.killed || (s.asked && roll(4) != 0) || (faults_ && roll(40) == 0)) {
        die(s);
        continue;
      }
      s.heard = now_;
      s.spoke = true;
      if (roll(3) != 0) s.confirmed = true;
    }
    if (faults_ && roll(10) == 0) change();
  }
  void settle() {
    faults_ = false;
    for (int i = 0; i < 400; ++i) step();
  }
  void check_settled() const {
    for (const SlotNow& s : slots_) {
      const auto wanted = wanted_at(wanted_, s.port, kView);
      REQUIRE(s.alive == wanted.has_value());
      if (!wanted) continue;
      CHECK(s.assignment == wanted->assignment);
      CHECK(s.told->phase == wanted->told.phase);
      CHECK(s.incarnation > wanted->dead);
    }
  }
  std::uint64_t starts = 0, kills = 0;

 private:
  std::uint32_t roll(std::uint32_t n) { return static_cast<std::uint32_t>(dice_() % n); }
  std::string name() { return roll(2) == 0 ? "t" : "u"; }
  bool runs(const Assignment& a) const {
    return std::any_of(slots_.begin(), slots_.end(), [&](const SlotNow& s) {
      return s.alive && s.assignment && s.assignment->topology == a.topology && s.assignment->place == a.place;
    });
  }
  void note(const Assignment& a, Incarnation life) {
    Incarnation& last = lives_[{a.topology, a.place}];
    last = std::max(last, life);
  }

  /// As a master would: a place that goes to another slot has another generation, above all before.
  void change() {
    std::vector<std::uint16_t> ports = {6700, 6701, 6702, 6703};
    std::shuffle(ports.begin(), ports.end(), dice_);
    Wanted next;
    next.version = wanted_.version + 1;
    for (const char* id : {"t", "u"}) {
      if (roll(4) == 0) continue;
      WantedTopology t = topology(id, {});
      t.revision.number = 1 + roll(2);
      t.phase = static_cast<control::Phase>(roll(3));
      for (std::uint16_t place = 0; place < 2; ++place) {
        const std::uint16_t port = ports.back();
        ports.pop_back();
        auto& [slot, generation] = given_[{id, WorkerId(place)}];
        if (slot != port) generation = std::max(generation, control::generation_of(lives_[{id, WorkerId(place)}])) + 1;
        slot = port;
        Placed p = placed(place, port, generation);
        if (roll(4) == 0) p.dead = lives_[{id, WorkerId(place)}];
        if (control::generation_of(p.dead) > generation) p.dead = {};
        t.places.push_back(p);
      }
      next.topologies.push_back(std::move(t));
    }
    wanted_ = std::move(next);
  }

  void apply(const Action& a) {
    const auto it = std::find_if(slots_.begin(), slots_.end(), [&](const SlotNow& s) { return s.port == a.port; });
    switch (a.kind) {
      case Action::Kind::kFetch:
        if (roll(3) == 0) installed_.insert(a.revision);
        break;
      case Action::Kind::kRemove:
        installed_.erase(a.revision);
        break;
      case Action::Kind::kTell:
        it->told = a.told;
        it->confirmed = false;
        it->told_at = now_;
        break;
      case Action::Kind::kStop:
      case Action::Kind::kKill: {
        REQUIRE(it->alive);
        const auto wanted = wanted_at(wanted_, a.port, kView);
        const bool healthy = wanted && it->assignment == wanted->assignment && it->incarnation > wanted->dead &&
                             !it->asked && now_ < it->heard + kView.limits.report_within;
        CHECK_FALSE(healthy);
        it->killed = it->killed || a.kind == Action::Kind::kKill;
        if (!it->asked) it->asked = now_;
        ++kills;
        break;
      }
      case Action::Kind::kStart:
        REQUIRE_FALSE(it->alive);
        REQUIRE_FALSE(runs(a.assignment));
        REQUIRE(now_ >= it->start_at);
        CHECK(a.incarnation > lives_[std::pair(a.assignment.topology, a.assignment.place)]);
        note(a.assignment, a.incarnation);
        if (it->assignment) it->former.push_back({it->assignment->topology, it->assignment->place, it->incarnation});
        it->assignment = a.assignment;
        it->incarnation = a.incarnation;
        it->told = a.told;
        it->confirmed = it->alive = true;
        it->heard = now_;
        ++starts;
        break;
    }
  }
  void die(SlotNow& s) {
    s.alive = s.spoke = s.killed = false;
    s.asked.reset();
    s.told.reset();
    s.start_at = now_ + std::chrono::milliseconds(roll(3000));
  }

  std::mt19937_64 dice_;
  TimePoint now_ = kNow;
  Wanted wanted_;
  std::vector<SlotNow> slots_;
  std::set<RevisionId> installed_;
  std::map<std::pair<std::string, WorkerId>, Incarnation> lives_;
  std::map<std::pair<std::string, WorkerId>, std::pair<std::uint16_t, std::uint32_t>> given_;
  bool faults_ = true;
};

TEST_CASE("From any state, through deaths and changes of mind, the slots become what is wanted") {
  std::uint64_t starts = 0, kills = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    CAPTURE(seed);
    World world(seed);
    for (int i = 0; i < 60; ++i) world.step();
    world.settle();
    world.check_settled();
    starts += world.starts;
    kills += world.kills;
  }
  CHECK(starts > 10000);
  CHECK(kills > 5000);
}

// ---- restarts

TEST_CASE("Starts are 0, 1, 2, 4 ... 30 s apart, a fifth more or less, and a healthy life forgives") {
  Restarts r;
  const double wanted[] = {0, 1, 2, 4, 8, 16, 30, 30, 30};
  for (const double s : wanted) {
    r.died(kNow, seconds(1), 0.5);
    const double pause = std::chrono::duration<double>(r.start_at() - kNow).count();
    CHECK(pause >= s * 0.8);
    CHECK(pause <= s * 1.2);
  }
  CHECK(r.looping(Duration::zero()));
  CHECK_FALSE(r.looping(Restarts::kHealthy));
  r.died(kNow, Restarts::kHealthy, 0.5);
  CHECK(r.start_at() == kNow);
  CHECK_FALSE(r.looping(Duration::zero()));
}

TEST_CASE("Three quick deaths in a row are a crash loop, two are not") {
  Restarts r;
  r.died(kNow, seconds(1), 0);
  r.died(kNow, seconds(59), 0);
  CHECK_FALSE(r.looping(Duration::zero()));
  r.died(kNow, seconds(1), 0);
  CHECK(r.looping(Duration::zero()));
}

TEST_CASE("A worker that dies at once starts at most twelve times in three minutes, whatever the dice say") {
  for (const double chance : {0.0, 0.5, 1.0}) {
    Restarts r;
    TimePoint at = kNow;
    int starts = 0;
    while (at < kNow + std::chrono::minutes(3)) {
      ++starts;
      r.died(at, Duration::zero(), chance);
      at = r.start_at();
    }
    CHECK(starts <= 12);
    CHECK(starts >= 10);
  }
}

}  // namespace
}  // namespace gale::node
