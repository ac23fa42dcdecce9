// SPDX-License-Identifier: Apache-2.0
#include "engine/keys/allow_list.hpp"

#include "engine/keys/key_file.hpp"
#include "tests/unit/engine/keys/scratch.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>

namespace gale::keys {
namespace {

namespace fs = std::filesystem;

constexpr Roles kWorkers{Role::kWorker}, kCallers{Role::kSupervisor, Role::kClient};

TEST_CASE("a key is let in by the role that its file's name begins with, and by no other") {
  const Scratch scratch;
  const KeyPair worker = generate(), anna = generate(), stranger = generate();
  REQUIRE(authorize(scratch.path, "worker", worker.public_key));
  REQUIRE(authorize(scratch.path, "client-anna", anna.public_key));
  AllowList list(authorized_path(scratch.path));
  CHECK_FALSE(list.admits(worker.public_key, kWorkers));  // not read yet
  const AllowList::Change change = list.reload();
  CHECK(change.added.size() == 2);
  CHECK(change.faults.empty());
  CHECK(*list.admits(worker.public_key, kWorkers) == "worker");
  CHECK(*list.admits(anna.public_key, kCallers) == "client-anna");
  CHECK_FALSE(list.admits(worker.public_key, kCallers));
  CHECK_FALSE(list.admits(anna.public_key, kWorkers));
  CHECK_FALSE(list.admits(stranger.public_key, kWorkers));
  CHECK_FALSE(list.admits("", kWorkers));
  CHECK_FALSE(list.reload().added.size() + list.reload().removed.size());
}

TEST_CASE("a key whose file goes is let in no more") {
  const Scratch scratch;
  const KeyPair one = generate();
  REQUIRE(authorize(scratch.path, "worker", one.public_key));
  REQUIRE(authorize(scratch.path, "worker-old", one.public_key));  // the same key twice
  AllowList list(authorized_path(scratch.path));
  list.reload();
  fs::remove(list.folder() / "worker.pub");
  AllowList::Change change = list.reload();
  CHECK(change.removed == std::vector<std::string>{"worker"});
  CHECK(list.admits(one.public_key, kWorkers));
  fs::remove_all(list.folder());
  change = list.reload();
  CHECK(change.removed == std::vector<std::string>{"worker-old"});
  CHECK_FALSE(list.admits(one.public_key, kWorkers));
  REQUIRE(change.faults.size() == 1);
  CHECK(list.faulty());
}

TEST_CASE("what cannot be believed lets nobody in, and is told once") {
  const Scratch scratch;
  const KeyPair good = generate(), bad = generate();
  REQUIRE(authorize(scratch.path, "worker", good.public_key));
  REQUIRE(authorize(scratch.path, "worker-open", bad.public_key));
  REQUIRE(authorize(scratch.path, "nobody", bad.public_key));
  const fs::path folder = authorized_path(scratch.path);
  write(folder / "client.pub", "public nonsense\n");
  write(folder / "README", "no key at all");
  REQUIRE(::chmod((folder / "worker-open.pub").c_str(), 0666) == 0);
  AllowList list(folder);
  const std::vector<std::string> faults = list.reload().faults;
  const auto told = [&](const std::string& text) {
    return std::any_of(faults.begin(), faults.end(), [&](const auto& f) { return f.find(text) != std::string::npos; });
  };
  CHECK(faults.size() == 3);
  CHECK(told("worker-open.pub can be written by others"));
  CHECK(told("nobody.pub: the name begins with no role"));
  CHECK(told("client.pub has no line 'public KEY'"));
  CHECK(list.admits(good.public_key, kWorkers));
  CHECK_FALSE(list.admits(bad.public_key, kWorkers));
  CHECK(list.reload().faults.empty());
  REQUIRE(::chmod(folder.c_str(), 0777) == 0);
  CHECK(list.reload().faults.front().find("can be written by others, so it lets nobody in") != std::string::npos);
  CHECK_FALSE(list.admits(good.public_key, kWorkers));
}

}  // namespace
}  // namespace gale::keys
