// SPDX-License-Identifier: Apache-2.0
//
// Unit tests of the plugin as it is built: each component by itself, without an engine, by the test kit.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <gale/testkit.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

using gale::testkit::Harness, gale::testkit::Rows, gale::testkit::Said;

namespace {

const gale::testkit::Plugin& words() {
  static const gale::testkit::Plugin plugin(WORDS_PLUGIN);
  return plugin;
}

class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "words-XXXXXX").string()) {
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

TEST_CASE("Lines emits each line of each file, tracked, and ends") {
  const Folder folder;
  std::ofstream(folder / "a.txt") << "one\ntwo";
  std::ofstream(folder / "b.txt") << "three\n";
  Harness lines(words()["Lines"], {{"input", folder / "*.txt"}});
  CHECK(lines.run() == Said::finished);
  CHECK(lines.emitted() == Rows{{"one"}, {"two"}, {"three"}});
  CHECK(lines.pending().size() == 3);
  lines.ack_all();
}

TEST_CASE("Lines says what is wrong with its files") {
  CHECK(gale::testkit::refusal(words()["Lines"]) == "key 'input' is required");
  CHECK(gale::testkit::refusal(words()["Lines"], {{"input", "/no/such/file"}}) ==
        "no file matches '/no/such/file'; set the property 'input' to a path or a pattern");
}

TEST_CASE("Split makes words of letters, lower-cased, anchored to their line") {
  Harness split(words()["Split"]);
  const auto line = split.execute({"It's 5 o'clock"});
  split.execute({" \t"});
  CHECK(split.emitted() == Rows{{"it"}, {"s"}, {"o"}, {"clock"}});
  CHECK(split.emitted()[3].anchors == gale::testkit::Inputs{line});
  split.close();
}

TEST_CASE("Count says nothing until its input has ended, then each word once") {
  Harness count(words()["Count"]);
  count.execute_batch({{"a"}, {"a"}, {"a"}});
  CHECK(count.emitted().empty());
  CHECK(count.finish());
  CHECK(count.emitted() == Rows{{"a", 3}});
}

TEST_CASE("Count stops where there is no room, and goes on when there is") {
  Harness count(words()["Count"]);
  count.execute_batch({{"a"}, {"b"}});
  count.set_room(false);
  CHECK_FALSE(count.finish());
  CHECK(count.emitted().empty());
  count.set_room(true);
  CHECK(count.finish());
  CHECK(count.emitted().size() == 2);
}

TEST_CASE("Table writes one file, the most frequent first") {
  const Folder folder;
  Harness table(words()["Table"], {{"output", folder / "counts"}});
  table.execute_batch({{"b", 2}, {"a", 2}, {"c", 3}});
  CHECK_FALSE(std::filesystem::exists(folder / "counts"));
  CHECK(table.finish());
  std::ifstream in(folder / "counts");
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == "c\t3\na\t2\nb\t2\n");
  CHECK(gale::testkit::refusal(words()["Table"], {{"output", folder / "counts"}}, {.tasks = 2}) ==
        "Table writes one file, so it wants parallelism 1");
}

}  // namespace
