// SPDX-License-Identifier: Apache-2.0
#include "engine/crash/record.hpp"

#include "tests/unit/engine/crash/batch.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <fstream>

namespace gale::crash {
namespace {

const std::string kCrashed =
    "gale exit 1\nkind crash\nsignal 11\nthread gale pool 0\naddress 0000000000000309\ntask bolt split#3\ncall "
    "execute\n"
    "source spout lines#0\nof 63\ninput 17\nfrom lines/default\nroot 42\nsize 4\nhash 00000000000000ff\nbytes "
    "92cd0309\n"
    "frame 0000000000001234 /lib/x.so\nframe 00000000deadbeef\nend\n";

TEST_CASE("An ending is written and read, whatever it is") {
  const Folder folder;
  const Files files{folder.path, Incarnation(7)};
  for (const Ending ending :
       {Ending::kFinished, Ending::kDrained, Ending::kStopped, Ending::kCannotStart, Ending::kFailed}) {
    REQUIRE(write_exit(files.exit(), ending, 2, "what\nwhere"));
    const Result<Exit> read = read_exit(files.exit());
    REQUIRE(read);
    CHECK(read->ending == ending);
    CHECK(read->status == 2);
    CHECK(read->why == "what where");
    CHECK_FALSE(suspect_of(*read));
  }
  files.remove();
  CHECK_FALSE(read_exit(files.exit()));
  const auto lost = write_exit(folder.file("no/such"), Ending::kStopped, 0, "");
  REQUIRE_FALSE(lost);
  CHECK(lost.error().find("no/such") != std::string::npos);
}

TEST_CASE("The record of a crash tells the tuple, and whom it speaks against") {
  const Result<Exit> exit = parse_exit(kCrashed);
  REQUIRE(exit);
  CHECK(exit->ending == Ending::kCrash);
  CHECK(exit->signal == SIGSEGV);
  CHECK(exit->running.text().starts_with("in bolt split#3, executing tuple (777"));
  CHECK(exit->running.text().ends_with(" of stream default from lines"));
  CHECK(suspect_of(*exit) == Suspect{"split", "lines/default", 255});
  CHECK_FALSE(unsure_of(*exit));
  REQUIRE(exit->stack.size() == 2);
  CHECK(exit->stack[0].text(false) == "/lib/x.so+0x1234");
  CHECK(exit->stack[1].text(true) == "0xdeadbeef");
  CHECK(report(*exit).find("SIGSEGV in thread 'gale pool 0', in bolt split#3") == 0);
}

TEST_CASE("A record that is cut off anywhere tells what it has, and blames nobody by halves") {
  for (std::size_t size = 0; size <= kCrashed.size(); ++size) {
    const Result<Exit> exit = parse_exit(std::string_view(kCrashed).substr(0, size));
    REQUIRE(bool(exit) == (size >= 12));
    if (!exit) continue;
    const auto suspect = suspect_of(*exit);
    if (suspect) CHECK(*suspect == Suspect{"split", "lines/default", 255});
    static_cast<void>(report(*exit));
  }
}

TEST_CASE("A crash in a batch of a plugin that does not tell its place speaks against the component") {
  std::string text = kCrashed.substr(0, kCrashed.find("input "));
  const Result<Exit> exit = parse_exit(text);
  REQUIRE(exit);
  CHECK_FALSE(suspect_of(*exit));
  CHECK(unsure_of(*exit) == "split");
  CHECK(exit->running.text() == "in bolt split#3, executing one of 63 from spout lines#0");
}

TEST_CASE("A crash outside execute speaks against no tuple") {
  const Result<Exit> tick = parse_exit("gale exit 1\nkind crash\nsignal 6\ntask bolt split#3\ncall tick\nend\n");
  REQUIRE(tick);
  CHECK_FALSE(suspect_of(*tick));
  CHECK_FALSE(unsure_of(*tick));
  CHECK(tick->running.text() == "in bolt split#3, in tick()");
  const Result<Exit> none = parse_exit("gale exit 1\nkind crash\nsignal 6\nend\n");
  REQUIRE(none);
  CHECK(none->running.text() == "in no call of user code");
}

TEST_CASE("A tuple is shown by its values, cut where they are long or end") {
  Tuple tuple;
  tuple.bytes =
      codec::packed(Value(Value::Array{Value(-1), Value(1.5), Value(true), Value(), Value("a\nb"), Value(Bytes{"x"}),
                                       Value(Value::Array{Value(1)}), Value(~std::uint64_t{0})}));
  CHECK(tuple.text() == "(-1, 1.5, true, nil, \"a b\", bytes, [...], 18446744073709551615)");
  tuple.bytes.resize(3);
  CHECK(tuple.text() == "(-1...)");
  tuple.bytes = values_of(1, std::string(300, 'x'));
  CHECK(tuple.text().size() < 100);
  CHECK(tuple.text().ends_with("x...)"));
  tuple.bytes = "\x01";
  CHECK(tuple.text() == "(...)");
}

TEST_CASE("What is no record is none") {
  const Folder folder;
  CHECK_FALSE(parse_exit(""));
  CHECK_FALSE(parse_exit("gale exit 2\nkind crash\n"));
  std::ofstream(folder.file("other")) << "something else\n";
  CHECK_FALSE(read_exit(folder.file("other")));
}

}  // namespace
}  // namespace gale::crash
