// SPDX-License-Identifier: Apache-2.0
#include "engine/crash/page.hpp"

#include "engine/wire/record.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <vector>

namespace gale::crash {
namespace {

constexpr std::uint32_t kEntries = 2048;  // pool threads, those that replace blocked ones, and those of pinned tasks
constexpr std::size_t kHead = 512;
constexpr std::size_t kLongest = 1 << 20;  // of a record that capture() copies
constexpr std::uint32_t kMostInputs = 1 << 24;
constexpr char kMagic[8] = {'g', 'a', 'l', 'e', 'p', 'g', '1', '\n'};

struct Head {
  char magic[8];
  std::uint32_t entries, legend_bytes;
};

Entry nobody;

Head head_at(const std::uint8_t* at) noexcept {
  Head head;
  std::memcpy(&head, at, sizeof head);
  return head;
}

/// Fills all but the bytes' hash from a record's head and anchor.
void fill(Seen& seen, const std::uint8_t* record, const gale_in_record& head) noexcept {
  const std::uint8_t* const values = record + head.values_at;
  seen.input = head.input;
  seen.size = head.size - head.values_at;
  seen.root = wire::anchors_of(head) == 0 ? 0 : wire::anchor_at(record, 0).root.value;
  std::memcpy(seen.bytes, values, std::min<std::size_t>(seen.size, kTupleBytes));
  seen.hash = hash_of(values, seen.size);
}

bool is_sound(const gale_in_record& head) noexcept {
  return head.values_at >= wire::kRecordHead && head.size > head.values_at;
}

/// Reads this process's memory without a fault where there is none.
bool read_memory(const void* from, void* into, std::size_t size) noexcept {
  const iovec local{into, size}, remote{const_cast<void*>(from), size};
  return ::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

}  // namespace

constinit thread_local Entry* mine = &nobody;
Entry* unattached() noexcept { return &nobody; }

const char* name_of(Call call) noexcept {
  constexpr const char* kNames[] = {"none",    "open", "activate", "next",      "job",
                                    "execute", "tick", "finish",   "completed", "close"};
  const auto i = static_cast<std::size_t>(call);
  return i < std::size(kNames) ? kNames[i] : "?";
}

std::uint64_t hash_of(const std::uint8_t* values, std::size_t size) noexcept { return XXH3_64bits(values, size); }

bool look(const Entry& entry, Seen& seen) noexcept {
  const std::uint32_t running = running_of(entry), first = entry.first.load(), count = entry.count.load();
  const std::uint8_t* record = entry.at.load();
  if (entry.call.load() != Call::kExecute || record == nullptr) return false;
  if (running == kNotSaid || running < first || running >= count || count > kMostInputs) return false;
  for (std::uint32_t k = first;; ++k) {
    const gale_in_record head = wire::head_of(record);
    if (!is_sound(head)) return false;
    if (k == running) {
      fill(seen, record, head);
      return true;
    }
    record += head.size;
  }
}

Result<std::unique_ptr<Page>> Page::make(const std::string& path, std::string_view legend) {
  const std::size_t size = kHead + kEntries * sizeof(Entry) + legend.size();
  int fd = -1;
  const auto failed = [&](const std::string& what, int error) {
    if (fd >= 0) ::close(fd);
    return Failed{"cannot " + what + " the crash page " + path + ": " + std::strerror(error)};
  };
  if (!path.empty()) {
    fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return failed("make", errno);
    // Room for all of it now: a store into a page that the disk has no room for would be a SIGBUS.
    if (const int error = ::posix_fallocate(fd, 0, static_cast<off_t>(size)); error != 0) return failed("fill", error);
  }
  void* const at =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) return failed("map", errno);
  if (fd >= 0) ::close(fd);
  auto* const bytes = static_cast<std::uint8_t*>(at);
  Head head{{}, kEntries, static_cast<std::uint32_t>(legend.size())};
  std::memcpy(head.magic, kMagic, sizeof kMagic);
  std::memcpy(bytes, &head, sizeof head);
  auto* const text = reinterpret_cast<char*>(bytes + kHead + kEntries * sizeof(Entry));
  if (!legend.empty()) std::memcpy(text, legend.data(), legend.size());
  return std::unique_ptr<Page>(new Page(bytes, size, {text, legend.size()}));
}

Page::~Page() { ::munmap(at_, size_); }

Entry* Page::entries() const noexcept { return reinterpret_cast<Entry*>(at_ + kHead); }

Entry* Page::take() noexcept {
  const std::lock_guard lock(lock_);
  for (Entry* e = entries(); e != entries() + kEntries; ++e) {
    if (e->thread.load(std::memory_order_relaxed) != 0) continue;
    new (e) Entry;
    e->thread.store(::gettid(), std::memory_order_release);
    return e;
  }
  return nullptr;
}

void Page::give_back(Entry* entry) noexcept {
  if (entry == nullptr) return;
  const std::lock_guard lock(lock_);
  entry->call.store(Call::kNone);
  entry->thread.store(0);
}

void Page::each_call(const std::function<void(Entry&)>& told) const {
  for (Entry* e = entries(); e != entries() + kEntries; ++e) {
    if (e->thread.load(std::memory_order_acquire) != 0 && e->call.load(std::memory_order_acquire) != Call::kNone)
      told(*e);
  }
}

/// The call may return meanwhile, and its batch be gone: what was read counts only when the call is still the same.
void Page::capture(Entry& e) {
  static std::mutex one;
  const std::unique_lock only(one, std::try_to_lock);
  if (!only) return;  // somebody is at it
  const std::int64_t since = e.since_ns.load();
  const std::uint32_t running = running_of(e), first = e.first.load(), count = e.count.load();
  if (e.call.load() != Call::kExecute || running == kNotSaid || running < first || running >= count) return;
  if (e.seen_of.load() == running && e.seen_since_ns.load() == since) return;
  const std::uint8_t* record = e.at.load();
  gale_in_record head{};
  for (std::uint32_t k = first;; ++k) {
    if (!read_memory(record, &head, sizeof head) || !is_sound(head)) return;
    if (k == running) break;
    record += head.size;
  }
  if (head.size > kLongest) return;
  std::vector<std::uint8_t> bytes(head.size);
  if (!read_memory(record, bytes.data(), bytes.size())) return;
  const gale_in_record again = wire::head_of(bytes.data());
  if (again.size != head.size || again.values_at != head.values_at) return;
  if (e.call.load() != Call::kExecute || e.since_ns.load() != since || running_of(e) != running) return;
  e.seen_of.store(kNotSaid);
  fill(e.seen, bytes.data(), again);
  e.seen_since_ns.store(since);
  e.seen_of.store(running);
}

bool read_page(const std::string& path, const std::function<void(const Entry&, std::string_view legend)>& told) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat status {};
  const std::size_t size = ::fstat(fd, &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
  void* const at = size < kHead ? MAP_FAILED : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  ::close(fd);
  if (at == MAP_FAILED) return false;
  const auto* const bytes = static_cast<const std::uint8_t*>(at);
  const Head head = head_at(bytes);
  const bool sound = std::memcmp(head.magic, kMagic, sizeof kMagic) == 0 && head.entries == kEntries &&
                     size == kHead + kEntries * sizeof(Entry) + head.legend_bytes;
  if (sound) {
    const auto* const entries = reinterpret_cast<const Entry*>(bytes + kHead);
    const std::string_view legend(reinterpret_cast<const char*>(entries + kEntries), head.legend_bytes);
    for (const Entry* e = entries; e != entries + kEntries; ++e) {
      if (e->thread.load() != 0 && e->call.load() != Call::kNone) told(*e, legend);
    }
  }
  ::munmap(at, size);
  return sound;
}

}  // namespace gale::crash
