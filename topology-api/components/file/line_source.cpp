// SPDX-License-Identifier: Apache-2.0
#include "line_source.hpp"

#include "discover.hpp"

#include <gale/error.hpp>

#include <algorithm>
#include <utility>

namespace gale::stock::file {
namespace {

constexpr std::uint64_t kTurn = std::uint64_t{1} << 20;  // read of one followed file before another has its turn

}  // namespace

LineSource::LineSource(Options options) : options_(std::move(options)), splitter_(options_.rules) {
  if (options_.follow) watch_ = std::make_unique<Watch>();
}

// ---- beginning

void LineSource::open(std::vector<FileState> states, TimePoint now) {
  for (FileState& s : states) saved_.insert_or_assign(s.identity, std::move(s));
  std::set<Identity> current;
  const std::vector<std::string> paths = files_of(options_.patterns);
  for (const std::string& path : paths) {
    if (const auto identity = identity_of(path)) current.insert(*identity);
  }
  const bool begun_before = !saved_.empty();
  add_rotated(now, current);
  if (options_.follow) {
    watch_folders();
    for (const std::string& path : paths) add_path(path, options_.from_end && !begun_before);
    return;
  }
  for (const std::string& pattern : options_.patterns) {
    if (!is_pattern(pattern)) static_cast<void>(SourceFile(pattern));  // throws and says why
  }
  for (const std::string& path : paths) {
    if (const auto identity = identity_of(path); identity && mine(*identity)) {
      static_cast<void>(SourceFile(path));
      waiting_.push_back(path);
    }
  }
  if (paths.empty())
    throw Error("no file matches '" + options_.patterns.front() + "'; set 'path' or 'paths' to a file or a pattern");
}

/// Files of the last run that go by another name now, and those that were rotated since.
void LineSource::add_rotated(TimePoint now, const std::set<Identity>& current) {
  std::map<std::string, std::set<Identity>> gone;  // by the name they had
  for (const auto& [identity, state] : saved_) {
    if (current.count(identity) == 0) gone[state.path].insert(identity);
  }
  std::set<Identity> there;
  for (const auto& [path, known] : gone) {
    for (const std::string& name : rotated_since(path, known)) {
      const auto identity = identity_of(name);
      if (!identity || current.count(*identity) != 0 || !mine(*identity) || !there.insert(*identity).second) continue;
      if (!options_.follow) {
        waiting_.push_back(name);
      } else if (add_path(name, false)) {
        files_.back()->retired = true;
        files_.back()->retired_at = now;
      }
    }
  }
  for (const auto& [path, known] : gone) {
    for (const Identity& identity : known) {
      if (there.count(identity) == 0) saved_.erase(identity);  // deleted
    }
  }
}

std::uint64_t LineSource::begin_of(const SourceFile& file) {
  const auto found = saved_.find(file.identity());
  if (found == saved_.end()) return 0;
  const FileState state = found->second;
  saved_.erase(found);
  if (file.head(state.head.size) != state.head) return 0;  // another file, which has its inode now
  if (state.offset <= file.size()) return state.offset;
  ++truncated_;
  options_.warn("'" + file.path() + "' has become shorter than what was read of it; it is read from its beginning");
  return 0;
}

LineSource::Reading& LineSource::add(SourceFile file, std::uint64_t offset) {
  Reading& reading = *files_.emplace_back(std::make_unique<Reading>(std::move(file), ++last_id_));
  reading.offset = reading.seen = offset;
  known_[reading.id].state = {reading.file.identity(), offset, {}, reading.file.path()};
  if (watch_) reading.watch = watch_->add_file(reading.file.fd());
  return reading;
}

bool LineSource::add_path(const std::string& path, bool from_end) {
  try {
    SourceFile file(path);
    if (!mine(file.identity())) return false;
    const std::uint64_t begin = from_end ? file.size() : begin_of(file);
    add(std::move(file), begin);
    return true;
  } catch (const Error& e) {
    warn_once(e.what());
    return false;
  }
}

void LineSource::open_next() {
  const std::string path = waiting_.front();
  if (!identity_of(path)) {
    warn_once("'" + path + "' is gone before it was read");
    waiting_.pop_front();
    return;
  }
  SourceFile file(path);  // a throw leaves it in its place: next() is called again
  waiting_.pop_front();
  const std::uint64_t begin = begin_of(file);
  enter(add(std::move(file), begin));
}

// ---- reading

LineSource::Got LineSource::next(SourceLine& line) {
  if (options_.follow) take_turns();
  for (;;) {
    if (current_ == nullptr) {
      if (options_.follow && !pick()) return Got::kIdle;
      if (!options_.follow && waiting_.empty()) return Got::kEnd;
      if (!options_.follow) open_next();
      if (current_ == nullptr) continue;
    }
    std::string_view text;
    if (splitter_.next(text)) {
      take(text, line);
      return Got::kLine;
    }
    if (const std::size_t n = current_->file.read(read_at_, splitter_.room()); n > 0) {
      splitter_.filled(n);
      read_at_ += n;
      continue;
    }
    if (!options_.follow || current_->closing) {
      if (splitter_.rest(text)) {
        take(text, line);
        return Got::kLine;
      }
      close_current();
      continue;
    }
    current_->seen = read_at_;
    if (begin_truncated_anew(*current_)) {
      enter(*current_);
    } else if (current_->file.size() <= read_at_ && !pick()) {
      return Got::kIdle;
    }
  }
}

void LineSource::take(std::string_view text, SourceLine& line) {
  line = {text, current_->file.path(), current_->id, splitter_.line_begin(), current_->offset, splitter_.consumed()};
  current_->offset = line.end;
}

void LineSource::enter(Reading& reading) {
  current_ = &reading;
  read_at_ = entered_at_ = reading.offset;
  splitter_.reset(reading.offset);
}

/// A file that never ends leaves the others their turn.
void LineSource::take_turns() {
  if (current_ == nullptr || read_at_ - entered_at_ < kTurn || current_->offset == entered_at_) return;
  entered_at_ = read_at_;
  current_->seen = current_->offset;  // what is in the buffer will be read again
  pick();
}

/// It is a file of its own from then on: what was read before is no more.
bool LineSource::begin_truncated_anew(Reading& reading) {
  if (reading.file.size() >= reading.seen) return false;
  ++truncated_;
  options_.warn("'" + reading.file.path() + "' was truncated; it is read from its beginning");
  known_.erase(reading.id);
  reading.id = ++last_id_;
  reading.offset = reading.seen = 0;
  known_[reading.id].state = {reading.file.identity(), 0, {}, reading.file.path()};
  return true;
}

/// It has bytes that were not read, or is to be closed.
bool LineSource::has_news(Reading& reading) {
  return begin_truncated_anew(reading) || reading.file.size() > reading.seen || reading.closing;
}

/// Goes to the next file that has news, after the current one; stays when there is none.
bool LineSource::pick() {
  const auto at = std::find_if(files_.begin(), files_.end(), [&](const auto& f) { return f.get() == current_; });
  const std::size_t begin = at == files_.end() ? 0 : static_cast<std::size_t>(at - files_.begin()) + 1;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    Reading& other = *files_[(begin + i) % files_.size()];
    if (&other == current_ || !has_news(other)) continue;
    enter(other);
    return true;
  }
  return false;
}

void LineSource::close_current() {
  const Reading* closed = current_;
  Known& known = known_[closed->id];
  known.closed = true;
  known.end = closed->offset;
  known.size = read_at_;
  known.state.head = closed->file.head(Head::kMost);
  if (watch_) watch_->forget(closed->watch);
  const FileId id = closed->id;
  current_ = nullptr;
  files_.erase(std::find_if(files_.begin(), files_.end(), [&](const auto& f) { return f.get() == closed; }));
  if (known.state.offset >= known.end) done(id, known.end);
}

// ---- following

void LineSource::refresh(TimePoint now) {
  if (!options_.follow) return;
  watch_folders();
  std::map<Identity, std::string> now_there;
  std::vector<const Reading*> gone;
  for (const std::string& path : files_of(options_.patterns)) {
    if (const auto identity = identity_of(path)) now_there.emplace(*identity, path);
  }
  for (auto& reading : files_) {
    const auto found = now_there.find(reading->file.identity());
    if (found != now_there.end()) {
      reading->file.set_path(found->second);
      known_[reading->id].state.path = found->second;
      reading->retired = false;
      now_there.erase(found);
    } else if (!reading->retired) {
      reading->retired = true;
      reading->retired_at = now;
      gone.push_back(reading.get());
    }
  }
  for (const Reading* reading : gone) add_missed(*reading, now);
  for (const auto& [identity, path] : now_there) add_path(path, false);
  retire(now);
}

/// Files that had the name of a rotated one after it, and were rotated as well before anybody looked.
void LineSource::add_missed(const Reading& rotated, TimePoint now) {
  const std::string path = rotated.file.path();
  for (const std::string& name : rotated_since(path, {rotated.file.identity()}, rotated.file.written())) {
    const auto identity = identity_of(name);
    const bool have = !identity || std::any_of(known_.begin(), known_.end(), [&](const auto& known) {
      return known.second.state.identity == *identity;
    });
    if (have || !add_path(name, false)) continue;
    files_.back()->retired = true;
    files_.back()->retired_at = now;
  }
}

/// A writer may have a rotated file open for a while.
void LineSource::retire(TimePoint now) {
  for (auto& reading : files_) {
    if (reading->retired && now - reading->retired_at >= options_.rotate_wait) reading->closing = true;
  }
}

void LineSource::watch_folders() {
  for (const std::string& folder : folders_of(options_.patterns)) {
    if (folders_.count(folder) == 0 && watch_->add_folder(folder)) folders_.insert(folder);
  }
}

void LineSource::warn_once(const std::string& text) {
  if (warned_.size() < 1000 && warned_.insert(text).second) options_.warn(text);
}

// ---- what is done

void LineSource::done(FileId file, std::uint64_t offset) {
  const auto found = known_.find(file);
  if (found == known_.end()) return;
  found->second.state.offset = offset;
  if (!found->second.closed || offset < found->second.end) return;
  // A rotated file that is done will not be looked for again. One of a finite input will, by the next run.
  if (options_.follow)
    known_.erase(found);
  else
    found->second.state.offset = found->second.size;
}

std::vector<FileState> LineSource::states() const {
  std::vector<FileState> all;
  for (const auto& [id, known] : known_) {
    FileState state = known.state;
    for (const auto& reading : files_) {
      if (reading->id == id) state.head = reading->file.head(Head::kMost);
    }
    all.push_back(std::move(state));
  }
  for (const auto& [identity, state] : saved_) all.push_back(state);
  return all;
}

}  // namespace gale::stock::file
