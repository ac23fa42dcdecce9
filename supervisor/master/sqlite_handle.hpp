// SPDX-License-Identifier: Apache-2.0
//
// SqliteHandle, SqliteStatement: SQLite's C interface with owners, so that nothing is leaked and no code of its goes
// unseen: what fails throws SqliteFault, which never leaves the store (sqlite_store.cpp, sqlite_file.cpp catch it).
// Threads: one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace gale::master {

struct SqliteFault {
  int code = 0;      // extended
  int os_error = 0;  // errno, when the system was at fault and SQLite still knows it
  std::string text;  // SQLite's own

  [[nodiscard]] bool is_damage() const;     // the file is not what SQLite wrote
  [[nodiscard]] bool is_nonsense() const;   // SQL that is right was refused: it does not fit what is in the file
  [[nodiscard]] bool is_sync() const;       // whether what was written is on disk is not known
  [[nodiscard]] bool is_disk_full() const;  // or a quota
  [[nodiscard]] bool is_busy() const;       // another program has it locked
  /// What it is to a person: `disk full`, `disk I/O error`, `database disk image is malformed`.
  [[nodiscard]] std::string what() const;
};

class SqliteHandle;

class SqliteStatement {
 public:
  SqliteStatement(SqliteHandle& db, std::string_view sql);
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  ~SqliteStatement();

  /// Parameters in order, from 1 on. Text and blobs are lent until the statement has run.
  SqliteStatement& text(std::string_view value);
  SqliteStatement& blob(std::string_view value);
  SqliteStatement& number(std::int64_t value);

  /// True: there is a row (another one).
  [[nodiscard]] bool row();
  /// For what yields no rows.
  void run();

  /// Columns from 0 on, valid until the next row.
  [[nodiscard]] std::string_view bytes_at(int column) const;
  [[nodiscard]] std::int64_t number_at(int column) const;

 private:
  SqliteHandle& db_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

class SqliteHandle {
 public:
  /// An existing file.
  explicit SqliteHandle(const std::string& file);
  SqliteHandle(const SqliteHandle&) = delete;
  SqliteHandle& operator=(const SqliteHandle&) = delete;
  ~SqliteHandle();

  void run(const char* sql);
  /// The first column of the first row, as text; empty without one.
  [[nodiscard]] std::string answer(const char* sql);

  /// Pages in the log since it was last begun anew.
  [[nodiscard]] int log_pages() const { return log_pages_; }
  /// Brings what is in the log into the file, as far as no reader is in the way.
  void checkpoint();
  /// The same, and the log is empty then, unless a reader or a full disk is in the way.
  void begin_log_anew();
  /// The log is left as it is when the handle goes.
  void leave_log();
  /// Rolls back what has begun, if anything has.
  void abandon() noexcept;
  /// It cannot be written, by its mode or by its header. Known when it has been read.
  [[nodiscard]] bool is_read_only() const;
  /// The file is no longer where it was opened.
  [[nodiscard]] bool has_moved();

 private:
  friend class SqliteStatement;
  [[noreturn]] void fail(int code) const;
  void check(int code) const;
  static int on_commit(void* self, sqlite3*, const char*, int pages);

  sqlite3* db_ = nullptr;
  int log_pages_ = 0;
};

}  // namespace gale::master
