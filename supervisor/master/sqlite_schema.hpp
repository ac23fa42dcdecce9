// SPDX-License-Identifier: Apache-2.0
//
// What stands in the store's file. Each row carries the sum of its other columns: SQLite knows when its own structure
// is damaged, but not when the bytes of a value are.
//
// A new version: raise kSchemaVersion (sqlite_file.hpp), keep `schema` as it is, bring an older file up in one
// transaction when it is opened, and record a golden file of it for tests/contract/store_test.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace gale::master {

class SqliteHandle;

/// In the order in which they are made. SQLite keeps each text as it is, so a file that has others is damaged.
inline constexpr std::array<const char*, 6> kTables = {
    "CREATE TABLE schema(version INTEGER NOT NULL, sum BLOB NOT NULL)",
    "CREATE TABLE number(last INTEGER NOT NULL, sum BLOB NOT NULL)",
    "CREATE TABLE topology(id TEXT PRIMARY KEY, record BLOB NOT NULL, sum BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE answer(request TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, reply BLOB NOT NULL, sum BLOB NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE plugin(number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, total INTEGER NOT NULL, bytes INTEGER NOT "
    "NULL, sum BLOB NOT NULL)",
    "CREATE TABLE part(plugin INTEGER NOT NULL REFERENCES plugin ON DELETE CASCADE, offset INTEGER NOT NULL, bytes "
    "BLOB "
    "NOT NULL, sum BLOB NOT NULL, PRIMARY KEY(plugin, offset))"};

/// Makes them, in a transaction; topologies are numbered from `last` + 1 on.
void make_schema(SqliteHandle& db, std::uint64_t last);

/// The version a file says it has; 0: it has no such table, and -1: the table is damaged.
[[nodiscard]] std::int64_t schema_version(SqliteHandle& db);

/// What is damaged in a file of this version, by its tables and the sum of each row but those of parts; empty: nothing.
[[nodiscard]] std::string damage_in(SqliteHandle& db);

[[nodiscard]] std::string sum_of_number(std::int64_t last);
[[nodiscard]] std::string sum_of_topology(std::string_view id, std::string_view record);
[[nodiscard]] std::string sum_of_answer(std::string_view request, std::int64_t at_ms, std::string_view reply);
[[nodiscard]] std::string sum_of_plugin(std::int64_t number, std::string_view sha256, std::int64_t total,
                                        std::int64_t bytes);
[[nodiscard]] std::string sum_of_part(std::int64_t plugin, std::int64_t offset, std::string_view bytes);

}  // namespace gale::master
