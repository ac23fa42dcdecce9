// SPDX-License-Identifier: Apache-2.0
//
// SqliteFile: the store's file as a file: held by one process alone, made when it is not there, checked from its first
// page to the sum of every row, and set aside when it is damaged. What stands in it is sqlite_store.cpp's.
// Beside FILE there are FILE-wal and FILE-shm, SQLite's own, and FILE.lock, which stays.
#pragma once

#include "engine/base/result.hpp"
#include "supervisor/master/file_lock.hpp"
#include "supervisor/master/sqlite_handle.hpp"

#include <memory>
#include <string>
#include <vector>

namespace gale::master {

inline constexpr int kSchemaVersion = 1;

struct SqliteFile {
  FileLock lock;
  std::unique_ptr<SqliteHandle> db;
};

[[nodiscard]] Result<SqliteFile> open_sqlite_file(const std::string& file, std::vector<std::string>& notes);

/// What a person hears of a fault while the store is written (`cannot write FILE: disk full; ...`).
[[nodiscard]] std::string text_of(const std::string& file, const SqliteFault& fault);
[[nodiscard]] std::string text_of_damage(const std::string& file, const std::string& what);

}  // namespace gale::master
