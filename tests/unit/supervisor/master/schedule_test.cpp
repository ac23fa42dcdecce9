// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/schedule.hpp"

#include <doctest/doctest.h>

namespace gale::master {
namespace {

using control::Slot;
using Places = std::vector<std::optional<Slot>>;

const std::vector<HostView> kTwoHosts = {{"a", {6700, 6701}, true}, {"b", {6700, 6701}, true}};

TEST_CASE("A topology is spread over the hosts, from the lowest port on") {
  const Schedule s = schedule(kTwoHosts, {{"t", Places(3), {}}});
  CHECK(s.places.at("t") == Places{Slot{"a", 6700}, Slot{"b", 6700}, Slot{"a", 6701}});
  CHECK(s.degraded.empty());
}

TEST_CASE("The next topology begins where the least is in use") {
  const Schedule s = schedule(kTwoHosts, {{"t", Places(1), {}}, {"u", Places(1), {}}});
  CHECK(s.places.at("u") == Places{Slot{"b", 6700}});
}

TEST_CASE("A host that joins takes nothing from the others") {
  const Places full = {Slot{"a", 6700}, Slot{"a", 6701}};
  CHECK(schedule(kTwoHosts, {{"t", full, {}}}).places.at("t") == full);
}

TEST_CASE("What was on a host that went goes to the others, the rest stays") {
  const Schedule s = schedule({{"a", {6700, 6701}, false}, {"b", {6700, 6701}, true}},
                              {{"t", {Slot{"b", 6700}, Slot{"a", 6700}}, {}}});
  CHECK(s.places.at("t") == Places{Slot{"b", 6700}, Slot{"b", 6701}});
}

TEST_CASE("A slot that its host no longer has is left") {
  const Schedule s = schedule({{"a", {6700}, true}}, {{"t", {Slot{"a", 6705}}, {}}});
  CHECK(s.places.at("t") == Places{Slot{"a", 6700}});
}

TEST_CASE("Of two that claim one slot the first has it") {
  const Schedule s = schedule(kTwoHosts, {{"t", {Slot{"a", 6700}}, {}}, {"u", {Slot{"a", 6700}}, {}}});
  CHECK(s.places.at("t") == Places{Slot{"a", 6700}});
  CHECK(s.places.at("u") == Places{Slot{"b", 6700}});
}

TEST_CASE("Who crashed on a host again and again leaves it when another has room, and stays when none has") {
  CHECK(schedule(kTwoHosts, {{"t", {Slot{"a", 6700}}, {{0, "a"}}}}).places.at("t") == Places{Slot{"b", 6700}});
  CHECK(schedule({{"a", {6700, 6701}, true}}, {{"t", {Slot{"a", 6700}}, {{0, "a"}}}}).places.at("t") ==
        Places{Slot{"a", 6700}});
}

TEST_CASE("Whom fewer hosts suit chooses first") {
  const Schedule s = schedule({{"a", {6700}, true}, {"b", {6700}, true}}, {{"t", Places(2), {{1, "b"}}}});
  CHECK(s.places.at("t") == Places{Slot{"b", 6700}, Slot{"a", 6700}});
}

TEST_CASE("Too few slots are told with how many, why, and what to do") {
  const Schedule s = schedule(kTwoHosts, {{"t", Places(3), {}}, {"u", Places(3), {}}, {"v", Places(2), {}}});
  CHECK_EQ(s.degraded.count("t"), 0);
  CHECK_EQ(s.degraded.at("u"),
           "1 of 3 workers has a slot; 2 wait: the cluster has 2 hosts with 4 slots, all in use; "
           "start another supervisor or kill a topology");
  CHECK_EQ(s.degraded.at("v"),
           "0 of 2 workers have a slot; 2 wait: the cluster has 2 hosts with 4 slots, all in use; "
           "start another supervisor or kill a topology");
}

TEST_CASE("Hosts that are not usable are told") {
  CHECK_EQ(schedule({}, {{"t", Places(1), {}}}).degraded.at("t"),
           "0 of 1 workers have a slot; 1 waits: no supervisor has reported yet; start one with 'gale supervisor'");
  CHECK_EQ(schedule({{"a", {6700}, false}}, {{"t", Places(2), {}}}).degraded.at("t"),
           "0 of 2 workers have a slot; 2 wait: the cluster has 1 host, none of them usable; 'gale supervisors' says "
           "why");
  CHECK_EQ(schedule({{"a", {6700}, false}, {"b", {6700}, true}}, {{"t", Places(2), {}}}).degraded.at("t"),
           "1 of 2 workers has a slot; 1 waits: the cluster has 1 host with 1 slot, which is in use, and 1 host not "
           "usable ('gale supervisors' says why); start another supervisor or kill a topology");
}

}  // namespace
}  // namespace gale::master
