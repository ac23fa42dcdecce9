// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/sqlite_schema.hpp"

#include "supervisor/master/digest.hpp"
#include "supervisor/master/sqlite_file.hpp"
#include "supervisor/master/sqlite_handle.hpp"

#include <algorithm>
#include <vector>

namespace gale::master {
namespace {

std::string sum_of_version(std::int64_t version) { return sum_of({"schema", std::to_string(version)}); }

std::string other_tables(SqliteHandle& db) {
  std::vector<std::string> wanted(kTables.begin(), kTables.end()), found;
  SqliteStatement all(db, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL");
  while (all.row()) found.emplace_back(all.bytes_at(0));
  std::sort(wanted.begin(), wanted.end());
  std::sort(found.begin(), found.end());
  return wanted == found ? "" : "its tables are others";
}

std::string bad_number(SqliteHandle& db) {
  SqliteStatement rows(db, "SELECT last, sum FROM number");
  const bool good = rows.row() && rows.bytes_at(1) == sum_of_number(rows.number_at(0)) && !rows.row();
  return good ? "" : "its number has another sum";
}

std::string bad_topology(SqliteHandle& db) {
  SqliteStatement rows(db, "SELECT id, record, sum FROM topology");
  while (rows.row()) {
    if (rows.bytes_at(2) != sum_of_topology(rows.bytes_at(0), rows.bytes_at(1))) return "a topology has another sum";
  }
  return "";
}

std::string bad_answer(SqliteHandle& db) {
  SqliteStatement rows(db, "SELECT request, at_ms, reply, sum FROM answer");
  while (rows.row()) {
    if (rows.bytes_at(3) != sum_of_answer(rows.bytes_at(0), rows.number_at(1), rows.bytes_at(2)))
      return "an answer has another sum";
  }
  return "";
}

std::string bad_plugin(SqliteHandle& db) {
  SqliteStatement rows(db,
                       "SELECT number, sha256, total, bytes, sum, (SELECT coalesce(sum(length(part.bytes)), 0) FROM "
                       "part WHERE part.plugin = plugin.number) FROM plugin");
  while (rows.row()) {
    const std::int64_t bytes = rows.number_at(3);
    if (rows.bytes_at(4) != sum_of_plugin(rows.number_at(0), rows.bytes_at(1), rows.number_at(2), bytes))
      return "a plugin has another sum";
    if (bytes != rows.number_at(5)) return "a plugin lacks parts";
  }
  return db.answer("SELECT 1 FROM part WHERE plugin NOT IN (SELECT number FROM plugin) LIMIT 1").empty()
             ? ""
             : "a part belongs to no plugin";
}

}  // namespace

void make_schema(SqliteHandle& db, std::uint64_t last) {
  const auto number = static_cast<std::int64_t>(last);
  db.run("BEGIN IMMEDIATE");
  for (const char* table : kTables) db.run(table);
  SqliteStatement(db, "INSERT INTO schema VALUES(?, ?)")
      .number(kSchemaVersion)
      .blob(sum_of_version(kSchemaVersion))
      .run();
  SqliteStatement(db, "INSERT INTO number VALUES(?, ?)").number(number).blob(sum_of_number(number)).run();
  db.run("COMMIT");
}

std::int64_t schema_version(SqliteHandle& db) {
  if (db.answer("SELECT 1 FROM sqlite_schema WHERE name = 'schema'").empty()) return 0;
  SqliteStatement rows(db, "SELECT version, sum FROM schema");
  if (!rows.row() || rows.bytes_at(1) != sum_of_version(rows.number_at(0))) return -1;
  return rows.number_at(0);
}

std::string damage_in(SqliteHandle& db) {
  for (const auto check : {other_tables, bad_number, bad_topology, bad_answer, bad_plugin}) {
    if (std::string damage = check(db); !damage.empty()) return damage;
  }
  return "";
}

std::string sum_of_number(std::int64_t last) { return sum_of({"number", std::to_string(last)}); }
std::string sum_of_topology(std::string_view id, std::string_view record) { return sum_of({"topology", id, record}); }
std::string sum_of_answer(std::string_view request, std::int64_t at_ms, std::string_view reply) {
  return sum_of({"answer", request, std::to_string(at_ms), reply});
}
std::string sum_of_plugin(std::int64_t number, std::string_view sha256, std::int64_t total, std::int64_t bytes) {
  return sum_of({"plugin", std::to_string(number), sha256, std::to_string(total), std::to_string(bytes)});
}
std::string sum_of_part(std::int64_t plugin, std::int64_t offset, std::string_view bytes) {
  return sum_of({"part", std::to_string(plugin), std::to_string(offset), bytes});
}

}  // namespace gale::master
