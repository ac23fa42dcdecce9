// SPDX-License-Identifier: Apache-2.0
//
// Opening plugins, good and bad. Each refusal is checked as a user reads it: which file, what is wrong, what to do.
#include "topology-api/host/plugin.hpp"

#include "scratch.hpp"
#include "topology-api/host/info.hpp"
#include "topology-api/host/instance.hpp"

#include <doctest/doctest.h>

#include <elf.h>
#include <sys/stat.h>

#include <cstring>

using gale::host::Plugin;
using gale::test::bytes_of;
using gale::test::fixture;
using gale::test::Scratch;

namespace {

std::string refusal(const std::filesystem::path& file) {
  const gale::host::Opened opened = Plugin::open(file);
  CHECK(opened.plugin == nullptr);
  return opened.error;
}
std::string said(const std::filesystem::path& file, const std::string& what) {
  return "plugin file '" + file.string() + "' " + what;
}
bool begins(const std::string& text, const std::string& with) { return text.compare(0, with.size(), with) == 0; }
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

template <class T>
void poke(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

const std::string kOurs = std::to_string(GALE_ABI_MAJOR) + "." + std::to_string(GALE_ABI_MINOR);

/// Where a plugin of today's SDK says its minor: in the note, after the owner and the major; in the table, after its
/// size and the major.
std::size_t minor_after(const std::string& bytes, const std::string& before) {
  const std::size_t at = bytes.find(before);
  REQUIRE(at != std::string::npos);
  REQUIRE(bytes.find(before, at + 1) == std::string::npos);
  return at + before.size();
}
template <class... T>
std::string raw(T... values) {
  std::string all;
  (all.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
  return all;
}
std::size_t minor_in_note(const std::string& bytes) {
  return minor_after(bytes, std::string("Gale\0\0\0\0", 8) + raw(std::uint32_t{GALE_ABI_MAJOR}));
}
std::string with_minor(std::string bytes, std::uint32_t minor) {
  const std::uint32_t size = sizeof(gale_plugin), major = GALE_ABI_MAJOR;
  poke(bytes, minor_after(bytes, raw(size, major)), minor);
  poke(bytes, minor_in_note(bytes), minor);
  return bytes;
}

}  // namespace

TEST_CASE("A good plugin opens and says what it is") {
  const gale::host::Opened opened = Plugin::open(fixture("probe"));
  REQUIRE(opened.error == "");
  const auto& d = opened.plugin->description();
  CHECK(d.name == "probe");
  CHECK(d.version == "1.0.0");
  CHECK(d.major == GALE_ABI_MAJOR);
  CHECK_FALSE(d.build.empty());
  REQUIRE(d.components.size() == 4);
  const auto* numbers = d.find("Numbers");
  REQUIRE(numbers != nullptr);
  CHECK(numbers->kind == gale::host::ComponentKind::kSpout);
  CHECK(numbers->doc == "Emits numbers in order, then finishes.");
  CHECK(numbers->keys.at(1).name == "count");
  CHECK(numbers->keys.at(1).type == "integer");
  CHECK(numbers->keys.at(1).default_value == gale::Value(10));
  CHECK(numbers->streams.at(0).fields == std::vector<std::string>{"n", "text"});
  const auto* bolt = d.find("Misbehave");
  REQUIRE(bolt != nullptr);
  CHECK(bolt->kind == gale::host::ComponentKind::kBolt);
  CHECK(bolt->streams.at(1).name == "other");
  CHECK(bolt->reads == std::vector<std::string>{"n"});
  CHECK(bolt->tick_ms == 10);
  CHECK(opened.plugin->find("Sink") != nullptr);
  CHECK(opened.plugin->find("sink") == nullptr);
}

TEST_CASE("A file that cannot be a plugin is refused in words") {
  const Scratch scratch;
  const auto missing = scratch.dir() / "missing.so";
  CHECK(refusal(missing) == said(missing, "does not exist"));
  CHECK(refusal(scratch.dir()) == said(scratch.dir(), "is a directory, not a shared library"));
  const auto empty = scratch.write("empty.so", "");
  CHECK(refusal(empty) == said(empty, "is empty; build or copy it again"));
  const auto pipe = scratch.dir() / "pipe.so";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(refusal(pipe) == said(pipe, "is not a regular file"));
  const std::string no_elf =
      "is not a shared library (no ELF header); a plugin is a .so that gale_add_plugin() or `c++ -shared` made";
  const auto text = scratch.write("text.so", "#!/bin/sh\necho I am a script, and rather a long one, am I not?\n");
  CHECK(refusal(text) == said(text, no_elf));
  const auto tiny = scratch.write("tiny.so", "x");
  CHECK(refusal(tiny) == said(tiny, no_elf));
}

TEST_CASE("A truncated plugin is refused at whatever length it was cut") {
  const Scratch scratch;
  const std::string whole = bytes_of(fixture("probe"));
  REQUIRE(whole.size() > 10000);
  for (const std::size_t n : {std::size_t{4}, std::size_t{20}, std::size_t{63}, std::size_t{64}, std::size_t{200},
                              std::size_t{4096}, whole.size() / 2, whole.size() - 1}) {
    const auto cut = scratch.write("cut.so", whole.substr(0, n));
    const std::string error = refusal(cut);
    CHECK_MESSAGE(begins(error, said(cut, "is truncated: its headers speak of ")), error);
    CHECK(has(error, " bytes, it has " + std::to_string(n) + "; build or copy it again"));
  }
}

TEST_CASE("A plugin for another machine is refused by name") {
  const Scratch scratch;
  std::string bytes = bytes_of(fixture("probe"));
  const std::uint16_t other =
      reinterpret_cast<const Elf64_Ehdr*>(bytes.data())->e_machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
  poke(bytes, offsetof(Elf64_Ehdr, e_machine), other);
  const auto file = scratch.write("other.so", bytes);
  CHECK(begins(refusal(file), said(file, other == EM_AARCH64 ? "is built for AArch64, this machine is "
                                                             : "is built for x86-64, this machine is ")));
  CHECK(has(refusal(file), "; build it for this machine"));
  bytes = bytes_of(fixture("probe"));
  bytes[EI_CLASS] = ELFCLASS32;
  CHECK(has(refusal(scratch.write("narrow.so", bytes)), "not for a 64-bit little-endian machine"));
  bytes = bytes_of(fixture("probe"));
  poke(bytes, offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_REL});
  CHECK(has(refusal(scratch.write("object.so", bytes)), "is an ELF file, but no shared library; link it with -shared"));
}

TEST_CASE("Damaged headers are refused, never followed") {
  const Scratch scratch;
  const std::string whole = bytes_of(fixture("probe"));
  for (std::size_t at = 16; at < 64; ++at) {
    for (const int value : {0x00, 0x7f, 0xff}) {
      std::string bytes = whole.substr(0, 65536);
      bytes[at] = static_cast<char>(value);
      CHECK_FALSE(refusal(scratch.write("damaged.so", bytes)).empty());
    }
  }
}

TEST_CASE("A library without the note is no plugin") {
  const auto file = fixture("bad_note");
  CHECK(refusal(file) == said(file,
                              "is a shared library, but no Gale plugin (no .note.gale note); a plugin has "
                              "GALE_PLUGIN(name, version, Components...) in one of its sources"));
}

TEST_CASE("A plugin of a newer major is refused by number, before its code runs") {
  const auto file = fixture("bad_newer");
  CHECK(refusal(file) ==
        said(file, "(probe 1.0.0) speaks plugin ABI 2." + std::to_string(GALE_ABI_MINOR) + ", this gale speaks " +
                       kOurs + "; rebuild it with this gale's SDK, or run it with a gale that speaks 2." +
                       std::to_string(GALE_ABI_MINOR)));
}

TEST_CASE("A plugin of a newer minor is refused by number, before its code, which would crash, runs") {
  const auto file = fixture("bad_newer_minor");
  CHECK(refusal(file) ==
        said(file, "(bad_constructor 1) speaks plugin ABI 1.99, this gale speaks " + kOurs +
                       "; rebuild it with this gale's SDK, or run it with a gale that speaks 1.99 or a later "
                       "1"));
}

TEST_CASE("The next minor is refused as well, and an older one opens") {
  const Scratch scratch;
  const auto next = scratch.write("next.so", with_minor(bytes_of(fixture("probe")), GALE_ABI_MINOR + 1));
  CHECK(has(refusal(next), "speaks plugin ABI 1." + std::to_string(GALE_ABI_MINOR + 1) + ","));
  const auto older = scratch.write("older.so", with_minor(bytes_of(fixture("probe")), 0));
  const gale::host::Opened opened = Plugin::open(older);
  REQUIRE(opened.error == "");
  CHECK(opened.plugin->description().minor == 0);
}

TEST_CASE("A plugin whose note and table disagree is refused") {
  const Scratch scratch;
  std::string bytes = bytes_of(fixture("probe"));
  poke(bytes, minor_in_note(bytes), std::uint32_t{0});
  const auto file = scratch.write("disagrees.so", bytes);
  CHECK(refusal(file) == said(file, "says in its note that it speaks plugin ABI 1.0, in its table " + kOurs +
                                        "; rebuild it with this gale's SDK"));
}

TEST_CASE("A grouping of before groupings is refused: its choose takes other arguments") {
  const auto file = fixture("bad_grouping");
  CHECK(refusal(file) ==
        said(file,
             "(plugin 'bad_grouping') component 'First' is a grouping, which came with plugin ABI 1.2, "
             "but it speaks 1.1; rebuild it with this gale's SDK"));
}

TEST_CASE("An undefined symbol is named") {
  const auto file = fixture("bad_symbol");
  const std::string error = refusal(file);
  CHECK_MESSAGE(begins(error, said(file, "cannot be loaded: ")), error);
  CHECK(has(error, "undefined symbol: a_function_that_nobody_defines"));
  CHECK(has(error, "; link it with what defines the missing symbol, or install the missing library"));
}

TEST_CASE("A library that a plugin needs and that is missing is named") {
  const Scratch scratch;
  std::string bytes = bytes_of(fixture("probe"));
  const std::size_t at = bytes.find(std::string("\0libstdc++.so", 13));
  REQUIRE(at != std::string::npos);
  bytes.replace(at + 1, 9, "libgone__");
  const std::string error = refusal(scratch.write("needs.so", bytes));
  CHECK_MESSAGE(has(error, "cannot be loaded: libgone__.so"), error);
  CHECK(has(error, "or install the missing library"));
}

TEST_CASE("A plugin whose entry is missing or gives nothing is refused") {
  const auto hidden = fixture("bad_entry");
  CHECK(refusal(hidden) ==
        said(hidden, "has a Gale note, but does not export gale_plugin_entry; do not hide it when linking"));
  const auto null = fixture("bad_null");
  CHECK(refusal(null) == said(null, "refuses to work with this gale (plugin ABI " + kOurs +
                                        "): its gale_plugin_entry returned null; "
                                        "rebuild it with this gale's SDK"));
}

TEST_CASE("A component whose constructor throws is refused with its words") {
  const auto file = fixture("bad_describe");
  CHECK(refusal(file) == said(file,
                              "(plugin 'bad_describe') component 'Early' throws when it is constructed and described: "
                              "cannot reach the database; a constructor and describe() may do no I/O, that is open()'s "
                              "work"));
}

TEST_CASE("A component is described again with its configuration and inputs") {
  const gale::host::Opened opened = Plugin::open(fixture("probe"));
  REQUIRE(opened.error == "");
  gale::host::TaskInfo task{.topology = "t", .component = "numbers", .config = {}, .inputs = {}};
  const gale::host::Described same = opened.plugin->describe("Numbers", task);
  CHECK(same.error == "");
  CHECK(same.description.name == "Numbers");
  CHECK(same.description.keys.size() == opened.plugin->description().find("Numbers")->keys.size());
  CHECK(same.description.streams.at(0).fields == std::vector<std::string>{"n", "text"});
  task.config["count"] = "many";
  CHECK(opened.plugin->describe("Numbers", task).error == "key 'count' wants 64-bit integer, is string");
  CHECK(opened.plugin->describe("Nobody", task).error == "plugin 'probe' has no component 'Nobody'");
}

TEST_CASE("A hook that declares streams is refused") {
  CHECK(
      refusal(fixture("bad_hook")) ==
      said(fixture("bad_hook"),
           "(plugin 'bad_hook') component 'Loud' is a task hook and declares streams, fields or a tick; a hook has doc "
           "and keys alone"));
}

TEST_CASE("Two components of one name are refused") {
  const auto file = fixture("bad_names");
  CHECK(refusal(file) == said(file,
                              "(plugin 'bad_names') component 'Count' stands twice in its GALE_PLUGIN; a component's "
                              "name is its class's"));
}

TEST_CASE("A throw in the constructor of the object that is to run is the error of create") {
  const gale::host::Opened opened = Plugin::open(fixture("bad_create"));
  REQUIRE(opened.error == "");
  const std::string info = gale::host::task_info({.topology = "t", .component = "c", .config = {}, .inputs = {}});
  gale_task task{};
  task.info = {info.data(), info.size()};
  const auto made = gale::host::Instance::create(*opened.plugin->find("Second"), task);
  CHECK_FALSE(made);
  CHECK(made.error == "component 'Second' cannot be made: one is enough");
}
