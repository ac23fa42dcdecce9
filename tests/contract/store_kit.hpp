// SPDX-License-Identifier: Apache-2.0
//
// What the tests of stores share: folders that go away, records to store, and a disk that fails or kills when told.
#pragma once

#include "engine/base/result.hpp"
#include "supervisor/master/store.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gale::master::test {

class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string file() const { return path_ / "store"; }
  /// Names in it that begin so, in order.
  [[nodiscard]] std::vector<std::string> names(std::string_view beginning = {}) const;

 private:
  std::filesystem::path path_;
};

/// One with a value in every member; `salt` makes it another.
[[nodiscard]] TopologyRecord record(const std::string& id, std::uint64_t salt = 0);
[[nodiscard]] control::Reply answer(const std::string& id, std::uint64_t salt = 0);
[[nodiscard]] std::string sha256_of(std::string_view bytes);
/// Bytes that do not repeat.
[[nodiscard]] std::string noise(std::size_t size, std::uint64_t seed = 1);

/// Opens FILE; the test fails when that does, or when `notes` should stay empty and does not.
[[nodiscard]] std::unique_ptr<Store> open_well(const std::string& file);

[[nodiscard]] std::string content_of(const std::string& file);
void set_content(const std::string& file, std::string_view bytes);

/// By SQLite, past the store.
void run_sql(const std::string& file, const std::string& sql);

/// All that a store tells of topologies and one answer, as text to compare.
[[nodiscard]] std::string told_by(Store& store, const std::string& request_id);

/// What happens at writes and syncs of this process, once armed. A write is pwrite, ftruncate or rename, a sync is
/// fsync or fdatasync.
struct Disk {
  enum class Fault {
    kNone,
    kKillBefore,
    kKillHalfway,  // half of what was to be written is there
    kKillAfter,
    kPowerCut,  // killed; each write that no sync has followed is there or not, by chance
    kFull,
    kWriteError,
    kSyncError
  };
  Fault fault = Fault::kNone;
  std::uint64_t at = 0;     // the first write or sync that is concerned, from 1
  bool onward = false;      // and all after it
  std::uint64_t steps = 0;  // writes and syncs so far
};
Disk& disk();
/// Also forgets what no sync has followed so far.
void arm(Disk::Fault fault, std::uint64_t at, bool onward = false);
void disarm();

}  // namespace gale::master::test
