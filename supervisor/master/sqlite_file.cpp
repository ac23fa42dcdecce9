// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/sqlite_file.hpp"

#include "supervisor/master/sqlite_log.hpp"
#include "supervisor/master/sqlite_schema.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <utility>

namespace gale::master {
namespace {

// "GALE": tells a store from a database of another program.
constexpr const char* kApplicationId = "1195461701";

constexpr std::int64_t kLeastPage = 512;  // SQLite's; a shorter file is an empty one to it

std::string reason() { return std::strerror(errno); }

/// Bytes of a file; 0 when it is not there.
std::int64_t size_of(const std::string& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? static_cast<std::int64_t>(status.st_size) : 0;
}

bool exists(const std::string& file) {
  struct stat status {};
  return ::lstat(file.c_str(), &status) == 0;
}

/// Names that were made or changed in the file's folder are on disk when this returns true.
bool sync_folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : file.substr(0, slash);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  return synced;
}

/// For its owner alone: settings of topologies may be secrets. SQLite gives its own files the same mode.
Result<void> make(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Failed{"cannot open " + file + ": " + reason()};
  ::close(fd);
  if (!sync_folder_of(file)) return Failed{"cannot write the folder of " + file + ": " + reason()};
  return {};
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return text.data();
}

/// FILE first: should this be cut short, a log without its file is known for what it is, a file without its log is not.
Result<std::string> set_aside(const std::string& file) {
  const std::string stem = file + ".corrupt-" + utc_now();
  std::string name = stem;
  for (int n = 2; exists(name) || exists(name + "-wal"); ++n) name = stem + '.' + std::to_string(n);
  for (const char* tail : {"", "-wal", "-shm", "-journal"}) {
    const std::string from = file + tail;
    if (exists(from) && ::rename(from.c_str(), (name + tail).c_str()) != 0)
      return Failed{from + " is damaged and cannot be set aside as " + name + tail + ": " + reason()};
  }
  if (!sync_folder_of(file)) return Failed{"cannot write the folder of " + file + ": " + reason()};
  return name;
}

/// Why a file cannot be used: it is damaged, or something else is the matter. Both empty: it can.
struct Verdict {
  std::string damage, refusal;
  [[nodiscard]] bool good() const { return damage.empty() && refusal.empty(); }
};

/// Of a file that has something in it.
Verdict look_through(const std::string& file, SqliteHandle& db) {
  if (const std::string said = db.answer("PRAGMA integrity_check(1)"); said != "ok") return {said, {}};
  if (db.is_read_only()) {  // a damaged header can look like one of a newer SQLite, which may only be read
    if (::access(file.c_str(), W_OK) == 0) return {"its header is damaged", {}};
    return {{}, "cannot write " + file + ": " + reason()};
  }
  const std::int64_t version = schema_version(db);
  if (version > kSchemaVersion) {
    return {{},
            file + " was written by a newer gale (schema " + std::to_string(version) + ", this one knows " +
                std::to_string(kSchemaVersion) + "); use that gale, or another file"};
  }
  if (version < 0) return {"its version has another sum", {}};
  if (version > 0) return {damage_in(db), {}};
  if (db.answer("SELECT count(*) FROM sqlite_schema") == "0") return {};  // ended before its tables were made
  if (db.answer("PRAGMA application_id") == kApplicationId) return {"its table 'schema' is not there", {}};
  return {{}, file + " is a database of another program; give the master a file of its own"};
}

/// How the store is used from now on.
void set_up(SqliteHandle& db, std::uint64_t last) {
  for (const char* setting : {"PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA temp_store = MEMORY",
                              "PRAGMA secure_delete = OFF",  // else a plugin is written once more to be forgotten
                              "PRAGMA journal_size_limit = 16777216"})
    db.run(setting);
  if (schema_version(db) != 0) return db.begin_log_anew();
  db.run(("PRAGMA application_id = " + std::string(kApplicationId)).c_str());
  make_schema(db, last);
  db.checkpoint();  // so that a file whose log is lost is no empty one
}

Verdict try_open(const std::string& file, std::uint64_t last, std::unique_ptr<SqliteHandle>& db) {
  const std::int64_t size = size_of(file);
  const bool has_content = size != 0;
  if (has_content && size < kLeastPage) return {"it has " + std::to_string(size) + " bytes", {}};
  try {
    db = std::make_unique<SqliteHandle>(file);
    db->run("PRAGMA trusted_schema = OFF");
    db->run("PRAGMA cell_size_check = ON");
    if (has_content) {
      if (Verdict verdict = look_through(file, *db); !verdict.good()) return verdict;
    }
    if (const std::string mode = db->answer("PRAGMA journal_mode = WAL"); mode != "wal") {
      return {{}, "cannot keep a log beside " + file + " (mode '" + mode + "'); put it on a local file system"};
    }
    set_up(*db, last);
    return {};
  } catch (const SqliteFault& fault) {
    if (fault.is_damage() || fault.is_nonsense()) return {fault.what(), {}};
    return {{}, text_of(file, fault)};
  }
}

/// Good: `db` is open.
Verdict open_or_close(const std::string& file, std::uint64_t last, std::unique_ptr<SqliteHandle>& db) {
  Verdict verdict = try_open(file, last, db);
  if (!verdict.good() && db) {
    db->leave_log();
    db.reset();
  }
  return verdict;
}

/// The second of now: above all numbers that were told before, as long as fewer than one a second are.
std::uint64_t a_late_number() { return static_cast<std::uint64_t>(std::time(nullptr)); }

/// What is told of a log whose end SQLite is going to pass over, and where a copy of it is. Both empty: nothing is
/// lost.
struct Loss {
  std::string note, copy;
};

Loss loss_of(const std::string& file) {
  const std::string log = file + "-wal";
  const LogLoss loss = loss_in_log(log);
  if (loss.changes == 0) return {};
  std::string copy = log + ".corrupt-" + utc_now();
  std::error_code error;
  std::filesystem::copy_file(log, copy, error);
  return {log + " is damaged at frame " + std::to_string(loss.at + 1) + " of " + std::to_string(loss.frames) +
              ": about " + std::to_string(loss.changes) + (loss.changes == 1 ? " change is" : " changes are") +
              " lost; the master begins with what was before: submit or kill again what is missing" +
              (error ? "" : " (a copy of the log is " + copy + ")"),
          std::move(copy)};
}

}  // namespace

Result<SqliteFile> open_sqlite_file(const std::string& file, std::vector<std::string>& notes) {
  Result<FileLock> lock = FileLock::of(file);
  if (!lock) return Failed{lock.error()};
  const std::uint64_t last = lock->is_marked() ? a_late_number() : 0;
  const bool gone = size_of(file) == 0;
  const std::int64_t log = size_of(file + "-wal");
  Verdict verdict;
  std::unique_ptr<SqliteHandle> db;
  if (gone && log != 0) {
    verdict.damage = "it is empty, but its log " + file + "-wal has " + std::to_string(log) + " bytes";
  } else {
    if (const auto made = make(file); !made) return Failed{made.error()};
    if (gone && last != 0) notes.push_back(file + " was lost; the master begins with no topologies");
    const Loss loss = loss_of(file);
    verdict = open_or_close(file, last, db);
    if (verdict.good() && !loss.note.empty()) notes.push_back(loss.note);
    if (!verdict.good() && !loss.copy.empty()) ::unlink(loss.copy.c_str());  // the log itself is still there
  }
  if (!verdict.damage.empty()) {
    const auto name = set_aside(file);
    if (!name) return Failed{name.error()};
    notes.push_back(file + " is damaged (" + verdict.damage + ") and was set aside as " + *name +
                    "; the master begins with no topologies: submit them again, or stop it and put back a backup");
    if (const auto made = make(file); !made) return Failed{made.error()};
    verdict = open_or_close(file, a_late_number(), db);
  }
  if (!verdict.good()) return Failed{verdict.refusal.empty() ? file + ": " + verdict.damage : verdict.refusal};
  if (!lock->mark()) return Failed{"cannot write " + file + ".lock: " + reason()};
  return SqliteFile{std::move(*lock), std::move(db)};
}

std::string text_of(const std::string& file, const SqliteFault& fault) {
  if (fault.is_disk_full()) {
    return "cannot write " + file +
           ": disk full; nothing was changed: free some space on its file system and try again";
  }
  if (fault.is_sync()) {
    return "cannot know whether " + file + " is on disk: " + fault.what() +
           "; no more is written until the master is started again: look after the disk first";
  }
  if (fault.is_damage()) return text_of_damage(file, fault.what());
  if (fault.is_busy()) return file + " is locked by another program; end that (`fuser " + file + "` names it)";
  return "cannot read or write " + file + ": " + fault.what() + "; nothing was changed";
}

std::string text_of_damage(const std::string& file, const std::string& what) {
  return file + " is damaged (" + what +
         "); no more is written until the master is started again: it sets the file aside then";
}

}  // namespace gale::master
