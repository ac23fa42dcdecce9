// SPDX-License-Identifier: Apache-2.0
//
// The contract of a tuple in a running engine: emits, roots and edges (contract 1-3, 12). Scripts stand in for user
// code.
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <string>
#include <vector>

namespace gale::test {
namespace {

const std::string kOnce = "topology.max.attempts: 1";

TEST_CASE("Contract 1: an emit of the wrong number of values fails its input, with the text as the reason") {
  Told told;
  SpoutScript spout = numbers(1);
  told.listen(spout);
  BoltScript bolt;
  bolt.execute = [](const Tuple& t, Collector& out) {
    out.emit(1);
    out.ack(t);
  };
  EngineRun run(pair_of(spout, bolt, kOnce));
  REQUIRE(run_to_end(run));
  REQUIRE(told.fails[0].size() == 1);
  CHECK(told.fails[0][0].reason == "bolt#0: emit of 1 values to stream 'default', which has 2 fields");
  CHECK(told.fails[0][0].final);
  CHECK(told.acks.empty());
  CHECK(run.counts("bolt").thrown == 1);
  CHECK(run.counts("bolt").failed == 1);
  CHECK(run.counts("spout").failed == 1);
}

TEST_CASE("Contract 1: an emit to an undeclared stream fails its input, and the engine lives") {
  Told told;
  SpoutScript spout = numbers(3);
  told.listen(spout);
  BoltScript bolt;
  bolt.execute = [](const Tuple& t, Collector& out) {
    const Stream undeclared;
    if (t.get<int>(0) == 1) out.on(undeclared).emit(1);
    out.ack(t);
  };
  EngineRun run(pair_of(spout, bolt, kOnce));
  REQUIRE(run_to_end(run));
  REQUIRE(told.fails[1].size() == 1);
  CHECK(told.fails[1][0].reason.find("emit to a stream that bolt does not declare") != std::string::npos);
  CHECK(told.acks == std::map<MessageId, int>{{0, 1}, {2, 1}});
}

std::function<void(const Tuple&, Collector&)> join_two(std::shared_ptr<std::optional<KeptTuple>> first) {
  return [first](const Tuple& t, Collector& out) {
    if (!*first) {
      first->emplace(t.keep());
      return;
    }
    out.from(**first, t).emit(t.get<std::int64_t>(0), "joined");
    out.ack(std::move(**first));
    out.ack(t);
    first->reset();
  };
}

std::vector<BoltScript> joining(std::size_t levels) {
  std::vector<BoltScript> bolts(levels);
  for (BoltScript& b : bolts) {
    const auto first = std::make_shared<std::optional<KeptTuple>>();
    b.execute = join_two(first);
    b.close = [first] { first->reset(); };
  }
  return bolts;
}

TEST_CASE("Contract 1: a tuple that would carry more than 1 024 roots fails what it was anchored to: too many roots") {
  Told told;
  SpoutScript spout = numbers(2048);
  told.listen(spout);
  const std::vector<BoltScript> bolts = joining(11);
  std::atomic<int> arrived{0};
  BoltScript sink;
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++arrived;
    out.ack(t);
  };
  std::vector<const BoltScript*> scripts;
  for (const BoltScript& b : bolts) scripts.push_back(&b);
  scripts.push_back(&sink);
  EngineRun run(chain(spout, scripts, kOnce));
  REQUIRE(run_to_end(run));
  CHECK(arrived == 0);
  CHECK(told.acks.empty());
  CHECK(told.fails.size() == 2048);
  for (const auto& [id, fails] : told.fails) {
    REQUIRE(fails.size() == 1);
    REQUIRE(fails[0].reason.find("bolt10#0: too many roots") != std::string::npos);
  }
}

TEST_CASE("Contract 3: joins of joins complete every root exactly once") {
  Told told;
  SpoutScript spout = numbers(1024);
  told.listen(spout);
  const std::vector<BoltScript> bolts = joining(10);
  std::atomic<int> arrived{0};
  BoltScript sink;
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++arrived;
    out.ack(t);
  };
  std::vector<const BoltScript*> scripts;
  for (const BoltScript& b : bolts) scripts.push_back(&b);
  scripts.push_back(&sink);
  EngineRun run(chain(spout, scripts, kOnce));
  REQUIRE(run_to_end(run));
  CHECK(arrived == 1);
  CHECK(told.fails.empty());
  CHECK(told.acks.size() == 1024);
  for (const auto& [id, times] : told.acks) REQUIRE(times == 1);
}

TEST_CASE("Contract 3: a root is acked only when all of its copies, and all that came of them, are acked") {
  Told told;
  SpoutScript spout = numbers(1);
  told.listen(spout);
  // Each task of `fan` gets a copy and makes three more; the sink holds the last back.
  BoltScript fan, sink;
  fan.execute = [](const Tuple& t, Collector& out) {
    for (int i = 0; i < 3; ++i) out.emit(i, "child");
    out.ack(t);
  };
  Signal held;
  std::optional<KeptTuple> last;
  int seen = 0;
  sink.execute = [&](const Tuple& t, Collector& out) {
    held.change([&] {
      if (++seen == 12) {
        last.emplace(t.keep());
      } else {
        out.ack(t);
      }
    });
  };
  EngineRun run("name: fan\nplugins: [scripted]\nconfig: {" + kOnce +
                "}\nspouts:\n  - {id: spout, className: scripted.Source, properties: {" + at(spout) +
                "}}\nbolts:\n  - {id: fan, className: scripted.Step, parallelism: 4, properties: {" + at(fan) +
                "}}\n  - {id: sink, className: scripted.Step, properties: {" + at(sink) +
                "}}\nstreams:\n  - {from: spout, to: fan, grouping: {type: ALL}}\n"
                "  - {from: fan, to: sink, grouping: {type: GLOBAL}}\n");
  run.start();
  REQUIRE(held.wait([&] { return last.has_value(); }));
  CHECK_FALSE(run.finish(std::chrono::milliseconds(100)));
  CHECK(told.signal.read([&] { return told.acks.empty() && told.fails.empty(); }));
  std::move(*last).ack();
  REQUIRE(run.finish());
  run.stop();
  CHECK(told.acks == std::map<MessageId, int>{{0, 1}});
  CHECK(run.counts("sink").acked == 12);
}

TEST_CASE(
    "Contract 3: an input is acked or failed once; a second ack and an emit anchored to it are refused, counted") {
  Told told;
  SpoutScript spout = numbers(2);
  told.listen(spout);
  BoltScript bolt, sink;
  bolt.execute = [](const Tuple& t, Collector& out) {
    out.ack(t);
    if (t.get<int>(0) == 0) {
      out.ack(t);
      out.fail(t, "changed my mind");
    } else {
      out.emit(9, "too late");
      out.from(t).emit(9, "too late");
    }
  };
  std::atomic<int> arrived{0};
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++arrived;
    out.ack(t);
  };
  EngineRun run(chain(spout, {&bolt, &sink}, kOnce));
  REQUIRE(run_to_end(run));
  CHECK(arrived == 0);
  CHECK(told.acks == std::map<MessageId, int>{{0, 1}, {1, 1}});
  CHECK(told.fails.empty());
  CHECK(run.counts("bolt0").misuse == 4);
  CHECK(run.counts("bolt0").acked == 2);
  CHECK(run.counts("bolt0").failed == 0);
}

TEST_CASE(
    "Contract 3: untracked tuples carry no roots and nobody is told of them; unanchored ones leave their root alone") {
  Told told;
  SpoutScript spout;
  spout.next = [n = 0](SpoutCollector& out, Context&) mutable {
    if (n == 20) return Next::finished();
    if (n % 2 == 0) {
      out.emit(n, "untracked");
    } else {
      out.emit({.id = static_cast<MessageId>(n)}, n, "tracked");
    }
    ++n;
    return Next::emitted();
  };
  told.listen(spout);
  BoltScript bolt, sink;
  bolt.execute = [](const Tuple& t, Collector& out) {
    out.unanchored().emit(t.get<int>(0), "free");
    out.ack(t);
  };
  std::atomic<int> arrived{0};
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++arrived;
    out.fail(t, "nobody waits for it");
  };
  EngineRun run(chain(spout, {&bolt, &sink}, kOnce));
  REQUIRE(run_to_end(run));
  CHECK(arrived == 20);
  CHECK(told.fails.empty());
  CHECK(told.acks.size() == 10);
  CHECK(run.counts("spout").roots == 10);
  CHECK(run.counts("sink").failed == 20);
}

TEST_CASE("Contract 12: what a throwing execute emitted does not leave, even what was more than the lent buffer") {
  Told told;
  SpoutScript spout = numbers(10);
  told.listen(spout);
  BoltScript bolt, sink;
  bolt.execute = [](const Tuple& t, Collector& out) {
    const int n = t.get<int>(0);
    const std::string kilobyte(1000, 'k');
    for (int i = 0; i < (n % 2 == 1 ? 300 : 2); ++i) out.emit(n, kilobyte);  // 300: several lent buffers
    if (n % 4 != 0) throw Error("asked to throw at " + std::to_string(n));
    out.ack(t);
  };
  std::map<std::int64_t, int> arrived;
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++arrived[t.get<std::int64_t>(0)];
    out.ack(t);
  };
  EngineRun run(chain(spout, {&bolt, &sink}, kOnce));
  REQUIRE(run_to_end(run));
  CHECK(arrived == std::map<std::int64_t, int>{{0, 2}, {4, 2}, {8, 2}});
  CHECK(told.acks == std::map<MessageId, int>{{0, 1}, {4, 1}, {8, 1}});
  CHECK(told.fails.size() == 7);
  CHECK(told.fails[3].at(0).reason == "bolt0#0: asked to throw at 3");
}

TEST_CASE("Contract 12: fail() drops nothing: what was emitted leaves, and its root has failed") {
  Told told;
  SpoutScript spout = numbers(1);
  told.listen(spout);
  BoltScript bolt, sink;
  bolt.execute = [](const Tuple& t, Collector& out) {
    out.emit(7, "child");
    out.fail(t, "asked to");
  };
  std::atomic<int> arrived{0};
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++arrived;
    out.ack(t);
  };
  EngineRun run(chain(spout, {&bolt, &sink}, kOnce));
  REQUIRE(run_to_end(run));
  CHECK(arrived == 1);
  CHECK(told.acks.empty());
  CHECK(told.fails[0].at(0).reason == "bolt0#0: asked to");
}

TEST_CASE(
    "Contract 4: one execute that emits more than topology.execute.max.emit.bytes fails its tuple; smaller ones pass") {
  Told told;
  SpoutScript spout = numbers(2);
  told.listen(spout);
  BoltScript bolt, sink;
  bolt.execute = [](const Tuple& t, Collector& out) {
    const std::string megabyte(1 << 20, 'm');
    for (int i = 0; i < (t.get<int>(0) == 0 ? 10 : 2); ++i) out.emit(i, megabyte);
    out.ack(t);
  };
  std::atomic<int> arrived{0};
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++arrived;
    out.ack(t);
  };
  std::string yaml = chain(spout, {&bolt, &sink}, kOnce);
  yaml.replace(yaml.find(kOnce), kOnce.size(), kOnce + ", topology.execute.max.emit.bytes: 4194304");
  EngineRun run(yaml);
  REQUIRE(run_to_end(run));
  CHECK(arrived == 2);
  CHECK(told.acks == std::map<MessageId, int>{{1, 1}});
  CHECK(told.fails[0].at(0).reason.find("topology.execute.max.emit.bytes") != std::string::npos);
}

TEST_CASE("Contract 12: an emit that was refused as too large, and caught, drops only itself") {
  Told told;
  SpoutScript spout = numbers(3);
  told.listen(spout);
  BoltScript bolt, sink;
  bolt.execute = [](const Tuple& t, Collector& out) {
    if (t.get<int>(0) == 2) throw Error("the third");
    out.emit(t.get<int>(0), "small");
    try {
      out.emit(1, std::string(8 << 20, 'x'));
    } catch (const Error&) {
      out.emit(t.get<int>(0), "caught");
    }
    out.ack(t);
  };
  std::vector<std::string> arrived;
  sink.execute = [&](const Tuple& t, Collector& out) {
    arrived.push_back(t.get<std::string>(1));
    out.ack(t);
  };
  std::string yaml = chain(spout, {&bolt, &sink}, kOnce);
  yaml.replace(yaml.find(kOnce), kOnce.size(), kOnce + ", topology.execute.max.emit.bytes: 4194304");
  EngineRun run(yaml);
  REQUIRE(run_to_end(run));
  CHECK(arrived == std::vector<std::string>{"small", "caught", "small", "caught"});
  CHECK(told.acks.size() == 2);
  CHECK(told.fails.size() == 1);
}

TEST_CASE("A key that is an array fails a tracked root with the stream's name, and drops an untracked tuple") {
  for (const bool tracked : {true, false}) {
    CAPTURE(tracked);
    Told told;
    SpoutScript spout;
    spout.next = [tracked, n = 0](SpoutCollector& out, Context&) mutable {
      if (n == 100) return Next::finished();
      const std::vector<int> list{1, 2};
      if (tracked) {
        out.emit({.id = static_cast<MessageId>(n)}, list, "x");
      } else {
        out.emit(list, "x");
      }
      ++n;
      return Next::emitted();
    };
    told.listen(spout);
    BoltScript bolt;
    std::string yaml = pair_of(spout, bolt, kOnce + ", topology.max.spout.pending: 4");
    yaml.replace(yaml.find("{type: SHUFFLE}"), 15, "{type: FIELDS, args: [n]}");
    EngineRun run(yaml);
    REQUIRE(run_to_end(run));
    CHECK(run.counts("bolt").executed == 0);
    CHECK(told.fails.size() == (tracked ? 100 : 0));
    CHECK(run.counts("spout").dropped == (tracked ? 0 : 100));
    if (tracked)
      CHECK(told.fails[5].at(0).reason == "spout#0: a grouping field of stream 'default' is an array or a map");
    CHECK(run.reported("grouping field"));
  }
}

TEST_CASE("Contract 2: roots of a stream that nobody reads are acked at once, however many more there are than slots") {
  Told told;
  SpoutScript spout;
  spout.next = [&spout, n = 0](SpoutCollector& out, Context&) mutable {
    if (n == 1000) return Next::finished();
    for (int i = 0; i < 10; ++i, ++n) out.emit(spout.other, {.id = static_cast<MessageId>(n)}, n);
    return Next::emitted();
  };
  told.listen(spout);
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt, "topology.max.spout.pending: 4"));
  REQUIRE(run_to_end(run));
  CHECK(told.acks.size() == 1000);
  CHECK(told.fails.empty());
}

TEST_CASE("A spout that idles until it is told of a root hears of it when nobody reads the stream") {
  Told told;
  SpoutScript spout;
  spout.next = [&, n = 0](SpoutCollector& out, Context&) mutable {
    if (n == 3) return Next::finished();
    if (told.signal.read([&] { return told.acks.size(); }) < static_cast<std::size_t>(n))
      return Next::idle_until_woken();
    out.emit(spout.other, {.id = static_cast<MessageId>(n)}, n);
    ++n;
    return Next::idle_until_woken();
  };
  told.listen(spout);
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt));
  REQUIRE(run_to_end(run));
  CHECK(told.acks.size() == 3);
}

TEST_CASE("Contract 1: emit_with_targets returns the tasks that get a copy, and those do") {
  constexpr std::uint64_t kRoots = 500;
  Signal signal;
  std::map<std::uint64_t, std::multiset<std::uint32_t>> from_spout, from_bolt, at_bolt, at_sink;
  Told told;
  SpoutScript spout;
  spout.next = [&, n = std::uint64_t{0}](SpoutCollector& out, Context&) mutable {
    if (n == kRoots) return Next::finished();
    const auto tasks = out.emit_with_targets({.id = n}, n, "text");
    signal.change([&] { from_spout[n].insert(tasks.begin(), tasks.end()); });
    ++n;
    return Next::emitted();
  };
  told.listen(spout);
  BoltScript bolt, sink;
  bolt.execute_as = [&](const Tuple& t, Collector& out, Context& context) {
    const auto n = t.get<std::uint64_t>(0);
    const auto tasks = out.emit_with_targets(n, std::to_string(n));
    signal.change([&] {
      at_bolt[n].insert(context.task());
      from_bolt[n].insert(tasks.begin(), tasks.end());
    });
    out.ack(t);
  };
  sink.execute_as = [&](const Tuple& t, Collector& out, Context& context) {
    signal.change([&] { at_sink[t.get<std::uint64_t>(0)].insert(context.task()); });
    out.ack(t);
  };
  EngineRun run(
      "name: targets\nplugins: [scripted]\nspouts:\n  - {id: spout, className: scripted.Source, properties: {" +
      at(spout) + "}}\nbolts:\n  - {id: bolt, className: scripted.Step, parallelism: 3, properties: {" + at(bolt) +
      "}}\n  - {id: sink, className: scripted.Step, parallelism: 4, properties: {" + at(sink) +
      "}}\n  - {id: all, className: scripted.Step, parallelism: 2, properties: {" + at(sink) +
      "}}\nstreams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n"
      "  - {from: bolt, to: sink, grouping: {type: FIELDS, args: [text]}}\n"
      "  - {from: bolt, to: all, grouping: {type: ALL}}\n");
  REQUIRE(run_to_end(run));
  CHECK(told.acks.size() == kRoots);
  CHECK(from_spout == at_bolt);
  CHECK(from_bolt == at_sink);
  CHECK(from_bolt[0].size() == 3);
  std::set<std::uint32_t> bolts;
  for (const auto& [n, tasks] : from_spout) bolts.insert(tasks.begin(), tasks.end());
  CHECK(bolts.size() == 3);
}

TEST_CASE("Contract 1: emit_with_targets of a key that cannot be routed names nobody, and fails its root") {
  Told told;
  SpoutScript spout = numbers(1);
  told.listen(spout);
  BoltScript bolt, sink;
  std::atomic<bool> nobody{false};
  bolt.execute = [&](const Tuple& t, Collector& out) {
    nobody = out.emit_with_targets(t.get<std::uint64_t>(0), Value(Value::Array{1, 2})).empty();
    out.ack(t);
  };
  EngineRun run(
      "name: targets\nplugins: [scripted]\nconfig: {topology.max.attempts: 1}\nspouts:\n  - {id: spout, "
      "className: scripted.Source, properties: {" +
      at(spout) + "}}\nbolts:\n  - {id: bolt, className: scripted.Step, properties: {" + at(bolt) +
      "}}\n  - {id: sink, className: scripted.Step, parallelism: 4, properties: {" + at(sink) +
      "}}\nstreams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n"
      "  - {from: bolt, to: sink, grouping: {type: FIELDS, args: [text]}}\n");
  REQUIRE(run_to_end(run));
  CHECK(nobody);
  REQUIRE(told.fails.size() == 1);
  CHECK(told.fails[0][0].reason.find("is an array or a map") != std::string::npos);
}

}  // namespace
}  // namespace gale::test
