// SPDX-License-Identifier: Apache-2.0
//
// Each change is one transaction, on disk when COMMIT returns (synchronous = FULL). What SQLite refuses comes back as
// one text, and nothing of it has happened; after an fsync that failed, or when the file turns out to be damaged, the
// store takes no more changes: what the disk holds is not known until it is opened and checked again.
#include "supervisor/master/store.hpp"

#include "engine/base/assert.hpp"
#include "gale/codec/read.hpp"
#include "gale/codec/write.hpp"
#include "supervisor/master/sqlite_file.hpp"
#include "supervisor/master/sqlite_plugins.hpp"
#include "supervisor/master/sqlite_schema.hpp"

#include <map>
#include <set>
#include <utility>

namespace gale::master {
namespace {

constexpr std::int64_t kAnswersKeptMs = 3'600'000;
constexpr std::int64_t kForgetEveryMs = 60'000;
constexpr int kLogPages = 1'000;  // 4 MiB: then the log is brought into the file

std::set<std::string> plugins_of(const TopologyRecord& record) {
  std::set<std::string> named;
  for (const control::PluginFile& plugin : record.revision.plugins) named.insert(plugin.sha256);
  if (record.next) {
    for (const control::PluginFile& plugin : record.next->plugins) named.insert(plugin.sha256);
  }
  return named;
}

class SqliteStore final : public Store {
 public:
  SqliteStore(std::string name, SqliteFile opened)
      : name_(std::move(name)), file_(std::move(opened)), db_(*file_.db), plugins_(db_) {
    SqliteStatement number(db_, "SELECT last FROM number");
    if (number.row()) last_ = number.number_at(0);
    SqliteStatement rows(db_, "SELECT id, record FROM topology");
    while (rows.row()) {
      const auto record = record_of(rows.bytes_at(1));
      named_by_[std::string(rows.bytes_at(0))] = record ? plugins_of(*record) : std::set<std::string>{};
    }
  }

  Result<std::vector<TopologyRecord>> topologies() override {
    return read<std::vector<TopologyRecord>>([&]() -> Result<std::vector<TopologyRecord>> {
      std::vector<TopologyRecord> all;
      SqliteStatement rows(db_, "SELECT id, record, sum FROM topology ORDER BY id");
      while (rows.row()) {
        auto record = record_of(rows.bytes_at(1));
        if (!record || rows.bytes_at(2) != sum_of_topology(rows.bytes_at(0), rows.bytes_at(1))) return damaged();
        all.push_back(std::move(*record));
      }
      return all;
    });
  }

  Result<std::uint64_t> next_number() override {
    const std::int64_t next = last_ + 1;
    if (auto done = write([&] {
          SqliteStatement(db_, "UPDATE number SET last = ?, sum = ?").number(next).blob(sum_of_number(next)).run();
        });
        !done)
      return Failed{done.error()};
    last_ = next;
    return static_cast<std::uint64_t>(next);
  }

  Result<std::optional<control::Reply>> answer_of(const std::string& request_id) override {
    using Answer = std::optional<control::Reply>;
    return read<Answer>([&]() -> Result<Answer> {
      SqliteStatement row(db_, "SELECT at_ms, reply, sum FROM answer WHERE request = ?");
      row.text(request_id);
      if (!row.row()) return Answer{};
      const std::string_view bytes = row.bytes_at(1);
      auto reply = control::decode_reply(bytes);
      if (!reply || row.bytes_at(2) != sum_of_answer(request_id, row.number_at(0), bytes)) return damaged();
      return Answer{std::move(*reply)};
    });
  }

  Result<void> apply(const Change& change) override {
    const bool forget = change.now_ms - forgot_ms_ >= kForgetEveryMs || change.now_ms < forgot_ms_;
    if (auto done = write([&] {
          for (const TopologyRecord& record : change.put) put(record);
          for (const std::string& id : change.remove)
            SqliteStatement(db_, "DELETE FROM topology WHERE id = ?").text(id).run();
          if (change.answer) put(*change.answer, change.now_ms);
          if (forget)
            SqliteStatement(db_, "DELETE FROM answer WHERE at_ms < ?").number(change.now_ms - kAnswersKeptMs).run();
        });
        !done)
      return done;
    if (forget) forgot_ms_ = change.now_ms;
    for (const TopologyRecord& record : change.put) named_by_[record.revision.topology] = plugins_of(record);
    for (const std::string& id : change.remove) named_by_.erase(id);
    if (forget) forget_idle_plugin(change.now_ms);
    return {};
  }

  Result<std::uint64_t> plugin_bytes(const std::string& sha256) override {
    const StoredPlugin* plugin = plugins_.find(sha256);
    return plugin == nullptr ? 0 : plugin->upload.bytes;
  }

  Result<bool> has_plugin(const std::string& sha256) override {
    const StoredPlugin* plugin = plugins_.find(sha256);
    return plugin != nullptr && plugin->upload.complete();
  }

  Result<void> put_plugin(const std::string& sha256, std::uint64_t total, std::uint64_t offset,
                          std::string_view part) override {
    const StoredPlugin* plugin = plugins_.find(sha256);
    const auto taken =
        take_part(sha256, plugin == nullptr ? std::nullopt : std::optional(plugin->upload), total, offset, part);
    if (!taken) return Failed{taken.error()};
    if (taken->fresh.empty()) return {};
    const auto hash = read<Sha256>([&] { return plugins_.hash_with(sha256, taken->anew, taken->fresh); });
    if (!hash) return Failed{hash.error()};
    if (offset + part.size() == total) {
      Sha256 whole = *hash;
      if (const std::string found = whole.hex(); found != sha256) return refuse(sha256, found);
    }
    StoredPlugin now;
    if (auto done = write([&] { now = plugins_.add(sha256, total, *taken); }); !done) return done;
    now.hash = *hash;
    plugins_.committed(sha256, std::move(now));
    return {};
  }

  Result<std::string> read_plugin(const std::string& sha256, std::uint64_t offset, std::size_t most) override {
    const StoredPlugin* plugin = plugins_.find(sha256);
    if (plugin == nullptr || !plugin->upload.complete()) return no_plugin(sha256);
    return read<std::string>([&] { return plugins_.read(sha256, offset, most); });
  }

 private:
  static std::optional<TopologyRecord> record_of(std::string_view bytes) {
    codec::Cursor cursor(bytes);
    Value map;
    if (codec::Unpack<Value>::read(cursor, map) != codec::Read::kOk || !map.is<Value::Map>()) return std::nullopt;
    return to_record(map);
  }

  Failed damaged() {
    broken_ = text_of_damage(name_, "a row has another sum");
    return {broken_};
  }

  template <class T, class F>
  Result<T> read(F&& get) {
    try {
      return get();
    } catch (const SqliteFault& fault) {
      return Failed{note(fault)};
    } catch (const DamagedPart& part) {
      forget(part.sha256);
      return Failed{"plugin " + part.sha256.substr(0, 12) + " in " + name_ + " is damaged at byte " +
                    std::to_string(part.offset) + " and was forgotten; submit its topology again"};
    }
  }

  /// `change` in a transaction of its own, which is on disk when this returns well.
  template <class F>
  Result<void> write(F&& change) {
    if (!broken_.empty()) return Failed{broken_};
    try {
      if (db_.has_moved()) {
        broken_ = name_ + " was moved or removed while the master used it; no more is written until the master is " +
                  "started again: put the file back first";
        return Failed{broken_};
      }
      db_.run("BEGIN IMMEDIATE");
      change();
      db_.run("COMMIT");
    } catch (const SqliteFault& fault) {
      db_.abandon();
      return Failed{note(fault)};
    }
    shorten_log();
    return {};
  }

  /// What was committed stays so, whatever comes of this. A full disk: the log grows on and is tried again next time.
  void shorten_log() {
    if (db_.log_pages() < kLogPages) return;
    try {
      db_.checkpoint();
    } catch (const SqliteFault& fault) {
      note(fault);
    }
  }

  std::string note(const SqliteFault& fault) {
    std::string text = text_of(name_, fault);
    if (fault.is_sync() || fault.is_damage()) {
      broken_ = text;
      db_.leave_log();
    }
    return text;
  }

  void forget(const std::string& sha256) {
    if (write([&] { plugins_.erase(sha256); })) plugins_.forgotten(sha256);
  }

  Failed refuse(const std::string& sha256, const std::string& found) {
    if (plugins_.find(sha256) != nullptr) forget(sha256);
    return other_hash(sha256, found);
  }

  /// One a minute, so that no change waits long for it. That it fails is no failure of the change before it.
  void forget_idle_plugin(std::int64_t now_ms) {
    std::set<std::string> named;
    for (const auto& [id, plugins] : named_by_) named.insert(plugins.begin(), plugins.end());
    if (const auto idle = plugins_.idle(named, now_ms)) forget(*idle);
  }

  void put(const TopologyRecord& record) {
    const std::string& id = record.revision.topology;
    const std::string bytes = codec::packed(to_value(record));
    SqliteStatement(db_, "INSERT OR REPLACE INTO topology VALUES(?, ?, ?)")
        .text(id)
        .blob(bytes)
        .blob(sum_of_topology(id, bytes))
        .run();
  }

  void put(const control::Reply& answer, std::int64_t now_ms) {
    ASSERT(!answer.id.empty(), "an answer is kept by the id of its request");
    const std::string bytes = control::encode(answer);
    SqliteStatement(db_, "INSERT OR REPLACE INTO answer VALUES(?, ?, ?, ?)")
        .text(answer.id)
        .number(now_ms)
        .blob(bytes)
        .blob(sum_of_answer(answer.id, now_ms, bytes))
        .run();
  }

  std::string name_;
  SqliteFile file_;
  SqliteHandle& db_;
  SqlitePlugins plugins_;
  std::int64_t last_ = 0;
  std::map<std::string, std::set<std::string>> named_by_;
  std::int64_t forgot_ms_ = 0;
  std::string broken_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& file, std::vector<std::string>& notes) {
  auto opened = open_sqlite_file(file, notes);
  if (!opened) return Failed{opened.error()};
  try {
    return std::unique_ptr<Store>(std::make_unique<SqliteStore>(file, std::move(*opened)));
  } catch (const SqliteFault& fault) {
    return Failed{text_of(file, fault)};
  }
}

}  // namespace gale::master
