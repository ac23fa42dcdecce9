// SPDX-License-Identifier: Apache-2.0
#include "topology-api/components/file/line_spout.hpp"

#include "refusal.hpp"
#include "scratch.hpp"
#include "tests/support/fake_host.hpp"

namespace gale::stock::file {
namespace {

using test::Cells;
using test::FakeHost;
using test::Folder;
using test::write_file;

host::TaskInfo task(const std::string& path, Value::Map more = {}) {
  more["path"] = path;
  host::TaskInfo info{.topology = "t", .component = "lines", .config = std::move(more), .inputs = {}};
  return info;
}
/// Calls next() until it says other than that it emitted; what it said.
std::uint32_t run(FakeHost& host) {
  do {
    REQUIRE(host.next(10));
  } while (host.last_run.state == GALE_NEXT_EMITTED);
  return host.last_run.state;
}
std::vector<std::uint64_t> ids(const FakeHost& host) {
  std::vector<std::uint64_t> all;
  for (const test::Record& r : host.records) all.push_back(r.id);
  return all;
}
void ack(FakeHost& host, std::uint64_t id) { REQUIRE(host.completed({id, 1, 1, 1, 0, {nullptr, 0}})); }

TEST_CASE("Every line is tracked, its replay the engine's, and the spout ends with its files") {
  const Folder folder;
  write_file(folder / "in", "a\n\xff\xfe\nc");
  FakeHost host(test::component_of<LineSpout>(), task(folder / "in"));
  CHECK(run(host.started()) == GALE_NEXT_FINISHED);
  CHECK(host.emitted() == std::vector<Cells>{{"a"}, {"\xff\xfe"}, {"c"}});
  CHECK(host.records[0].head.flags == (GALE_TRACKED | GALE_REPLAY_BY_ENGINE));
  CHECK(host.counters["lines"] == 3);
}

TEST_CASE("With origin a line brings its path and offset") {
  const Folder folder;
  write_file(folder / "in", "a\nb\n");
  FakeHost host(test::component_of<LineSpout>(), task(folder / "in", {{"origin", true}}));
  run(host.started());
  CHECK(host.emitted() == std::vector<Cells>{{"a", folder / "in", 0}, {"b", folder / "in", 2}});
}

TEST_CASE("Broken UTF-8 passes as it is, is mended, or is bytes, as the encoding says") {
  const Folder folder;
  write_file(folder / "in", "a\xff\n");
  FakeHost mended(test::component_of<LineSpout>(), task(folder / "in", {{"encoding", "utf-8"}}));
  run(mended.started());
  CHECK(mended.emitted() == std::vector<Cells>{{"a\xef\xbf\xbd"}});
  CHECK(mended.counters["mended_lines"] == 1);
  FakeHost bytes(test::component_of<LineSpout>(), task(folder / "in", {{"encoding", "bytes"}}));
  run(bytes.started());
  CHECK(bytes.emitted() == std::vector<Cells>{{Bytes{"a\xff"}}});
}

TEST_CASE("Long lines are counted") {
  const Folder folder;
  write_file(folder / "in", "12345\n12\n12345\n");
  FakeHost host(test::component_of<LineSpout>(), task(folder / "in", {{"max_line_bytes", 3}, {"long_lines", "skip"}}));
  run(host.started());
  CHECK(host.emitted() == std::vector<Cells>{{"12"}});
  CHECK(host.counters["long_lines"] == 2);
}

TEST_CASE("A new start goes on behind what is acked without a gap") {
  const Folder folder;
  write_file(folder / "in", "1\n2\n3\n4\n");
  const auto info = task(folder / "in", {{"resume", folder / "state"}, {"resume_every_ms", 0}});
  {
    FakeHost host(test::component_of<LineSpout>(), info);
    run(host.started());
    const auto all = ids(host);
    REQUIRE(all.size() == 4);
    ack(host, all[2]);
    ack(host, all[0]);
    CHECK(host.instance().close());  // as at a Ctrl-C
  }
  FakeHost second(test::component_of<LineSpout>(), info);
  run(second.started());
  CHECK(second.emitted() == std::vector<Cells>{{"2"}, {"3"}, {"4"}});
  for (const std::uint64_t id : ids(second)) ack(second, id);  // the last ack saves at once: a kill comes unannounced
  FakeHost third(test::component_of<LineSpout>(), info);
  run(third.started());
  CHECK(third.emitted().empty());
}

TEST_CASE("A line that was given up is counted and passed over") {
  const Folder folder;
  write_file(folder / "in", "1\n2\n");
  const auto info = task(folder / "in", {{"resume", folder / "state"}});
  {
    FakeHost host(test::component_of<LineSpout>(), info);
    run(host.started());
    const auto all = ids(host);
    const std::string why = "no";
    CHECK(host.completed({all[0], 0, 5, 1, 0, {why.data(), why.size()}}));
    ack(host, all[1]);
    CHECK(host.counters["given_up_lines"] == 1);
  }
  FakeHost second(test::component_of<LineSpout>(), info);
  run(second.started());
  CHECK(second.emitted().empty());
}

TEST_CASE("A resume file that cannot be written is told before anything is read") {
  const Folder folder;
  write_file(folder / "in", "1\n");
  FakeHost host(test::component_of<LineSpout>(), task(folder / "in", {{"resume", folder / "no/state"}}));
  REQUIRE(host.create() == "");
  CHECK(host.instance().open().text ==
        "cannot save how far the files are read in '" + (folder / "no/state") + "': No such file or directory");
}

TEST_CASE("A disk that fills up later is told once, and the lines go on") {
  const Folder folder;
  write_file(folder / "in", "1\n2\n");
  FakeHost host(test::component_of<LineSpout>(),
                task(folder / "in", {{"resume", folder / "state"}, {"resume_every_ms", 0}}));
  run(host.started());
  std::filesystem::create_directory(folder / "state.new");
  for (const std::uint64_t id : ids(host)) ack(host, id);
  CHECK(host.counters["resume_failures"] == 1);
  CHECK(host.logs.size() == 1);
  CHECK(host.instance().close());
  CHECK(host.counters["resume_failures"] == 2);
  CHECK(host.logs.size() == 1);
}

TEST_CASE("A spout that follows sleeps until its files are written to") {
  const Folder folder;
  write_file(folder / "in", "1\n");
  FakeHost host(test::component_of<LineSpout>(), task(folder / "in", {{"follow", true}}));
  CHECK(run(host.started()) == GALE_NEXT_WOKEN);
  CHECK(host.watched.size() == 2);  // inotify and a timer
  test::append_file(folder / "in", "2\n");
  CHECK(run(host) == GALE_NEXT_WOKEN);
  CHECK(host.emitted() == std::vector<Cells>{{"1"}, {"2"}});
}

TEST_CASE("A spout that follows saves what was acked when its time has come") {
  const Folder folder;
  write_file(folder / "in", "1\n2\n");
  const auto info = task(folder / "in", {{"follow", true}, {"resume", folder / "state"}, {"resume_every_ms", 100}});
  FakeHost host(test::component_of<LineSpout>(), info);
  run(host.started());
  const auto all = ids(host);
  ack(host, all[0]);
  host.now_ns = 200'000'000;
  run(host);
  CHECK(load_resume(folder / "state").at(0).offset == 2);
  ack(host, all[1]);  // all is acked, but the last time was just now
  CHECK(load_resume(folder / "state").at(0).offset == 2);
  host.now_ns = 300'000'000;
  run(host);
  CHECK(load_resume(folder / "state").at(0).offset == 4);
}

TEST_CASE("A spout without files is refused where the topology is checked") {
  CHECK(
      test::refusal(test::component_of<LineSpout>(), {.topology = "t", .component = "c", .config = {}, .inputs = {}}) ==
      "set 'path' or 'paths' to the files to read");
  CHECK(test::refusal(test::component_of<LineSpout>(), task("x", {{"encoding", "latin-1"}})) ==
        "key 'encoding' is 'latin-1'; it may be raw, utf-8 or bytes");
}

}  // namespace
}  // namespace gale::stock::file
