// SPDX-License-Identifier: Apache-2.0
#include "engine/keys/allow_list.hpp"

#include "engine/keys/key_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace gale::keys {

namespace fs = std::filesystem;

namespace {

/// Whoever may write there lets in whom he likes.
std::optional<std::string> fault_of(const fs::path& path, const char* what) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return std::string(what) + " " + path.string() + " cannot be read: " + std::strerror(errno);
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return std::string(what) + " " + path.string() + " can be written by others, so it lets nobody in: chmod go-w it";
  return std::nullopt;
}

}  // namespace

AllowList::Entries AllowList::read(std::vector<std::string>& faults) const {
  Entries entries;
  if (const auto fault = fault_of(folder_, "the folder of keys that are let in")) {
    faults.push_back(*fault);
    return entries;
  }
  std::error_code failed;
  for (fs::directory_iterator at(folder_, failed), end; !failed && at != end; at.increment(failed)) {
    const fs::path& file = at->path();
    if (file.extension() != ".pub") continue;
    const std::string name = file.stem().string();
    const std::optional<Role> role = role_of(name.substr(0, name.find('-')));
    if (!role) {
      faults.push_back(file.string() +
                       ": the name begins with no role (master, supervisor, worker, client): nobody "
                       "is let in by it");
      continue;
    }
    const auto fault = fault_of(file, "the key");
    const Result<std::string> key = fault ? Result<std::string>(Failed{*fault}) : read_public(file);
    if (!key) {
      faults.push_back(key.error());
      continue;
    }
    entries.emplace(*key, Entry{name, *role});
  }
  if (failed) {
    faults.push_back("the folder of keys that are let in " + folder_.string() + ": " + failed.message());
    entries.clear();
  }
  return entries;
}

AllowList::Change AllowList::reload() {
  Change change;
  std::vector<std::string> faults;
  Entries fresh = read(faults);
  for (const std::string& fault : faults) {
    if (std::find(faults_.begin(), faults_.end(), fault) == faults_.end()) change.faults.push_back(fault);
  }
  faults_ = std::move(faults);
  const auto missing_in = [](const Entries& from, const Entries& in, std::vector<std::string>& names) {
    for (const auto& [key, entry] : from) {
      const auto [begin, end] = in.equal_range(key);
      if (std::none_of(begin, end, [&entry = entry](const auto& one) { return one.second == entry; }))
        names.push_back(entry.name);
    }
  };
  const std::lock_guard lock(mutex_);
  missing_in(fresh, entries_, change.added);
  missing_in(entries_, fresh, change.removed);
  entries_ = std::move(fresh);
  return change;
}

std::optional<std::string> AllowList::admits(std::string_view key, Roles roles) const {
  const std::lock_guard lock(mutex_);
  const auto [begin, end] = entries_.equal_range(key);
  const auto it = std::find_if(begin, end, [&](const auto& one) { return roles.has(one.second.role); });
  return it == end ? std::nullopt : std::optional(it->second.name);
}

}  // namespace gale::keys
