// SPDX-License-Identifier: Apache-2.0
//
// What every kind of store promises. Each case runs on the one in memory, on SQLite, and on SQLite opened anew before
// each call.
#include "tests/contract/store_kit.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <optional>

namespace gale::master {
namespace {

using namespace test;

/// A store that is closed and opened before each call.
class Reopening final : public Store {
 public:
  explicit Reopening(std::string file) : file_(std::move(file)) {}
  Result<std::vector<TopologyRecord>> topologies() override { return anew().topologies(); }
  Result<std::uint64_t> next_number() override { return anew().next_number(); }
  Result<std::optional<control::Reply>> answer_of(const std::string& id) override { return anew().answer_of(id); }
  Result<void> apply(const Change& change) override { return anew().apply(change); }
  Result<std::uint64_t> plugin_bytes(const std::string& sha256) override { return anew().plugin_bytes(sha256); }
  Result<bool> has_plugin(const std::string& sha256) override { return anew().has_plugin(sha256); }
  Result<void> put_plugin(const std::string& sha256, std::uint64_t total, std::uint64_t offset,
                          std::string_view part) override {
    return anew().put_plugin(sha256, total, offset, part);
  }
  Result<std::string> read_plugin(const std::string& sha256, std::uint64_t offset, std::size_t most) override {
    return anew().read_plugin(sha256, offset, most);
  }

 private:
  Store& anew() {
    store_.reset();
    store_ = open_well(file_);
    return *store_;
  }
  std::string file_;
  std::unique_ptr<Store> store_;
};

void on_each_kind(const std::function<void(Store&)>& body) {
  SUBCASE("in memory") { body(*memory_store()); }
  SUBCASE("SQLite") {
    const Folder folder;
    body(*open_well(folder.file()));
  }
  SUBCASE("SQLite, opened anew before each call") {
    const Folder folder;
    Reopening store(folder.file());
    body(store);
  }
}

std::vector<std::string> ids(Store& store) {
  std::vector<std::string> all;
  const auto topologies = store.topologies();
  REQUIRE(topologies);
  for (const TopologyRecord& one : *topologies) all.push_back(one.revision.topology);
  return all;
}

void put_whole(Store& store, const std::string& bytes, std::size_t part) {
  for (std::size_t at = 0; at < bytes.size(); at += part)
    REQUIRE(store.put_plugin(sha256_of(bytes), bytes.size(), at, std::string_view(bytes).substr(at, part)));
}

std::string read_whole(Store& store, const std::string& sha256, std::size_t most) {
  std::string bytes;
  for (;;) {
    const auto part = store.read_plugin(sha256, bytes.size(), most);
    REQUIRE_MESSAGE(part, (part ? "" : part.error()));
    REQUIRE_LE(part->size(), most);
    if (part->empty()) return bytes;
    bytes += *part;
  }
}

TEST_CASE("Store: a new one has nothing") {
  on_each_kind([](Store& store) {
    CHECK(ids(store).empty());
    CHECK_EQ(told_by(store, "r"), "none");
    CHECK_EQ(*store.plugin_bytes(sha256_of("x")), 0);
    CHECK_FALSE(*store.has_plugin(sha256_of("x")));
  });
}

TEST_CASE("Store: topologies come back as they were put, every member") {
  on_each_kind([](Store& store) {
    for (std::uint64_t salt = 0; salt < 4; ++salt) {
      const TopologyRecord one = record("words-1", salt);
      REQUIRE(store.apply({.put = {one}, .remove = {}, .answer = {}, .now_ms = 1}));
      const auto all = store.topologies();
      REQUIRE(all);
      REQUIRE_EQ(all->size(), 1);
      CHECK((*all)[0] == one);
    }
  });
}

TEST_CASE("Store: a change puts, replaces, removes and answers at once; what is removed stays so") {
  on_each_kind([](Store& store) {
    REQUIRE(
        store.apply({.put = {record("a-1"), record("b-2"), record("c-3")}, .remove = {}, .answer = {}, .now_ms = 1}));
    REQUIRE(store.apply({.put = {record("b-2", 5), record("d-4")},
                         .remove = {"a-1", "x-9", "d-4"},
                         .answer = answer("r", 1),
                         .now_ms = 2}));
    CHECK_EQ(ids(store), std::vector<std::string>{"b-2", "c-3"});
    CHECK((*store.topologies())[0] == record("b-2", 5));
    CHECK_EQ(control::encode(**store.answer_of("r")), control::encode(answer("r", 1)));
  });
}

TEST_CASE("Store: answers are kept, refusals as well") {
  on_each_kind([](Store& store) {
    for (std::uint64_t i = 0; i < 6; ++i)
      REQUIRE(store.apply({.put = {}, .remove = {}, .answer = answer("r" + std::to_string(i), i), .now_ms = 1}));
    for (std::uint64_t i = 0; i < 6; ++i) {
      const auto kept = store.answer_of("r" + std::to_string(i));
      REQUIRE(kept);
      REQUIRE(*kept);
      CHECK_EQ(control::encode(**kept), control::encode(answer("r" + std::to_string(i), i)));
    }
    CHECK_FALSE(*store.answer_of("r6"));
  });
}

TEST_CASE("Store: an answer is there an hour later") {
  on_each_kind([](Store& store) {
    const std::int64_t then = 1'795'000'000'000;
    REQUIRE(store.apply({.put = {}, .remove = {}, .answer = answer("old"), .now_ms = then}));
    REQUIRE(store.apply({.put = {}, .remove = {}, .answer = answer("new"), .now_ms = then + 3'600'000}));
    CHECK(*store.answer_of("old"));
  });
}

TEST_CASE("Store: numbers rise from 1 and are never told twice") {
  on_each_kind([](Store& store) {
    for (std::uint64_t n = 1; n <= 5; ++n) CHECK_EQ(*store.next_number(), n);
    REQUIRE(store.apply({.put = {record("words-5")}, .remove = {}, .answer = {}, .now_ms = 1}));
    REQUIRE(store.apply({.put = {}, .remove = {"words-5"}, .answer = {}, .now_ms = 1}));
    CHECK_EQ(*store.next_number(), 6);
  });
}

TEST_CASE("Store: a plugin comes in parts of any size and is read in parts of any size") {
  on_each_kind([](Store& store) {
    const std::string bytes = noise(700'001);
    const std::string sha256 = sha256_of(bytes);
    put_whole(store, bytes, 300'000);
    CHECK(*store.has_plugin(sha256));
    CHECK_EQ(*store.plugin_bytes(sha256), bytes.size());
    for (const std::size_t most : {std::size_t{99'991}, std::size_t{262'144}, std::size_t{1'000'000}})
      CHECK(read_whole(store, sha256, most) == bytes);
    CHECK(*store.read_plugin(sha256, 699'999, 10) == bytes.substr(699'999));
    CHECK_EQ(*store.read_plugin(sha256, 800'000, 10), "");
  });
}

TEST_CASE("Store: an unfinished plugin is not there yet, and says where it goes on") {
  on_each_kind([](Store& store) {
    const std::string bytes = noise(1000), sha256 = sha256_of(bytes);
    REQUIRE(store.put_plugin(sha256, 1000, 0, std::string_view(bytes).substr(0, 600)));
    CHECK_FALSE(*store.has_plugin(sha256));
    CHECK_EQ(*store.plugin_bytes(sha256), 600);
    CHECK_EQ(store.read_plugin(sha256, 0, 10).error(),
             "plugin " + sha256.substr(0, 12) + " is not here; submit the topology again");
    REQUIRE(store.put_plugin(sha256, 1000, 600, std::string_view(bytes).substr(600)));
    CHECK(read_whole(store, sha256, 512) == bytes);
  });
}

TEST_CASE("Store: a part that is there already changes nothing, one that overlaps brings its rest") {
  on_each_kind([](Store& store) {
    const std::string bytes = noise(1000), sha256 = sha256_of(bytes);
    const std::string_view all = bytes;
    REQUIRE(store.put_plugin(sha256, 1000, 0, all.substr(0, 600)));
    REQUIRE(store.put_plugin(sha256, 1000, 0, all.substr(0, 600)));
    REQUIRE(store.put_plugin(sha256, 1000, 100, all.substr(100, 100)));
    CHECK_EQ(*store.plugin_bytes(sha256), 600);
    REQUIRE(store.put_plugin(sha256, 1000, 500, all.substr(500)));
    REQUIRE(store.put_plugin(sha256, 1000, 500, all.substr(500)));
    CHECK(read_whole(store, sha256, 512) == bytes);
  });
}

TEST_CASE("Store: a part that cannot be one is refused and changes nothing") {
  on_each_kind([](Store& store) {
    const std::string bytes = noise(1000), sha256 = sha256_of(bytes), who = "plugin " + sha256.substr(0, 12);
    REQUIRE(store.put_plugin(sha256, 1000, 0, bytes.substr(0, 600)));
    CHECK_EQ(store.put_plugin(sha256, 1000, 700, "x").error(), who + ": byte 600 comes next, not 700");
    CHECK_EQ(store.put_plugin(sha256, 1000, 999, "xy").error(), who + ": bytes 999 to 1001 are past its 1000");
    CHECK_EQ(store.put_plugin(sha256, 1000, UINT64_MAX, "xy").error().substr(0, 30),
             (who + ": bytes 1844").substr(0, 30));
    CHECK_EQ(store.put_plugin(sha256, 999, 600, "x").error(),
             who + " was announced with 1000 bytes, not 999; send it again from its first byte");
    CHECK_EQ(store.put_plugin(sha256_of("y"), 0, 0, "").error().substr(20), "is empty; build it again");
    CHECK_EQ(store.put_plugin(sha256_of("y"), std::uint64_t{1} << 40, 0, "y").error().substr(20),
             "has 1099511627776 bytes, and 1073741824 are the most; strip it");
    for (const std::string& name : {std::string(), std::string("words"), std::string(64, 'A'), std::string(63, 'a')})
      CHECK_EQ(store.put_plugin(name, 1, 0, "y").error(),
               "a plugin is named by its SHA-256, 64 hex digits in lower case");
    CHECK_EQ(*store.plugin_bytes(sha256), 600);
    CHECK_EQ(*store.plugin_bytes(sha256_of("y")), 0);
    REQUIRE(store.put_plugin(sha256, 1000, 600, bytes.substr(600)));
    CHECK_EQ(store.put_plugin(sha256, 999, 0, bytes.substr(0, 999)).error().substr(20, 24), "was announced with 1000 ");
    CHECK(read_whole(store, sha256, 512) == bytes);
  });
}

TEST_CASE("Store: one that was announced with another size begins anew from its first byte") {
  on_each_kind([](Store& store) {
    const std::string bytes = noise(1000), sha256 = sha256_of(bytes);
    REQUIRE(store.put_plugin(sha256, 5000, 0, noise(700, 7)));
    REQUIRE(store.put_plugin(sha256, 1000, 0, bytes.substr(0, 400)));
    CHECK_EQ(*store.plugin_bytes(sha256), 400);
    REQUIRE(store.put_plugin(sha256, 1000, 400, bytes.substr(400)));
    CHECK(read_whole(store, sha256, 512) == bytes);
  });
}

TEST_CASE("Store: a plugin with another hash is refused at its last part and forgotten") {
  on_each_kind([](Store& store) {
    const std::string bytes = noise(1000), other = noise(1000, 2), sha256 = sha256_of(bytes);
    REQUIRE(store.put_plugin(sha256, 1000, 0, other.substr(0, 600)));
    CHECK_EQ(store.put_plugin(sha256, 1000, 600, other.substr(600)).error(),
             "plugin " + sha256.substr(0, 12) + " has the SHA-256 " + sha256_of(other) + ", not " + sha256 +
                 ": it was changed on the way, or while it was read; submit again");
    CHECK_EQ(*store.plugin_bytes(sha256), 0);
    CHECK_FALSE(store.put_plugin(sha256, 1000, 0, other));
    CHECK_EQ(*store.plugin_bytes(sha256), 0);
    put_whole(store, bytes, 1000);
    CHECK(read_whole(store, sha256, 512) == bytes);
  });
}

TEST_CASE("Store: plugins do not mix, whatever the order of their parts") {
  on_each_kind([](Store& store) {
    const std::string a = noise(1000, 1), b = noise(900, 2);
    REQUIRE(store.put_plugin(sha256_of(a), 1000, 0, a.substr(0, 500)));
    REQUIRE(store.put_plugin(sha256_of(b), 900, 0, b.substr(0, 500)));
    REQUIRE(store.put_plugin(sha256_of(a), 1000, 500, a.substr(500)));
    REQUIRE(store.put_plugin(sha256_of(b), 900, 500, b.substr(500)));
    CHECK(read_whole(store, sha256_of(a), 300) == a);
    CHECK(read_whole(store, sha256_of(b), 300) == b);
  });
}

TEST_CASE("Store: a plugin that a topology names is there however long it is not asked for") {
  on_each_kind([](Store& store) {
    const std::string a = noise(1000, 1), b = noise(900, 2);
    put_whole(store, a, 1000);
    put_whole(store, b, 900);
    TopologyRecord now = record("words-1"), next = record("words-2", 2);
    now.revision.plugins[0].sha256 = sha256_of(a);
    next.next->plugins[0].sha256 = sha256_of(b);
    REQUIRE(store.apply({.put = {now, next}, .remove = {}, .answer = {}, .now_ms = 0}));
    for (std::int64_t hour = 1; hour <= 5; ++hour)
      REQUIRE(store.apply({.put = {}, .remove = {}, .answer = {}, .now_ms = hour * 4'000'000}));
    CHECK(*store.has_plugin(sha256_of(a)));
    CHECK(*store.has_plugin(sha256_of(b)));
  });
}

}  // namespace
}  // namespace gale::master
