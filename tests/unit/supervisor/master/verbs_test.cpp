// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/verbs.hpp"

#include <doctest/doctest.h>

#include <filesystem>

namespace gale::master {
namespace {

/// A master that is spoke to without a socket. Nothing is checked here: topologies are put in.
struct Desk {
  ManualClock clock;
  std::unique_ptr<Store> store = memory_store();
  Cluster cluster{*store, {}, clock.now(), 1};
  Checks checks{"/bin/false", std::filesystem::temp_directory_path() / ("gale-verbs-" + control::fresh_id()), *store,
                clock};
  Verbs verbs{cluster, *store, checks, clock};

  Desk() {
    TopologyRecord record;
    record.name = "wc";
    record.revision.workers = 1;
    record.outline.components = {{"count", "words.Count", false, true, 0, 1, 0, {}}};
    record.outline.place_of = {0};
    REQUIRE_FALSE(cluster.submit({"first", 1}, record, clock.now()).refused);
  }
  /// The answers that are there after it, in their order.
  std::vector<Verbs::Answer> ask(const std::string& id, const std::string& verb, Value::Map args,
                                 const std::string& peer = "me") {
    verbs.ask({peer, {id, verb, Value(std::move(args))}});
    return verbs.answers();
  }
  control::Reply one(const std::string& id, const std::string& verb, Value::Map args) {
    auto answers = ask(id, verb, std::move(args));
    REQUIRE(answers.size() == 1);
    return answers[0].reply;
  }
  void beat(const std::string& id) {
    control::Beat beat;
    beat.host = beat.name = "h";
    beat.boot = "1";
    beat.ports = {6700};
    beat.seen = cluster.wanted("h").version;
    verbs.ask({"h", {id, "beat", control::to_value(beat)}});
    cluster.tick(clock.now(), 1);
  }
};

TEST_CASE("verbs: what changes something is done once for a request") {
  Desk desk;
  CHECK_FALSE(desk.one("k", "kill", {{"name", "wc"}, {"within_ms", 5000}}).refused);
  CHECK_FALSE(desk.one("a", "kill", {{"name", "wc"}, {"within_ms", 9000}}).refused);
  const control::Reply again = desk.one("k", "kill", {{"name", "wc"}, {"within_ms", 5000}});
  CHECK(again.value == Value(Value::Map{{"name", "wc"}, {"wait_ms", 5000}}));
  CHECK(desk.cluster.find("wc")->record.wait_ms == 9000);
}

TEST_CASE("verbs: one that is not known, a topology that is not") {
  Desk desk;
  CHECK(desk.one("1", "kil", {}).refused->text ==
        "the master has no verb 'kil' (did you mean 'kill'?); is it older than this gale?");
  CHECK(desk.one("2", "status", {{"name", "wx"}}).refused->text == "no topology 'wx' runs (did you mean 'wc'?)");
  CHECK(desk.one("3", "have", {{"sha256", "../x"}}).refused->usage);
}

TEST_CASE("verbs: a submission that is no good is refused before anything is checked") {
  Desk desk;
  CHECK(desk.one("1", "submit", {}).refused->text == "a submission without a topology file");
  const auto with = [](const std::string& name, const std::string& sha) {
    control::Revision r;
    r.file = "name: x";
    r.plugins = {{name, sha, 1}};
    return Value::Map{{"revision", control::to_value(r)}};
  };
  CHECK(desk.one("2", "submit", with("../p", std::string(64, 'a'))).refused->text == "'../p' is no name of a plugin");
  CHECK(desk.one("3", "submit", with("p", "short")).refused->text == "plugin 'p' has no SHA-256");
  CHECK(desk.one("4", "submit", with("p", std::string(64, 'a'))).refused->text == "plugin 'p' was not uploaded");
}

TEST_CASE("verbs: a rebalance says whose memory is lost, and which component there is") {
  Desk desk;
  CHECK(desk.one("1", "rebalance", {{"name", "wc"}, {"workers", 2}}).refused->text ==
        "in-memory state of count is not moved: its tasks begin anew with empty memory; say --yes if that is fine");
  CHECK(desk.one("2", "rebalance", {{"name", "wc"}, {"tasks", Value::Map{{"cont", 2}}}}).refused->text ==
        "topology 'wc' has no component 'cont' (did you mean 'count'?)");
}

TEST_CASE("verbs: a beat waits for news, a second at most") {
  Desk desk;
  desk.beat("b1");  // a host that comes is answered at once, and given the place that waits for one
  CHECK(desk.verbs.answers().size() == 1);
  CHECK(desk.cluster.wanted("h").topologies.size() == 1);
  desk.beat("b2");
  desk.verbs.tick();
  CHECK(desk.verbs.answers().empty());
  desk.clock.advance(std::chrono::seconds(1));
  desk.verbs.tick();
  CHECK(desk.verbs.answers().size() == 1);
}

TEST_CASE("verbs: a log is asked of its host, and what that tells goes to who wanted it") {
  Desk desk;
  desk.beat("b1");
  desk.verbs.tick();
  (void)desk.verbs.answers();
  desk.beat("b2");
  auto answers = desk.ask("l1", "logs", {{"name", "wc"}, {"worker", 1}, {"lines", 5}});
  REQUIRE(answers.size() == 1);  // the host's: news at once
  CHECK(answers[0].peer == "h");
  REQUIRE(answers[0].reply.value.find("asks") != nullptr);
  answers = desk.ask("t1", "told", {{"id", "l1"}, {"host", "h"}, {"value", Value::Map{{"text", "words"}}}}, "h");
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].peer == "me");
  CHECK(answers[0].reply.value == Value(Value::Map{{"text", "words"}}));
  CHECK(desk.one("l2", "logs", {{"name", "wc"}, {"worker", 2}}).refused->text == "topology 'wc' has workers 1 to 1");
  (void)desk.ask("l3", "logs", {{"name", "wc"}, {"worker", 1}});
  desk.clock.advance(std::chrono::seconds(6));
  desk.verbs.tick();
  answers = desk.verbs.answers();
  REQUIRE_FALSE(answers.empty());
  CHECK(answers[0].reply.refused->text == "host h does not answer; 'gale supervisors' tells how it is");
}

}  // namespace
}  // namespace gale::master
