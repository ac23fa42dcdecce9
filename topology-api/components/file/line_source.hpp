// SPDX-License-Identifier: Apache-2.0
//
// LineSource: the lines of files, one after the other and then done, or followed while they grow and are rotated. Which
// line stands where, so that a reader may begin again; what to do with that is the spout's. One thread; time is an
// argument. Memory: one line and a chunk, however many files there are: a half line of a file that was left is read
// again when the file is entered again.
#pragma once

#include "../common/line_splitter.hpp"
#include "discover.hpp"
#include "positions.hpp"
#include "resume_file.hpp"
#include "source_file.hpp"
#include "watch.hpp"

#include <gale/context.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gale::stock::file {

struct SourceLine {
  std::string_view text;  // until the next call
  std::string_view path;
  FileId file = 0;
  std::uint64_t offset = 0;         // where it begins
  std::uint64_t from = 0, end = 0;  // what was read since the line before it in this file, and it
};

class LineSource {
 public:
  struct Options {
    std::vector<std::string> patterns;
    LineRules rules;
    bool follow = false, from_end = false;
    std::chrono::nanoseconds rotate_wait = std::chrono::seconds(5);
    std::uint32_t index = 0, tasks = 1;  // this is one of several, which share the files
    std::function<void(const std::string&)> warn = [](const std::string&) {};
  };
  enum class Got { kLine, kIdle, kEnd };

  explicit LineSource(Options options);

  /// Begins where `states` say, files that they do not know at their beginning. Throws when there is nothing to read
  /// and nothing will come.
  void open(std::vector<FileState> states, TimePoint now);
  Got next(SourceLine& line);
  /// Looks for files that came and went. Only when following.
  void refresh(TimePoint now);
  [[nodiscard]] Watch* watch() noexcept { return watch_.get(); }

  /// All of `file` before `offset` is done.
  void done(FileId file, std::uint64_t offset);
  /// Where to begin after a crash.
  [[nodiscard]] std::vector<FileState> states() const;
  [[nodiscard]] std::uint64_t long_lines() const noexcept { return splitter_.long_lines(); }
  [[nodiscard]] std::uint64_t truncated() const noexcept { return truncated_; }

 private:
  struct Reading {
    Reading(SourceFile f, FileId number) : file(std::move(f)), id(number) {}
    SourceFile file;
    FileId id;
    std::uint64_t offset = 0;  // of the first byte that no line handed out
    std::uint64_t seen = 0;    // how far it was read when it had no more
    int watch = -1;
    bool retired = false;  // its name is gone or another's
    bool closing = false;  // and has been for long enough
    TimePoint retired_at{};
  };
  struct Known {
    FileState state;  // its path is the one that it was written under, whatever it was rotated to
    bool closed = false;
    std::uint64_t end = 0, size = 0;  // once closed: of its last line, and of it all
  };

  struct Waiting {
    std::string path, written_as;
  };
  struct Newest {
    Identity identity;
    Written written;
  };

  void open_next();
  Reading& add(SourceFile file, std::uint64_t offset, const std::string& written_as);
  void add_current(SourceFile file, bool from_end);
  bool add_retired(const Rotated& rotated, const std::string& written_as, TimePoint now);
  std::optional<SourceFile> opened(const std::string& path);
  void look_at(Reading& reading, const std::map<Identity, std::string>& there, TimePoint now);
  [[nodiscard]] std::uint64_t begin_of(const SourceFile& file);
  [[nodiscard]] bool mine(const Identity& identity) const { return identity.inode % options_.tasks == options_.index; }
  void add_rotated(TimePoint now, const std::set<Identity>& current);
  void enter(Reading& reading);
  void take_turns();
  bool begin_truncated_anew(Reading& reading);
  bool pick();
  [[nodiscard]] bool has_news(Reading& reading);
  void take(std::string_view text, SourceLine& line);
  void close_current();
  void set_newest(const std::string& path, Newest newest);
  [[nodiscard]] bool is_newest(const FileState& state) const;
  [[nodiscard]] bool is_known(const Rotated& rotated) const;
  [[nodiscard]] bool is_read(const Identity& identity) const;
  [[nodiscard]] bool is_given(const std::string& path) const;
  bool add_missed(const std::string& path, std::optional<Identity> current, TimePoint now);
  void retire(TimePoint now);
  void watch_folders();
  void warn_once(const std::string& text);

  Options options_;
  LineSplitter splitter_;
  std::unique_ptr<Watch> watch_;
  std::deque<Waiting> waiting_;                  // finite: to be read yet
  std::vector<std::unique_ptr<Reading>> files_;  // open ones; finite: one at most
  Reading* current_ = nullptr;
  std::uint64_t read_at_ = 0, entered_at_ = 0;  // in the current one
  std::map<FileId, Known> known_;               // begun, and not yet forgotten
  std::map<Identity, FileState> saved_;         // of the last run, not begun yet
  std::map<std::string, Newest> newest_;        // followed: the last file that was seen under each path
  std::set<std::string> warned_, folders_;
  FileId last_id_ = 0;
  std::uint64_t truncated_ = 0;
};

}  // namespace gale::stock::file
