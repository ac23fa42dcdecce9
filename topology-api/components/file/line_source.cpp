// SPDX-License-Identifier: Apache-2.0
#include "line_source.hpp"

#include <gale/error.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace gale::stock::file {
namespace {

constexpr int kTries = 10;
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
    for (const std::string& path : paths) {
      if (auto file = opened(path)) add_current(std::move(*file), options_.from_end && !begun_before);
    }
    return;
  }
  for (const std::string& pattern : options_.patterns) {
    if (!is_pattern(pattern)) static_cast<void>(SourceFile(pattern));  // throws and says why
  }
  for (const std::string& path : paths) {
    if (const auto identity = identity_of(path); identity && mine(*identity)) {
      static_cast<void>(SourceFile(path));
      waiting_.push_back({path, path});
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
    for (const Rotated& rotated : rotated_since(path, known)) {
      if (current.count(rotated.identity) != 0 || !mine(rotated.identity) || !there.insert(rotated.identity).second)
        continue;
      if (options_.follow)
        add_retired(rotated, path, now);
      else
        waiting_.push_back({rotated.path, path});
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

LineSource::Reading& LineSource::add(SourceFile file, std::uint64_t offset, const std::string& written_as) {
  Reading& reading = *files_.emplace_back(std::make_unique<Reading>(std::move(file), ++last_id_));
  reading.offset = reading.seen = offset;
  known_[reading.id].state = {reading.file.identity(), offset, {}, written_as};
  if (watch_) reading.watch = watch_->add_file(reading.file.fd());
  return reading;
}

void LineSource::add_current(SourceFile file, bool from_end) {
  const std::string path = file.path();
  set_newest(path, {file.identity(), file.written()});
  if (!mine(file.identity())) return;
  const std::uint64_t begin = from_end ? file.size() : begin_of(file);
  add(std::move(file), begin, path);
}

/// A file that is no longer written under `written_as`. False when its name is another file's by now.
bool LineSource::add_retired(const Rotated& rotated, const std::string& written_as, TimePoint now) {
  if (mine(rotated.identity)) {
    std::optional<SourceFile> file = opened(rotated.path);
    if (file && file->identity() != rotated.identity) return false;
    if (!file && identity_of(rotated.path) != rotated.identity) return false;
    if (file) {
      const std::uint64_t begin = begin_of(*file);
      Reading& reading = add(std::move(*file), begin, written_as);
      reading.retired = true;
      reading.retired_at = now;
    }
  }
  set_newest(written_as, {rotated.identity, rotated.written});
  return true;
}

/// Nothing, and a warning, when it cannot be read.
std::optional<SourceFile> LineSource::opened(const std::string& path) {
  try {
    return SourceFile(path);
  } catch (const Error& e) {
    warn_once(e.what());
    return std::nullopt;
  }
}

void LineSource::open_next() {
  const auto [path, written_as] = waiting_.front();
  if (!identity_of(path)) {
    warn_once("'" + path + "' is gone before it was read");
    waiting_.pop_front();
    return;
  }
  SourceFile file(path);  // a throw leaves it in its place: next() is called again
  waiting_.pop_front();
  const std::uint64_t begin = begin_of(file);
  enter(add(std::move(file), begin, written_as));
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
  auto known = known_.extract(reading.id);
  known.key() = reading.id = ++last_id_;
  known.mapped().state.offset = reading.offset = reading.seen = 0;
  known_.insert(std::move(known));
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
  std::map<Identity, std::string> there;
  for (const std::string& path : files_of(options_.patterns)) {
    if (const auto identity = identity_of(path)) there.emplace(*identity, path);
  }
  for (auto& reading : files_) look_at(*reading, there, now);
  std::set<std::string> looked_at;
  for (const auto& [identity, path] : there) {
    looked_at.insert(path);
    if (is_read(identity)) continue;
    auto file = opened(path);
    // The order matters: who comes to have the path while we look is found by the file that we have open.
    if (file && !is_read(file->identity()) && add_missed(path, file->identity(), now))
      add_current(std::move(*file), false);
  }
  const std::map<std::string, Newest> newest = newest_;
  for (const auto& [path, file] : newest) {
    if (looked_at.count(path) != 0) continue;
    add_missed(path, std::nullopt, now);
    if (!is_given(path) && !is_read(file.identity)) newest_.erase(path);
  }
  retire(now);
}

void LineSource::look_at(Reading& reading, const std::map<Identity, std::string>& there, TimePoint now) {
  const auto found = there.find(reading.file.identity());
  if (found == there.end()) {
    if (!reading.retired) reading.retired_at = now;
    reading.retired = true;
    return;
  }
  const std::string& path = found->second;
  reading.file.set_path(path);
  reading.retired = false;
  known_[reading.id].state.path = path;
  const auto newest = newest_.find(path);
  if (newest == newest_.end() || newest->second.identity == reading.file.identity())
    set_newest(path, {reading.file.identity(), reading.file.written()});
}

/// Files that had a path after the newest one that is known of it, and were rotated as well before anybody looked;
/// before `current`. False when they are renamed again and again while we look: what is left comes the next time.
bool LineSource::add_missed(const std::string& path, std::optional<Identity> current, TimePoint now) {
  for (int tries = 0; tries < kTries; ++tries) {
    const auto newest = newest_.find(path);
    if (newest == newest_.end() || newest->second.identity == current) return true;
    bool all = true;
    for (const Rotated& rotated : rotated_since(path, {newest->second.identity}, newest->second.written)) {
      if (rotated.identity == current) break;  // rotated since: what came after it comes after it
      if (is_known(rotated)) continue;
      all = add_retired(rotated, path, now);
      if (!all) break;
    }
    if (all) return true;
  }
  return false;
}

/// Whether it is being read, or has been. An identity may be another file's once the first is deleted.
bool LineSource::is_known(const Rotated& rotated) const {
  if (is_read(rotated.identity)) return true;
  const auto same = std::find_if(known_.begin(), known_.end(),
                                 [&](const auto& known) { return known.second.state.identity == rotated.identity; });
  if (same == known_.end()) return false;
  try {
    const Head& head = same->second.state.head;
    return SourceFile(rotated.path).head(head.size) == head;
  } catch (const Error&) {
    return false;  // who adds it says why
  }
}

bool LineSource::is_read(const Identity& identity) const {
  return std::any_of(files_.begin(), files_.end(), [&](const auto& f) { return f->file.identity() == identity; });
}

bool LineSource::is_given(const std::string& path) const {
  return std::find(options_.patterns.begin(), options_.patterns.end(), path) != options_.patterns.end();
}

/// Keeps the last file of a path, so that those after it are found; the one before it need not be known any more.
void LineSource::set_newest(const std::string& path, Newest newest) {
  if (!options_.follow) return;
  const auto [at, first] = newest_.try_emplace(path, newest);
  if (first) return;
  const Identity before = std::exchange(at->second, newest).identity;
  if (before == newest.identity) return;
  for (auto known = known_.begin(); known != known_.end();) {
    const Known& k = known->second;
    const bool forget = k.closed && k.state.identity == before && k.state.offset >= k.end;
    known = forget ? known_.erase(known) : std::next(known);
  }
}

bool LineSource::is_newest(const FileState& state) const {
  const auto newest = newest_.find(state.path);
  return newest != newest_.end() && newest->second.identity == state.identity;
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
  // What comes after a file of a path is found by it, also by the next run; a pattern finds its files by itself.
  FileState& state = found->second.state;
  if (!options_.follow || (is_given(state.path) && is_newest(state))) {
    state.offset = found->second.size;
    return;
  }
  if (is_newest(state)) newest_.erase(state.path);
  known_.erase(found);
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
