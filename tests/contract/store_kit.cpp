// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/store_kit.hpp"
#include "engine/base/sha256.hpp"

#include "gale/codec/write.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

namespace gale::master::test {
namespace {

Disk the_disk;

/// Counts a step, and says what is to happen at it.
Disk::Fault step() {
  ++the_disk.steps;
  const bool now = the_disk.steps == the_disk.at || (the_disk.onward && the_disk.steps > the_disk.at);
  return now ? the_disk.fault : Disk::Fault::kNone;
}

/// What was where a write went, until a sync of its file.
struct Unsure {
  int fd;
  ino_t file;
  off_t at;
  std::string before;
};
std::vector<Unsure> unsure;

ino_t file_of(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

void remember(int fd, std::size_t size, off_t at) {
  std::string before(size, '\0');  // past the end: a file that has grown without its bytes has zeros there
  if (::pread(fd, before.data(), size, at) >= 0) unsure.push_back({::dup(fd), file_of(fd), at, std::move(before)});
}

void settle(int fd) {
  const ino_t file = file_of(fd);
  for (const Unsure& one : unsure) {
    if (one.file == file) ::close(one.fd);
  }
  unsure.erase(std::remove_if(unsure.begin(), unsure.end(), [&](const Unsure& one) { return one.file == file; }),
               unsure.end());
}

[[noreturn]] void die() {
  if (the_disk.fault == Disk::Fault::kPowerCut) {
    std::mt19937_64 dice(the_disk.at);
    for (auto one = unsure.rbegin(); one != unsure.rend(); ++one) {
      if (dice() % 4 != 0) ::syscall(SYS_pwrite64, one->fd, one->before.data(), one->before.size(), one->at);
    }
  }
  ::kill(::getpid(), SIGKILL);
  std::abort();
}

ssize_t faulty_write(int fd, const void* data, std::size_t size, off_t at) {
  const Disk::Fault fault = step();
  if (fault == Disk::Fault::kKillBefore) die();
  if (fault == Disk::Fault::kFull || fault == Disk::Fault::kWriteError) {
    errno = fault == Disk::Fault::kFull ? ENOSPC : EIO;
    return -1;
  }
  const bool half = fault == Disk::Fault::kKillHalfway;
  if (the_disk.fault == Disk::Fault::kPowerCut) remember(fd, size, at);
  const ssize_t done = ::syscall(SYS_pwrite64, fd, data, half ? size / 2 : size, at);
  if (half || fault == Disk::Fault::kKillAfter || fault == Disk::Fault::kPowerCut) die();
  return done;
}

int faulty_sync(long call, int fd) {
  const Disk::Fault fault = step();
  if (fault == Disk::Fault::kKillBefore || fault == Disk::Fault::kKillHalfway || fault == Disk::Fault::kPowerCut) die();
  if (fault == Disk::Fault::kSyncError) {
    errno = EIO;
    return -1;
  }
  const auto done = static_cast<int>(::syscall(call, fd));
  settle(fd);
  if (fault == Disk::Fault::kKillAfter) die();
  return done;
}

template <class F>
int faulty_change(F&& change) {
  const Disk::Fault fault = step();
  if (fault == Disk::Fault::kKillBefore || fault == Disk::Fault::kKillHalfway || fault == Disk::Fault::kPowerCut) die();
  const int done = change();
  if (fault == Disk::Fault::kKillAfter) die();
  return done;
}

}  // namespace

Disk& disk() { return the_disk; }
void arm(Disk::Fault fault, std::uint64_t at, bool onward) {
  unsure.clear();
  the_disk = {fault, at, onward, 0};
}
void disarm() { arm(Disk::Fault::kNone, 0); }

Folder::Folder() {
  const char* where = std::getenv("TMPDIR");
  if (where == nullptr) where = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";  // in memory: a sync costs ms
  std::string name = std::string(where) + "/gale-store-XXXXXX";
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> Folder::names(std::string_view beginning) const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    std::string name = entry.path().filename();
    if (name.rfind(beginning, 0) == 0) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

TopologyRecord record(const std::string& id, std::uint64_t salt) {
  TopologyRecord r;
  r.name = id.substr(0, id.rfind('-'));
  r.revision.topology = id;
  r.revision.number = static_cast<std::uint32_t>(1 + salt % 7);
  r.revision.token = 0xfedc'ba98'7654'3210 + salt;
  r.revision.file = "name: words\n# " + std::string(salt % 5000, 'x') + "\n";
  r.revision.sets = {"a=1", "b=" + std::to_string(salt)};
  r.revision.plugins = {{"words", std::string(64, 'a'), 1'000'000 + salt}, {"bench", std::string(64, 'b'), 7}};
  r.revision.workers = 3;
  r.revision.tasks = {{"count", 4}, {"split", static_cast<std::uint32_t>(salt)}};
  r.status = static_cast<Status>(salt % 4);
  r.active_after = salt % 2 == 0;
  r.submitted_ms = 1'795'000'000'000;
  r.wait_ms = 30'000;
  if (r.status == Status::kRebalancing) {
    r.next = r.revision;
    r.next->number = 9;
  }
  r.places = {{control::Slot{"host-1", 6700}, 2, control::incarnation_of(1, 3)}, {}, {std::nullopt, 5, Incarnation(0)}};
  r.outline.name = r.name;
  r.outline.components = {{"split", "words.Split", false, true, 0, 3, 0, {{"lines", "default", "SHUFFLE"}}}};
  r.outline.place_of = {0, 1, 2};
  r.next_outline = r.next ? r.outline : metrics::Outline{};
  return r;
}

control::Reply answer(const std::string& id, std::uint64_t salt) {
  if (salt % 3 == 2) return {id, {}, control::Refused{"no: " + std::to_string(salt), salt % 2 == 0}};
  return {id, Value::Map{{"id", "words-" + std::to_string(salt)}}, {}};
}

std::string sha256_of(std::string_view bytes) {
  Sha256 sha;
  sha.add(bytes);
  return sha.hex();
}

std::string noise(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes;
  bytes.reserve(size + 8);
  while (bytes.size() < size) {
    const std::uint64_t word = random();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  bytes.resize(size);
  return bytes;
}

std::unique_ptr<Store> open_well(const std::string& file) {
  std::vector<std::string> notes;
  auto store = open_sqlite_store(file, notes);
  REQUIRE_MESSAGE(store, (store ? "" : store.error()));
  REQUIRE_MESSAGE(notes.empty(), (notes.empty() ? "" : notes[0]));
  return std::move(*store);
}

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

void set_content(const std::string& file, std::string_view bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(out.flush());
}

void run_sql(const std::string& file, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE_EQ(sqlite3_open(file.c_str(), &db), SQLITE_OK);
  CHECK_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  REQUIRE_EQ(sqlite3_close(db), SQLITE_OK);
}

std::string told_by(Store& store, const std::string& request_id) {
  std::string told;
  const auto all = store.topologies();
  REQUIRE_MESSAGE(all, (all ? "" : all.error()));
  for (const TopologyRecord& one : *all) told += codec::packed(to_value(one)) + '\n';
  const auto reply = store.answer_of(request_id);
  REQUIRE_MESSAGE(reply, (reply ? "" : reply.error()));
  return told + (*reply ? control::encode(**reply) : "none");
}

}  // namespace gale::master::test

// In place of the C library's, for this program and the SQLite it runs on.
extern "C" {
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  return gale::master::test::faulty_write(fd, data, size, at);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return gale::master::test::faulty_write(fd, data, size, at);
}
int fdatasync(int fd) { return gale::master::test::faulty_sync(SYS_fdatasync, fd); }
int fsync(int fd) { return gale::master::test::faulty_sync(SYS_fsync, fd); }
int ftruncate64(int fd, off64_t size) noexcept {
  return gale::master::test::faulty_change([&] { return static_cast<int>(::syscall(SYS_ftruncate, fd, size)); });
}
int rename(const char* from, const char* to) noexcept {
  return gale::master::test::faulty_change([&] { return static_cast<int>(::syscall(SYS_rename, from, to)); });
}
}
