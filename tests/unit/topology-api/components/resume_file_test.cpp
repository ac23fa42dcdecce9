// SPDX-License-Identifier: Apache-2.0
#include "topology-api/components/file/resume_file.hpp"

#include "scratch.hpp"

#include <gale/error.hpp>

namespace gale::stock::file {
namespace {

using test::Folder;

const std::vector<FileState> kStates = {{{1, 2}, 300, {256, ~std::uint64_t{0}}, "/var/log/a b.log"},
                                        {{1, 3}, 0, {0, 7}, "odd\nname\\with\ttabs"}};

TEST_CASE("What is saved is loaded again, odd names too") {
  const Folder folder;
  save_resume(folder / "state", kStates);
  CHECK(load_resume(folder / "state") == kStates);
  save_resume(folder / "state", {});
  CHECK(load_resume(folder / "state").empty());
  CHECK_FALSE(std::filesystem::exists(folder / "state.new"));
}

TEST_CASE("Nothing saved yet is nothing, and another file is refused by name") {
  const Folder folder;
  CHECK(load_resume(folder / "none").empty());
  test::write_file(folder / "other", "a letter to mum\n");
  CHECK_THROWS_WITH_AS(load_resume(folder / "other"),
                       ("'" + (folder / "other") +
                        "' says nothing of how far files were read; move it away to begin anew, or set another path in "
                        "'resume'")
                           .c_str(),
                       Error);
}

TEST_CASE("A text cut anywhere, or with a byte changed, is refused or another text, never a crash") {
  const std::string text = resume_text(kStates);
  for (std::size_t n = 0; n < text.size(); ++n) {
    std::vector<FileState> states;
    const bool good = parse_resume(text.substr(0, n), states);
    if (good) CHECK(states.size() < kStates.size());
    std::string changed = text;
    changed[n] = static_cast<char>(changed[n] + 1);
    states.clear();
    parse_resume(changed, states);
    CHECK(states != kStates);
  }
}

TEST_CASE("A folder that cannot be written to is told, and the old state stands") {
  const Folder folder;
  CHECK_THROWS_AS(save_resume(folder / "no/such/folder", kStates), Error);
  save_resume(folder / "state", kStates);
  std::filesystem::create_directory(folder / "state.new");  // in the way
  CHECK_THROWS_AS(save_resume(folder / "state", {}), Error);
  CHECK(load_resume(folder / "state") == kStates);
}

}  // namespace
}  // namespace gale::stock::file
