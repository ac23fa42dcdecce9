// SPDX-License-Identifier: Apache-2.0
//
// The supervisor's folder: what it keeps survives, what was cut off or damaged is set aside, a disk that refuses leaves
// all as it was, and no name leads out of it.
#include "supervisor/node/state_folder.hpp"

#include "engine/base/sha256.hpp"
#include "supervisor/node/endpoints.hpp"
#include "supervisor/node/file_name.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace gale::node {
namespace {

namespace fs = std::filesystem;
using control::incarnation_of;

struct Scratch {
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "gale-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Scratch() { fs::remove_all(path); }
  fs::path path;
};

StateFolder opened(const fs::path& path, StateFolder::Write write = write_durably) {
  Result<StateFolder> state = StateFolder::open(path, std::move(write));
  REQUIRE_MESSAGE(state, state.error());
  return std::move(*state);
}

SlotRecord record_of(std::uint32_t count) {
  return {{"t-1", 2, WorkerId(3), 4},
          incarnation_of(4, count),
          false,
          {1234, 5678, "boot"},
          {{"u-2", WorkerId(0), incarnation_of(1, 9)}}};
}

void overwrite(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}
std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
control::PluginFile plugin_of(const std::string& bytes) { return {"words", sha256_hex(bytes), bytes.size()}; }

TEST_CASE("SHA-256 is SHA-256") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 sum;
  sum.add("a");
  sum.add("bc");
  CHECK(sum.hex() == sha256_hex("abc"));
  CHECK(is_sha256(sha256_hex("")));
  CHECK_FALSE(is_sha256("../../etc/passwd"));
  CHECK_FALSE(is_sha256(std::string(64, 'g')));
}

TEST_CASE("A host's id is made once and stays; two supervisors cannot share a folder") {
  Scratch scratch;
  std::string id;
  {
    StateFolder state = opened(scratch.path / "a/b");
    id = state.host();
    CHECK(id.size() == 32);
    struct stat about {};
    REQUIRE(::stat((scratch.path / "a/b").c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0700);
    const Result<StateFolder> second = StateFolder::open(scratch.path / "a/b");
    REQUIRE_FALSE(second);
    CHECK(second.error().find("belongs to another supervisor, pid ") != std::string::npos);
    CHECK(second.error().find("--state") != std::string::npos);
  }
  CHECK(opened(scratch.path / "a/b").host() == id);
}

TEST_CASE("A damaged host id is set aside with a note, and the host begins anew") {
  for (const std::string& bytes : {std::string(), std::string(32, '\0'), std::string("../../x")}) {
    Scratch scratch;
    const std::string id = opened(scratch.path).host();
    overwrite(scratch.path / "host-id", bytes);
    StateFolder state = opened(scratch.path);
    CHECK(state.host().size() == 32);
    CHECK(state.host() != id);
    REQUIRE(state.take_notes().size() == 1);
    CHECK(bytes_of(scratch.path / "host-id.bad") == bytes);
  }
}

TEST_CASE("A record comes back as it was written") {
  Scratch scratch;
  {
    StateFolder state = opened(scratch.path);
    CHECK_FALSE(state.record(6700));
    REQUIRE(state.write_record(6700, record_of(1)));
  }
  CHECK(opened(scratch.path).record(6700) == record_of(1));
}

TEST_CASE("A record that was cut off, zeroed or flipped is set aside, and its lives are not given again") {
  Scratch scratch;
  const std::string good = encode(record_of(2));
  std::vector<std::string> damaged = {"", std::string(good.size(), '\0'), good.substr(0, 64), good + "x", "no record"};
  for (std::size_t i = 0; i < good.size(); i += 31) {
    damaged.push_back(good);
    damaged.back()[i] = static_cast<char>(damaged.back()[i] ^ 1);
    damaged.push_back(good.substr(0, i));
  }
  for (const std::string& bytes : damaged) {
    CAPTURE(bytes.size());
    StateFolder state = opened(scratch.path);
    fs::remove_all(scratch.path / "slots/6700");
    REQUIRE(state.write_record(6700, record_of(1)));
    REQUIRE(state.write_record(6700, record_of(2)));
    overwrite(scratch.path / "slots/6700/record", bytes);
    const auto record = state.record(6700);
    REQUIRE(record);
    CHECK(record->incarnation == incarnation_of(4, 2));
    CHECK_FALSE(record->ended);
    CHECK(record->process.pid == 0);
    REQUIRE(state.take_notes().size() == 1);
    CHECK(bytes_of(scratch.path / "slots/6700/record.bad") == bytes);
  }
}

TEST_CASE("A disk that refuses leaves the record as it was, and says which file and why") {
  Scratch scratch;
  int left = 1000;
  StateFolder state = opened(scratch.path, [&](const fs::path& path, std::string_view bytes, mode_t mode) {
    return left-- > 0 ? write_durably(path, bytes, mode)
                      : Result<void>(Failed{"cannot write " + path.string() + ": No space left on device"});
  });
  REQUIRE(state.write_record(6700, record_of(1)));
  for (int allowed = 0; allowed < 2; ++allowed) {  // a new life writes two files
    left = allowed;
    const Result<void> written = state.write_record(6700, record_of(2));
    REQUIRE_FALSE(written);
    CHECK(written.error().find("No space left on device") != std::string::npos);
    CHECK(state.record(6700) == record_of(1));
  }
  left = 1000;
  REQUIRE(state.write_record(6700, record_of(2)));
  CHECK(state.record(6700) == record_of(2));
}

TEST_CASE("write_durably replaces a file whole, or leaves it and nothing beside it") {
  Scratch scratch;
  const fs::path file = scratch.path / "f";
  REQUIRE(write_durably(file, "one"));
  fs::create_directory(scratch.path / "f.new");  // in the way
  const Result<void> refused = write_durably(file, "two");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().starts_with("cannot write " + file.string() + ": "));
  CHECK(bytes_of(file) == "one");
  fs::remove(scratch.path / "f.new");
  overwrite(scratch.path / "f.new", "left by a crash");
  REQUIRE(write_durably(file, "two"));
  CHECK(bytes_of(file) == "two");
  CHECK_FALSE(fs::exists(scratch.path / "f.new"));
}

TEST_CASE("A plugin comes in parts, also over a restart, is verified, and is read-only from then on") {
  Scratch scratch;
  const std::string bytes(250'000, 'p');
  const control::PluginFile plugin = plugin_of(bytes);
  {
    StateFolder state = opened(scratch.path);
    REQUIRE(state.add_to_plugin(plugin, 0, std::string_view(bytes).substr(0, 100'000)));
    CHECK_FALSE(state.has_plugin(plugin.sha256));
  }
  StateFolder state = opened(scratch.path);
  CHECK(state.part_of(plugin.sha256) == 100'000);
  REQUIRE(state.add_to_plugin(plugin, 100'000, std::string_view(bytes).substr(100'000)));
  CHECK(state.has_plugin(plugin.sha256));
  CHECK(state.part_of(plugin.sha256) == 0);
  struct stat about {};
  REQUIRE(::stat((scratch.path / "plugins" / (plugin.sha256 + ".so")).c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0444);
  CHECK(state.plugins() == std::vector<std::string>{plugin.sha256});
  state.remove_plugin(plugin.sha256);
  CHECK(state.plugins().empty());
}

TEST_CASE("Bytes that are not what the master names are no plugin: they have to come anew") {
  Scratch scratch;
  StateFolder state = opened(scratch.path);
  const control::PluginFile plugin = plugin_of("right");
  const Result<void> added = state.add_to_plugin(plugin, 0, "wrong");
  REQUIRE_FALSE(added);
  CHECK(added.error().find("plugin 'words' has come with other bytes") != std::string::npos);
  CHECK_FALSE(state.has_plugin(plugin.sha256));
  CHECK(state.part_of(plugin.sha256) == 0);
  REQUIRE(state.add_to_plugin(plugin, 0, "right"));
  CHECK(state.has_plugin(plugin.sha256));
  CHECK_FALSE(state.add_to_plugin({"x", "../../evil", 1}, 0, "x"));
}

TEST_CASE("A revision is installed whole, with its plugins by name, and found again") {
  Scratch scratch;
  control::Revision revision;
  revision.topology = "../word count";
  revision.number = 3;
  revision.file = "name: x\n";
  revision.plugins = {plugin_of("so")};
  {
    StateFolder state = opened(scratch.path);
    CHECK_FALSE(state.install(revision));  // its plugin is not here
    CHECK(state.installed().empty());
    REQUIRE(state.add_to_plugin(revision.plugins[0], 0, "so"));
    REQUIRE(state.install(revision));
    REQUIRE(state.install(revision));
    CHECK(state.topology_file("../word count", 3) == scratch.path / "topologies/%2E.%2Fword%20count/3/topology.yaml");
  }
  StateFolder state = opened(scratch.path);
  CHECK(state.installed() == std::set<RevisionId>{{"../word count", 3}});
  CHECK(bytes_of(state.topology_file("../word count", 3)) == "name: x\n");
  CHECK(bytes_of(state.plugin_folder("../word count", 3) / "words.so") == "so");
  state.remove({"../word count", 3});
  CHECK(state.installed().empty());
  CHECK(fs::is_empty(scratch.path / "topologies"));
  CHECK(state.has_plugin(revision.plugins[0].sha256));
}

TEST_CASE("A plugin that has changed on the disk is noticed when a revision wants it, and has to come anew") {
  Scratch scratch;
  StateFolder state = opened(scratch.path);
  control::Revision revision;
  revision.topology = "t-1";
  revision.plugins = {plugin_of("so")};
  REQUIRE(state.add_to_plugin(revision.plugins[0], 0, "so"));
  const fs::path file = scratch.path / "plugins" / (revision.plugins[0].sha256 + ".so");
  fs::permissions(file, fs::perms::owner_all);
  overwrite(file, "sp");
  CHECK_FALSE(state.install(revision));
  CHECK_FALSE(state.has_plugin(revision.plugins[0].sha256));
  CHECK(state.take_notes().size() == 1);
}

TEST_CASE("Logs of topologies that are no more go when they are old") {
  Scratch scratch;
  StateFolder state = opened(scratch.path);
  for (const char* topology : {"wanted", "young", "old"}) {
    const Result<fs::path> file = state.log_file(topology, WorkerId(0));
    REQUIRE(file);
    overwrite(*file, "x");
    if (std::string(topology) != "young")
      fs::last_write_time(*file, fs::file_time_type::clock::now() - std::chrono::hours(50));
  }
  state.remove_old_logs({"wanted"}, std::chrono::hours(48));
  CHECK(fs::exists(scratch.path / "logs/wanted"));
  CHECK(fs::exists(scratch.path / "logs/young"));
  CHECK_FALSE(fs::exists(scratch.path / "logs/old"));
}

TEST_CASE("Names of others are names of files here: none leads out, two are never one") {
  CHECK(file_name_of("word-count_1.2+x") == "word-count_1.2+x");
  CHECK(file_name_of("..") == "%2E.");
  CHECK(file_name_of("a/b") == "a%2Fb");
  CHECK(file_name_of("a%2Fb") == "a%252Fb");
  for (const std::string text : {"", "..", "a/b", "%", "%2", "\xff\x01", "topology name"}) {
    CHECK(text_of_file_name(file_name_of(text)) == text);
    CHECK(file_name_of(text).find('/') == std::string::npos);
  }
  CHECK_FALSE(text_of_file_name("%g0"));
  CHECK_FALSE(text_of_file_name("%2"));
}

TEST_CASE("The folder of a revision's sockets is short whatever the topology is called") {
  CHECK(run_folder("/run", "t-1", 2) == "/run/t-1.2");
  const std::string folder = run_folder("/run", std::string(300, 'x'), 2);
  CHECK(folder.size() <= 29);
  CHECK(folder != run_folder("/run", std::string(300, 'x'), 3));
}

}  // namespace
}  // namespace gale::node
