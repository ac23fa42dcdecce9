// SPDX-License-Identifier: Apache-2.0
#include "topology-api/components/file/line_spout.hpp"

#include "orders.hpp"
#include "scratch.hpp"

#include <doctest/doctest.h>

namespace gale::stock::file {
namespace {

using namespace std::chrono_literals;
using test::Folder, test::Harness, test::Rows, test::Said;
using test::write_file;

Value::Map config(const std::string& path, Value::Map more = {}) {
  more["path"] = path;
  return more;
}

TEST_CASE("Every line is tracked, its replay the engine's, and the spout ends with its files") {
  const Folder folder;
  write_file(folder / "in", "a\n\xff\xfe\nc");
  Harness<LineSpout> lines(config(folder / "in"));
  CHECK(lines.run() == Said::finished);
  CHECK(lines.emitted() == Rows{{"a"}, {"\xff\xfe"}, {"c"}});
  CHECK(lines.emitted()[0].replay == Replay::engine);
  CHECK(lines.pending().size() == 3);
  CHECK(lines.counter("lines") == 3);
}

TEST_CASE("With origin a line brings its path and offset") {
  const Folder folder;
  write_file(folder / "in", "a\nb\n");
  Harness<LineSpout> lines(config(folder / "in", {{"origin", true}}));
  lines.run();
  CHECK(lines.emitted() == Rows{{"a", folder / "in", 0}, {"b", folder / "in", 2}});
}

TEST_CASE("Broken UTF-8 passes as it is, is mended, or is bytes, as the encoding says") {
  const Folder folder;
  write_file(folder / "in", "a\xff\n");
  Harness<LineSpout> mended(config(folder / "in", {{"encoding", "utf-8"}}));
  mended.run();
  CHECK(mended.emitted() == Rows{{"a\xef\xbf\xbd"}});
  CHECK(mended.counter("mended_lines") == 1);
  Harness<LineSpout> bytes(config(folder / "in", {{"encoding", "bytes"}}));
  bytes.run();
  CHECK(bytes.emitted() == Rows{{Bytes{"a\xff"}}});
}

TEST_CASE("Long lines are counted") {
  const Folder folder;
  write_file(folder / "in", "12345\n12\n12345\n");
  Harness<LineSpout> lines(config(folder / "in", {{"max_line_bytes", 3}, {"long_lines", "skip"}}));
  lines.run();
  CHECK(lines.emitted() == Rows{{"12"}});
  CHECK(lines.counter("long_lines") == 2);
}

TEST_CASE("A new start goes on behind what is acked without a gap") {
  const Folder folder;
  write_file(folder / "in", "1\n2\n3\n4\n");
  const auto keys = config(folder / "in", {{"resume", folder / "state"}, {"resume_every_ms", 0}});
  {
    Harness<LineSpout> lines(keys);
    lines.run();
    const auto all = lines.emitted().ids();
    REQUIRE(all.size() == 4);
    lines.ack(all[2]);
    lines.ack(all[0]);
    lines.close();  // as at a Ctrl-C
  }
  Harness<LineSpout> second(keys);
  second.run();
  CHECK(second.emitted() == Rows{{"2"}, {"3"}, {"4"}});
  second.ack_all();  // the last ack saves at once: a kill comes unannounced
  Harness<LineSpout> third(keys);
  third.run();
  CHECK(third.emitted().empty());
}

TEST_CASE("A line that was given up is counted and passed over") {
  const Folder folder;
  write_file(folder / "in", "1\n2\n");
  const auto keys = config(folder / "in", {{"resume", folder / "state"}});
  {
    Harness<LineSpout> lines(keys);
    lines.run();
    const auto all = lines.emitted().ids();
    lines.fail(all[0], "no");
    lines.ack(all[1]);
    CHECK(lines.counter("given_up_lines") == 1);
  }
  Harness<LineSpout> second(keys);
  second.run();
  CHECK(second.emitted().empty());
}

TEST_CASE("A resume file that cannot be written is told before anything is read") {
  const Folder folder;
  write_file(folder / "in", "1\n");
  CHECK(testkit::refusal<LineSpout>(config(folder / "in", {{"resume", folder / "no/state"}})) ==
        "cannot save how far the files are read in '" + (folder / "no/state") + "': No such file or directory");
}

TEST_CASE("A disk that fills up later is told once, and the lines go on") {
  const Folder folder;
  write_file(folder / "in", "1\n2\n");
  Harness<LineSpout> lines(config(folder / "in", {{"resume", folder / "state"}, {"resume_every_ms", 0}}));
  lines.run();
  std::filesystem::create_directory(folder / "state.new");
  lines.ack_all();
  CHECK(lines.counter("resume_failures") == 1);
  CHECK(lines.logs().size() == 1);
  lines.close();
  CHECK(lines.counter("resume_failures") == 2);
  CHECK(lines.logs().size() == 1);
}

TEST_CASE("A spout that follows sleeps until its files are written to") {
  const Folder folder;
  write_file(folder / "in", "1\n");
  Harness<LineSpout> lines(config(folder / "in", {{"follow", true}}));
  CHECK(lines.run() == Said::idle_until_woken);
  CHECK(lines.watched().size() == 2);  // inotify and a timer
  test::append_file(folder / "in", "2\n");
  CHECK(lines.await());
  CHECK(lines.said() == Said::idle_until_woken);
  CHECK(lines.emitted() == Rows{{"1"}, {"2"}});
}

TEST_CASE("A spout that follows saves what was acked when its time has come") {
  const Folder folder;
  write_file(folder / "in", "1\n2\n");
  const auto keys = config(folder / "in", {{"follow", true}, {"resume", folder / "state"}, {"resume_every_ms", 100}});
  Harness<LineSpout> lines(keys);
  lines.run();
  const auto all = lines.emitted().ids();
  lines.ack(all[0]);
  lines.jump(200ms);
  lines.run();
  CHECK(load_resume(folder / "state").at(0).offset == 2);
  lines.ack(all[1]);  // all is acked, but the last time was just now
  CHECK(load_resume(folder / "state").at(0).offset == 2);
  lines.jump(100ms);
  lines.run();
  CHECK(load_resume(folder / "state").at(0).offset == 4);
}

TEST_CASE("A spout without files is refused where the topology is checked") {
  CHECK(testkit::refusal<LineSpout>() == "set 'path' or 'paths' to the files to read");
  CHECK(testkit::refusal<LineSpout>(config("x", {{"encoding", "latin-1"}})) ==
        "key 'encoding' is 'latin-1'; it may be raw, utf-8 or bytes");
}

}  // namespace
}  // namespace gale::stock::file
