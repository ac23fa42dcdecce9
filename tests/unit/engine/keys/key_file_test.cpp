// SPDX-License-Identifier: Apache-2.0
#include "engine/keys/key_file.hpp"

#include "engine/keys/security.hpp"
#include "tests/unit/engine/keys/scratch.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gale::keys {
namespace {

namespace fs = std::filesystem;

unsigned mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777u;
}

TEST_CASE("a pair that was written is read again, and only its owner may") {
  const Scratch scratch;
  const fs::path dir = scratch.path / "keys";
  const KeyPair pair = generate();
  REQUIRE(write_pair(dir, Role::kMaster, pair));
  CHECK(mode_of(dir) == 0700);
  CHECK(mode_of(dir / "master.key") == 0600);
  CHECK(mode_of(dir / "master.pub") == 0644);
  const Result<KeyPair> again = read_pair(dir / "master.key");
  REQUIRE_MESSAGE(again, again.error());
  CHECK(again->public_key == pair.public_key);
  CHECK(again->secret_key == pair.secret_key);
  CHECK(*read_public(dir / "master.pub") == pair.public_key);
  CHECK(text_in(dir / "master.pub").find(pair.secret_key) == std::string::npos);
  for (const auto& entry : fs::directory_iterator(dir)) CHECK(entry.path().extension() != ".new");
}

TEST_CASE("no key is ever replaced, and the umask makes none readable") {
  const Scratch scratch;
  const mode_t before = ::umask(0);
  REQUIRE(write_pair(scratch.path, Role::kWorker, generate()));
  ::umask(before);
  CHECK(mode_of(scratch.path / "worker.key") == 0600);
  const std::string first = text_in(scratch.path / "worker.key");
  const Result<void> second = write_pair(scratch.path, Role::kWorker, generate());
  REQUIRE_FALSE(second);
  CHECK(second.error().find("worker.pub exists already: a key is never replaced") != std::string::npos);
  fs::remove(scratch.path / "worker.pub");
  CHECK_FALSE(write_pair(scratch.path, Role::kWorker, generate()));
  CHECK(text_in(scratch.path / "worker.key") == first);
  REQUIRE(authorize(scratch.path, "client-anna", generate().public_key));
  CHECK_FALSE(authorize(scratch.path, "client-anna", generate().public_key));
}

TEST_CASE("a secret key that others can read is refused, with what to do") {
  const Scratch scratch;
  REQUIRE(write_pair(scratch.path, Role::kClient, generate()));
  const fs::path file = scratch.path / "client.key";
  for (const mode_t mode : {0640u, 0604u, 0644u, 0620u}) {
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    const Result<KeyPair> pair = read_pair(file);
    REQUIRE_FALSE(pair);
    CHECK(pair.error().find("is open to others (mode 0") != std::string::npos);
    CHECK(pair.error().find("chmod 600") != std::string::npos);
  }
  REQUIRE(::chmod(file.c_str(), 0400) == 0);
  CHECK(read_pair(file));
}

TEST_CASE("what is no key file says so, and where") {
  const Scratch scratch;
  const KeyPair one = generate(), other = generate();
  const fs::path file = scratch.path / "x.key";
  const auto error = [&](const std::string& text) -> std::string {
    fs::remove(file);
    write(file, text);
    REQUIRE(::chmod(file.c_str(), 0600) == 0);
    const Result<KeyPair> pair = read_pair(file);
    return pair ? "" : pair.error();
  };
  CHECK(error("public " + one.public_key + "\nsecret " + one.secret_key + "\n").empty());
  CHECK(error("# a comment\r\npublic " + one.public_key + "\r\nsecret " + one.secret_key).empty());
  CHECK(error("").find("has no line 'secret KEY'") != std::string::npos);
  CHECK(error("secret " + one.secret_key.substr(1)).find("40 characters") != std::string::npos);
  CHECK(error("secret " + std::string(40, '~')).find("40 characters") != std::string::npos);
  CHECK(error("secret " + std::string(40, '#')).find("40 characters") != std::string::npos);  // more than 32 bytes hold
  CHECK(error("secret " + one.secret_key).find("has no line 'public KEY'") != std::string::npos);
  CHECK(error("public " + other.public_key + "\nsecret " + one.secret_key).find("do not belong together") !=
        std::string::npos);
  CHECK(error(std::string(5000, 'x')).find("more than 4096 bytes") != std::string::npos);
  CHECK(read_pair(scratch.path / "absent.key").error().find("'gale keygen'") != std::string::npos);
  CHECK(read_pair(scratch.path).error().find("is no file") != std::string::npos);
  REQUIRE(::mkfifo((scratch.path / "fifo").c_str(), 0600) == 0);
  CHECK(read_pair(scratch.path / "fifo").error().find("is no file") != std::string::npos);  // and does not wait
}

TEST_CASE("the folder is GALE_KEYS, or where keys of the system or of the user are") {
  const char* before = std::getenv("GALE_KEYS");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("GALE_KEYS", "/some/where", 1);
  CHECK(default_dir() == "/some/where");
  ::unsetenv("GALE_KEYS");
  CHECK(default_dir().string().ends_with(::geteuid() == 0 ? "/etc/gale/keys" : "/.config/gale/keys"));
  if (before != nullptr) ::setenv("GALE_KEYS", kept.c_str(), 1);
}

TEST_CASE("a folder of a role's own keys is all that its members need") {
  const Scratch scratch;
  REQUIRE(make_own_keys(scratch.path / "keys", Role::kWorker));
  const Result<Security> security = read_security(scratch.path / "keys", Role::kWorker, Role::kWorker);
  REQUIRE_MESSAGE(security, security.error());
  CHECK(security->server_key == security->own.public_key);
  CHECK(*read_public(security->authorized / "worker.pub") == security->own.public_key);
  CHECK_FALSE(read_security(scratch.path / "keys", Role::kWorker, Role::kMaster));
}

}  // namespace
}  // namespace gale::keys
