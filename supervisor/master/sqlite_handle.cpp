// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/sqlite_handle.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace gale::master {
namespace {

constexpr int kBusyMs = 1'000;  // the master waits no longer for a program that looks at the file

}  // namespace

bool SqliteFault::is_damage() const { return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB; }
bool SqliteFault::is_nonsense() const {
  constexpr std::array kKinds = {SQLITE_ERROR,      SQLITE_INTERNAL, SQLITE_NOTFOUND, SQLITE_TOOBIG,
                                 SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_FORMAT,   SQLITE_RANGE};
  return code == SQLITE_IOERR_SHORT_READ || std::find(kKinds.begin(), kKinds.end(), code & 0xff) != kKinds.end();
}
bool SqliteFault::is_sync() const {
  return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC || code == SQLITE_IOERR_CLOSE;
}
bool SqliteFault::is_disk_full() const {
  return (code & 0xff) == SQLITE_FULL || os_error == ENOSPC || os_error == EDQUOT;
}
bool SqliteFault::is_busy() const { return (code & 0xff) == SQLITE_BUSY; }

std::string SqliteFault::what() const {
  if (is_disk_full()) return "disk full";
  return os_error != 0 ? std::strerror(os_error) : text;
}

SqliteStatement::SqliteStatement(SqliteHandle& db, std::string_view sql) : db_(db) {
  db_.check(sqlite3_prepare_v2(db_.db_, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr));
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

SqliteStatement& SqliteStatement::text(std::string_view value) {
  db_.check(sqlite3_bind_text64(statement_, ++bound_, value.data(), value.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

SqliteStatement& SqliteStatement::blob(std::string_view value) {
  const void* data = value.empty() ? "" : value.data();  // a null pointer would bind NULL
  db_.check(sqlite3_bind_blob64(statement_, ++bound_, data, value.size(), SQLITE_STATIC));
  return *this;
}

SqliteStatement& SqliteStatement::number(std::int64_t value) {
  db_.check(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}

bool SqliteStatement::row() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) db_.fail(code);
  return false;
}

void SqliteStatement::run() {
  while (row()) {
  }
}

std::string_view SqliteStatement::bytes_at(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (data == nullptr && size == 0 && sqlite3_errcode(db_.db_) == SQLITE_NOMEM) db_.fail(SQLITE_NOMEM);
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::int64_t SqliteStatement::number_at(int column) const { return sqlite3_column_int64(statement_, column); }

SqliteHandle::SqliteHandle(const std::string& file) {
  const int code =
      sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  try {
    check(code);
    check(sqlite3_busy_timeout(db_, kBusyMs));
    check(sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr));
    sqlite3_wal_hook(db_, &SqliteHandle::on_commit, this);  // and no checkpoint whose failure nobody sees
  } catch (...) {
    sqlite3_close(db_);
    throw;
  }
}

SqliteHandle::~SqliteHandle() { sqlite3_close(db_); }

void SqliteHandle::run(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }

std::string SqliteHandle::answer(const char* sql) {
  SqliteStatement statement(*this, sql);
  return statement.row() ? std::string(statement.bytes_at(0)) : std::string();
}

void SqliteHandle::checkpoint() {
  check(sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr));
}

void SqliteHandle::begin_log_anew() {
  const int code = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code == SQLITE_IOERR_FSYNC) fail(code);
}

void SqliteHandle::leave_log() { sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

void SqliteHandle::abandon() noexcept {
  if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

bool SqliteHandle::is_read_only() const { return sqlite3_db_readonly(db_, "main") == 1; }

bool SqliteHandle::has_moved() {
  int moved = 0;
  check(sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &moved));
  return moved != 0;
}

void SqliteHandle::fail(int code) const {
  const bool system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
  throw SqliteFault{code, system ? sqlite3_system_errno(db_) : 0, sqlite3_errmsg(db_)};
}

void SqliteHandle::check(int code) const {
  if (code != SQLITE_OK) fail(code);
}

int SqliteHandle::on_commit(void* self, sqlite3*, const char*, int pages) {
  static_cast<SqliteHandle*>(self)->log_pages_ = pages;
  return SQLITE_OK;
}

}  // namespace gale::master
