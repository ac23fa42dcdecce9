// SPDX-License-Identifier: Apache-2.0
//
// Files that were damaged: each opens with all that it held, or is set aside and named. What is told is never half, and
// never another thing than was stored.
#include "tests/contract/store_kit.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <random>

namespace gale::master {
namespace {

using namespace test;

const std::string kPlugin = noise(30'000);
constexpr std::size_t kTopologies = 12;

/// A store's two files at the end of a life with 40 changes: closed well, or as a kill leaves them.
struct Files {
  std::string file, log;
  std::vector<std::string> told;  // after each change, the last is the file's
};

std::string state_of(Store& store) { return told_by(store, "r1"); }

Files files(bool closed) {
  const Folder folder;
  auto store = open_well(folder.file());
  Files made;
  made.told.push_back(state_of(*store));
  REQUIRE(store->put_plugin(sha256_of(kPlugin), kPlugin.size(), 0, kPlugin));
  made.told.push_back(state_of(*store));
  for (std::size_t i = 0; i < 40; ++i) {
    Change one;
    one.put = {record("t-" + std::to_string(i % kTopologies), i * 50), record("u-1", i)};
    one.answer = answer("r" + std::to_string(i % 5), i);
    REQUIRE(store->apply(one));
    made.told.push_back(state_of(*store));
  }
  if (closed) store.reset();
  made.file = content_of(folder.file());
  made.log = content_of(folder.file() + "-wal");
  return made;
}

enum class Came { kWhole, kOlder, kOlderAndTold, kSetAside };

/// Opens what was damaged. `old_is_well`: a log that lost its end may have lost the last changes.
Came open_damaged(const std::string& file, const std::string& log, const Files& made, bool old_is_well) {
  const Folder folder;
  set_content(folder.file(), file);
  if (!log.empty()) set_content(folder.file() + "-wal", log);
  std::vector<std::string> notes;
  auto store = open_sqlite_store(folder.file(), notes);
  REQUIRE_MESSAGE(store, (store ? "" : store.error()));
  const auto applied = (*store)->apply({.put = {record("new-1")}, .remove = {"new-1"}, .answer = {}, .now_ms = 1});
  CHECK_MESSAGE(applied, (applied ? "" : applied.error()));
  REQUIRE_LE(notes.size(), 1);
  const bool told_of_log = !notes.empty() && notes[0].find(folder.file() + "-wal is damaged at frame ") == 0;
  if (!notes.empty() && !told_of_log) {
    CAPTURE(notes[0]);
    const std::string aside = folder.names("store.corrupt-").at(0);
    CHECK_NE(notes[0].find(folder.file() + " is damaged ("), std::string::npos);
    CHECK_NE(notes[0].find("was set aside as " + (folder.path() / aside).string()), std::string::npos);
    CHECK(content_of(folder.path() / aside) == file);
    if (!log.empty()) CHECK(content_of(folder.path() / (aside + "-wal")) == log);
    CHECK((*store)->topologies()->empty());
    CHECK_GT(*(*store)->next_number(), 1'000'000'000);
    return Came::kSetAside;
  }
  CHECK(folder.names("store.corrupt-").empty());
  const std::string told = state_of(**store);
  const std::string sha256 = sha256_of(kPlugin);
  if (*(*store)->has_plugin(sha256)) {
    const auto read = (*store)->read_plugin(sha256, 0, kPlugin.size());
    if (!read) {
      CHECK_NE(read.error().find("is damaged at byte"), std::string::npos);
      CHECK_EQ(*(*store)->plugin_bytes(sha256), 0);
      CHECK((*store)->put_plugin(sha256, kPlugin.size(), 0, kPlugin));
    } else {
      CHECK(*read == kPlugin);
    }
  }
  if (told == made.told.back()) return told_of_log ? Came::kOlderAndTold : Came::kWhole;
  REQUIRE(old_is_well);
  const auto at = std::find(made.told.begin(), made.told.end(), told);
  REQUIRE_NE(at, made.told.end());
  if (!told_of_log) return Came::kOlder;
  CHECK(content_of(folder.path() / folder.names("store-wal.corrupt-").at(0)) == log);
  const auto lost = made.told.end() - at - 1;
  const auto said = std::stol(notes[0].substr(notes[0].find(": about ") + 8));
  CHECK_LE(said, lost + 1);  // a mark that ends a change may be what was damaged
  CHECK_GE(said, lost - 3);
  return Came::kOlderAndTold;
}

TEST_CASE("SQLite store: what was not damaged comes whole, closed well or not") {
  for (const bool closed : {true, false}) {
    const Files made = files(closed);
    CHECK_EQ(made.log.empty(), closed);
    CHECK(open_damaged(made.file, made.log, made, false) == Came::kWhole);
  }
}

TEST_CASE("SQLite store: an empty file beside a log that is not, and a log without its file, are set aside") {
  const Files made = files(false);
  CHECK(open_damaged("", made.log, made, false) == Came::kSetAside);
  const Folder folder;
  set_content(folder.file() + "-wal", made.log);
  std::vector<std::string> notes;
  REQUIRE(open_sqlite_store(folder.file(), notes));
  REQUIRE_EQ(notes.size(), 1);
  CHECK_NE(notes[0].find("its log " + folder.file() + "-wal has "), std::string::npos);
  CHECK_EQ(folder.names("store.corrupt-").size(), 1);
}

TEST_CASE("SQLite store: a file of NULs, of noise, of text, or of half its size is set aside") {
  const Files made = files(true);
  const auto page = std::string(4096, '\0');
  for (const std::string& bytes :
       {std::string(made.file.size(), '\0'), noise(made.file.size()), std::string("listen: 127.0.0.1:6627\n"),
        std::string(1, '\0'), std::string(100, '\0'), made.file.substr(0, made.file.size() / 2),
        made.file.substr(0, 4096), made.file.substr(0, 50), page + made.file.substr(4096), made.file.substr(4096)})
    CHECK(open_damaged(bytes, "", made, false) == Came::kSetAside);
}

TEST_CASE("SQLite store: a value that SQLite finds nothing wrong with is told by its sum") {
  const Files made = files(true);
  for (const auto& [sql, why] : std::vector<std::pair<std::string, std::string>>{
           {"UPDATE topology SET record = zeroblob(9) WHERE id = 't-3'", "a topology has another sum"},
           {"UPDATE topology SET id = 't-99' WHERE id = 't-3'", "a topology has another sum"},
           {"UPDATE answer SET reply = x'80' WHERE request = 'r2'", "an answer has another sum"},
           {"UPDATE answer SET at_ms = 7 WHERE request = 'r2'", "an answer has another sum"},
           {"UPDATE number SET last = 5", "its number has another sum"},
           {"DELETE FROM number", "its number has another sum"},
           {"UPDATE plugin SET total = total + 1", "a plugin has another sum"},
           {"UPDATE plugin SET sha256 = replace(sha256, 'a', 'b')", "a plugin has another sum"},
           {"DELETE FROM part", "a plugin lacks parts"},
           {"DELETE FROM plugin", "a part belongs to no plugin"},
           {"UPDATE schema SET version = 7", "its version has another sum"},
           {"DELETE FROM schema", "its version has another sum"},
           {"DROP TABLE schema", "its table 'schema' is not there"},
           {"ALTER TABLE topology ADD COLUMN note TEXT", "its tables are others"},
           {"DROP TABLE answer", "its tables are others"},
           {"CREATE TABLE more(x)", "its tables are others"}}) {
    CAPTURE(sql);
    const Folder folder;
    set_content(folder.file(), made.file);
    run_sql(folder.file(), sql);
    std::vector<std::string> notes;
    REQUIRE(open_sqlite_store(folder.file(), notes));
    REQUIRE_EQ(notes.size(), 1);
    CHECK_EQ(notes[0].find(folder.file() + " is damaged (" + why + ") and was set aside as "), 0);
  }
}

TEST_CASE("SQLite store: a plugin that is damaged is told when it is read, forgotten, and can come again") {
  for (const std::string& sql : {std::string("UPDATE part SET bytes = zeroblob(length(bytes))"),
                                 std::string("UPDATE part SET offset = offset + 1")}) {
    const Folder folder;
    set_content(folder.file(), files(true).file);
    run_sql(folder.file(), sql);
    const auto store = open_well(folder.file());
    const std::string sha256 = sha256_of(kPlugin);
    CHECK(*store->has_plugin(sha256));
    CHECK_EQ(store->read_plugin(sha256, 0, 10).error(), "plugin " + sha256.substr(0, 12) + " in " + folder.file() +
                                                            " is damaged at byte 0 and was forgotten; submit its "
                                                            "topology again");
    CHECK_FALSE(*store->has_plugin(sha256));
    REQUIRE(store->put_plugin(sha256, kPlugin.size(), 0, kPlugin));
    CHECK(*store->read_plugin(sha256, 0, kPlugin.size()) == kPlugin);
  }
}

using Damage = std::function<void(std::string&, std::mt19937_64&)>;

struct Count {
  std::size_t whole = 0, older = 0, told = 0, aside = 0;
};

/// `rounds` files with a damage each, in the file or in its log.
Count damaged(const std::string& what, std::size_t rounds, bool in_log, const Damage& damage) {
  const Files made = files(!in_log);
  Count count;
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    CAPTURE(what);
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    std::string file = made.file, log = made.log;
    damage(in_log ? log : file, random);
    switch (open_damaged(file, log, made, in_log)) {
      case Came::kWhole:
        ++count.whole;
        break;
      case Came::kOlder:
        ++count.older;
        break;
      case Came::kOlderAndTold:
        ++count.told;
        break;
      case Came::kSetAside:
        ++count.aside;
        break;
    }
  }
  MESSAGE(what, std::string(in_log ? " in the log: " : ": "), rounds, " files, ", count.whole, " whole, ", count.older,
          " older, ", count.told, " older and told, ", count.aside, " set aside");
  return count;
}

void flip(std::string& bytes, std::size_t at, std::uint64_t bit) {
  bytes[at] = static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1u << bit));
}

const Damage kOneBit = [](std::string& bytes, std::mt19937_64& random) {
  flip(bytes, random() % bytes.size(), random() % 8);
};
const Damage kManyBits = [](std::string& bytes, std::mt19937_64& random) {
  for (std::size_t n = 2 + random() % 30; n != 0; --n) flip(bytes, random() % bytes.size(), random() % 8);
};
const Damage kFirstPage = [](std::string& bytes, std::mt19937_64& random) {
  flip(bytes, random() % 110, random() % 8);
};
const Damage kStretch = [](std::string& bytes, std::mt19937_64& random) {
  const std::size_t at = random() % bytes.size(), size = std::min<std::size_t>(1 + random() % 600, bytes.size() - at);
  bytes.replace(at, size, noise(size, random()));
};
const Damage kPage = [](std::string& bytes, std::mt19937_64& random) {
  const std::size_t pages = bytes.size() / 4096, to = random() % pages * 4096, from = random() % pages * 4096;
  const std::string page = random() % 3 == 0 ? std::string(4096, '\0') : bytes.substr(from, 4096);
  bytes.replace(to, 4096, page);
};
const Damage kCut = [](std::string& bytes, std::mt19937_64& random) {
  bytes.resize(1 + random() % (bytes.size() - 1));
};
const Damage kGrown = [](std::string& bytes, std::mt19937_64& random) {
  bytes += noise(1 + random() % 9000, random());
};

TEST_CASE("SQLite store: whatever is damaged in a file, it opens as it was or is set aside") {
  CHECK_GE(damaged("a bit", 300, false, kOneBit).aside, 10);
  CHECK_GE(damaged("many bits", 200, false, kManyBits).aside, 50);
  CHECK_GE(damaged("a bit of the first page", 200, false, kFirstPage).aside, 50);
  CHECK_GE(damaged("a stretch", 200, false, kStretch).aside, 20);
  CHECK_GE(damaged("a page", 200, false, kPage).aside, 20);
  CHECK_GE(damaged("its end cut off", 100, false, kCut).aside, 90);
  damaged("something behind it", 50, false, kGrown);
}

TEST_CASE("SQLite store: whatever is damaged in its log, it opens as it was after some change, or is set aside") {
  // Nothing tells damage to the last change, or an end that is missing, from a power cut.
  CHECK_LE(damaged("a bit", 100, true, kOneBit).older, 10);
  CHECK_LE(damaged("many bits", 50, true, kManyBits).older, 2);
  CHECK_LE(damaged("a stretch", 100, true, kStretch).older, 10);
  CHECK_EQ(damaged("its end cut off", 50, true, kCut).older, 50);
  CHECK_EQ(damaged("something behind it", 50, true, kGrown).whole, 50);
}

}  // namespace
}  // namespace gale::master
