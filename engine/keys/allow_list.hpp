// SPDX-License-Identifier: Apache-2.0
//
// AllowList: the public keys that are let in, read from a folder with a key a file. A file's name says the role and,
// behind a dash, whose it is: client.pub, client-anna.pub. What cannot be read lets nobody in, and is told once.
// Threads: any; reload() one at a time.
#pragma once

#include "engine/base/result.hpp"
#include "engine/keys/key_pair.hpp"

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::keys {

class AllowList {
 public:
  explicit AllowList(std::filesystem::path folder) : folder_(std::move(folder)) {}

  struct Change {
    std::vector<std::string> added, removed;  // names
    std::vector<std::string> faults;          // what was passed over and why, when it is new
  };
  /// Reads the folder anew. A folder that is missing or that others may write lets nobody in.
  Change reload();

  /// Under which name `key` is let in as one of `roles`; nothing when it is not.
  [[nodiscard]] std::optional<std::string> admits(std::string_view key, Roles roles) const;
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// The last reload passed something over: who reloads does so again, it may have been for a moment only.
  [[nodiscard]] bool faulty() const noexcept { return !faults_.empty(); }

 private:
  struct Entry {
    std::string name;
    Role role;
    bool operator==(const Entry&) const = default;
  };
  using Entries = std::multimap<std::string, Entry, std::less<>>;  // by key: one pair may have several roles

  [[nodiscard]] Entries read(std::vector<std::string>& faults) const;

  const std::filesystem::path folder_;
  mutable std::mutex mutex_;
  Entries entries_;                  // under mutex_
  std::vector<std::string> faults_;  // of the last reload
};

}  // namespace gale::keys
