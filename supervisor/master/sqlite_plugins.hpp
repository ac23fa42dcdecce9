// SPDX-License-Identifier: Apache-2.0
//
// SqlitePlugins: plugins as rows of parts. What is known of each stands in memory too, and follows what was committed:
// a change is made inside the caller's transaction, and told here when that has ended well.
// No call holds more than its own part and one stored part (256 KiB) in memory.
#pragma once

#include "engine/base/sha256.hpp"
#include "supervisor/master/sqlite_handle.hpp"
#include "supervisor/master/upload.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace gale::master {

inline constexpr std::size_t kPartBytes = std::size_t{256} << 10;

struct StoredPlugin {
  std::int64_t number = 0;
  Upload upload;
  std::optional<Sha256> hash;              // of what is there of one that is not complete; none: not read yet
  std::optional<std::int64_t> idle_since;  // wall clock, as changes tell it
  bool used = true;                        // since the last look
};

/// A stored part is not what was written.
struct DamagedPart {
  std::string sha256;
  std::uint64_t offset = 0;
};

class SqlitePlugins {
 public:
  explicit SqlitePlugins(SqliteHandle& db);

  /// Null: nothing of it is there. Its hour of being kept begins anew.
  [[nodiscard]] StoredPlugin* find(const std::string& sha256);

  /// What the hash of an unfinished plugin is with `fresh` behind it.
  [[nodiscard]] Sha256 hash_with(const std::string& sha256, bool anew, std::string_view fresh);
  /// Inside a transaction. The plugin as it is when that has been committed.
  [[nodiscard]] StoredPlugin add(const std::string& sha256, std::uint64_t total, const Taken& taken);
  void erase(const std::string& sha256);
  /// After it.
  void committed(const std::string& sha256, StoredPlugin plugin);
  void forgotten(const std::string& sha256);

  /// At most `most` bytes from `offset`. Throws DamagedPart.
  [[nodiscard]] std::string read(const std::string& sha256, std::uint64_t offset, std::size_t most);

  /// One that has been idle for an hour and is none of `named`.
  [[nodiscard]] std::optional<std::string> idle(const std::set<std::string>& named, std::int64_t now_ms);

 private:
  SqliteHandle& db_;
  std::map<std::string, StoredPlugin> plugins_;  // by SHA-256
};

}  // namespace gale::master
