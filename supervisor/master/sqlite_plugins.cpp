// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/sqlite_plugins.hpp"

#include "supervisor/master/sqlite_schema.hpp"

#include <algorithm>
#include <utility>

namespace gale::master {
namespace {

constexpr std::int64_t kKeptMs = 3'600'000;

std::int64_t to_stored(std::uint64_t n) { return static_cast<std::int64_t>(n); }

}  // namespace

SqlitePlugins::SqlitePlugins(SqliteHandle& db) : db_(db) {
  SqliteStatement rows(db_, "SELECT number, sha256, total, bytes FROM plugin");
  while (rows.row()) {
    StoredPlugin& plugin = plugins_[std::string(rows.bytes_at(1))];
    plugin.number = rows.number_at(0);
    plugin.upload = {static_cast<std::uint64_t>(rows.number_at(2)), static_cast<std::uint64_t>(rows.number_at(3))};
  }
}

StoredPlugin* SqlitePlugins::find(const std::string& sha256) {
  const auto at = plugins_.find(sha256);
  if (at == plugins_.end()) return nullptr;
  at->second.used = true;
  return &at->second;
}

Sha256 SqlitePlugins::hash_with(const std::string& sha256, bool anew, std::string_view fresh) {
  Sha256 hash;
  const auto at = plugins_.find(sha256);
  if (at != plugins_.end() && !anew) {
    StoredPlugin& plugin = at->second;
    if (!plugin.hash) {
      Sha256 there;
      for (std::uint64_t offset = 0; offset < plugin.upload.bytes; offset += kPartBytes)
        there.add(read(sha256, offset, kPartBytes));
      plugin.hash = there;
    }
    hash = *plugin.hash;
  }
  hash.add(fresh);
  return hash;
}

StoredPlugin SqlitePlugins::add(const std::string& sha256, std::uint64_t total, const Taken& taken) {
  const auto at = plugins_.find(sha256);
  StoredPlugin plugin;
  if (at != plugins_.end() && !taken.anew) {
    plugin = at->second;
  } else {
    if (taken.anew) erase(sha256);
    for (const auto& [name, other] : plugins_) plugin.number = std::max(plugin.number, other.number);
    ++plugin.number;
    plugin.upload.total = total;
    SqliteStatement(db_, "INSERT INTO plugin VALUES(?, ?, ?, 0, x'')")
        .number(plugin.number)
        .text(sha256)
        .number(to_stored(total))
        .run();
  }
  for (std::size_t at_byte = 0; at_byte < taken.fresh.size(); at_byte += kPartBytes) {
    const std::string_view part = taken.fresh.substr(at_byte, kPartBytes);
    const std::int64_t offset = to_stored(plugin.upload.bytes);
    SqliteStatement(db_, "INSERT INTO part VALUES(?, ?, ?, ?)")
        .number(plugin.number)
        .number(offset)
        .blob(part)
        .blob(sum_of_part(plugin.number, offset, part))
        .run();
    plugin.upload.bytes += part.size();
  }
  const std::int64_t bytes = to_stored(plugin.upload.bytes);
  SqliteStatement(db_, "UPDATE plugin SET bytes = ?, sum = ? WHERE number = ?")
      .number(bytes)
      .blob(sum_of_plugin(plugin.number, sha256, to_stored(total), bytes))
      .number(plugin.number)
      .run();
  return plugin;
}

void SqlitePlugins::erase(const std::string& sha256) {
  SqliteStatement(db_, "DELETE FROM plugin WHERE number = ?").number(plugins_.at(sha256).number).run();
}

void SqlitePlugins::committed(const std::string& sha256, StoredPlugin plugin) {
  if (plugin.upload.complete()) plugin.hash.reset();
  plugins_[sha256] = std::move(plugin);
}

void SqlitePlugins::forgotten(const std::string& sha256) { plugins_.erase(sha256); }

std::string SqlitePlugins::read(const std::string& sha256, std::uint64_t offset, std::size_t most) {
  const StoredPlugin& plugin = plugins_.at(sha256);
  std::string bytes;
  while (bytes.size() < most && offset < plugin.upload.bytes) {
    SqliteStatement row(
        db_, "SELECT offset, bytes, sum FROM part WHERE plugin = ? AND offset <= ? ORDER BY offset DESC LIMIT 1");
    row.number(plugin.number).number(to_stored(offset));
    if (!row.row()) throw DamagedPart{sha256, offset};
    const auto begin = static_cast<std::uint64_t>(row.number_at(0));
    const std::string_view part = row.bytes_at(1);
    const bool whole = row.bytes_at(2) == sum_of_part(plugin.number, row.number_at(0), part);
    if (!whole || offset - begin >= part.size()) throw DamagedPart{sha256, begin};
    const std::string_view wanted = part.substr(offset - begin, most - bytes.size());
    bytes += wanted;
    offset += wanted.size();
  }
  return bytes;
}

std::optional<std::string> SqlitePlugins::idle(const std::set<std::string>& named, std::int64_t now_ms) {
  std::optional<std::string> one;
  for (auto& [sha256, plugin] : plugins_) {
    const bool used = std::exchange(plugin.used, false);
    if (named.count(sha256) != 0) {
      plugin.idle_since.reset();
    } else if (used || !plugin.idle_since || *plugin.idle_since > now_ms) {  // the last: the clock was set back
      plugin.idle_since = now_ms;
    }
    if (plugin.idle_since && now_ms - *plugin.idle_since >= kKeptMs) one = sha256;
  }
  return one;
}

}  // namespace gale::master
