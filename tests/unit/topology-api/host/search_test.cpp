// SPDX-License-Identifier: Apache-2.0
#include "topology-api/host/search.hpp"

#include "scratch.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

using gale::host::PluginSearch;
using gale::test::fixture;
using gale::test::Scratch;

TEST_CASE("A plugin is found by its name, and opened once") {
  PluginSearch search({fixture("probe").parent_path()});
  const auto first = search.find("probe");
  REQUIRE(first.error == "");
  CHECK(search.find("probe").plugin == first.plugin);
}

TEST_CASE("The first directory that has it wins, also with a bad file") {
  const Scratch scratch;
  const auto bad = scratch.write("probe.so", "not a library");
  PluginSearch search({scratch.dir(), fixture("probe").parent_path()});
  CHECK(search.find("probe").error.find("plugin file '" + bad.string() + "' is not a shared library") == 0);
}

TEST_CASE("A plugin that is nowhere is an error that names where it was looked for") {
  PluginSearch search({"a/b", "c"});
  CHECK(search.find("x").error ==
        "plugin 'x' not found in: a/b, c (looked for x.so; more directories: --plugins DIR or GALE_PLUGINS)");
  CHECK(PluginSearch({}).find("x").error ==
        "plugin 'x' not found: there is no directory to look in; give one with --plugins");
}

TEST_CASE("A path is no name") {
  PluginSearch search({"a"});
  CHECK(search.find("../probe").error ==
        "plugin '../probe': a plugin is named, not given by its path; say in which directory it is with --plugins");
}

TEST_CASE("Directories come from the command, then GALE_PLUGINS, then the topology file, then the installation") {
  REQUIRE(::setenv("GALE_PLUGINS", "/one::/two:", 1) == 0);
  const auto program = std::filesystem::canonical("/proc/self/exe").parent_path().parent_path();
  using Dirs = std::vector<std::filesystem::path>;
  const Dirs installed = {program / "plugins", program / "lib/gale/plugins"};
  CHECK(PluginSearch::standard_dirs({"given"}) == Dirs{"given", "/one", "/two", installed[0], installed[1]});
  CHECK(PluginSearch::standard_dirs({}, "my/topology.yaml") ==
        Dirs{"/one", "/two", "my/plugins", "my/build/plugins", installed[0], installed[1]});
  REQUIRE(::unsetenv("GALE_PLUGINS") == 0);
}
