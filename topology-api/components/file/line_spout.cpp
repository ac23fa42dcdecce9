// SPDX-License-Identifier: Apache-2.0
#include "line_spout.hpp"

#include "task_path.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace gale::stock::file {
namespace {

using std::chrono::milliseconds;

/// Lines in flight behind one that is not acked: each costs the frontier 16 bytes. Beyond that the spout waits.
constexpr std::size_t kMostOpen = std::size_t{1} << 20;
/// Followed files are looked at this often, whatever inotify says: it knows nothing of network file systems.
constexpr milliseconds kLookEvery{2000}, kLookWithoutEvents{250};
constexpr std::uint32_t kLinesPerLook = 4096, kAcksPerLook = 256;

}  // namespace

void LineSpout::describe(Describe& d) {
  d.doc("Emits the lines of files: once through, or following them as they grow and are rotated.");
  d.key("path", path_, "A file or a pattern, such as /var/log/*.log.");
  d.key("paths", paths_, "More of them.");
  d.key("follow", follow_, "Wait for more at the end of a file, through rotation, for ever; otherwise end there.");
  d.key("from", from_, "beginning or end: where a followed file begins that no resume file knows.");
  d.key("resume", resume_,
        "A file that keeps how far all lines are acked, so that a new start goes on there. {task} as in file.LineBolt. "
        "A line that failed topology.max.attempts times is told and passed over.");
  d.key("resume_every_ms", resume_every_ms_, "How often the resume file is written at most.");
  d.key("rotate_wait_ms", rotate_wait_ms_, "How long a rotated file is read on, for a writer that still has it open.");
  d.key("origin", origin_, "Emit the path and the byte offset of each line as well.");
  keys_.describe(d);
  std::vector<std::string> fields = {"line"};
  if (origin_) fields.insert(fields.end(), {"path", "offset"});
  d.emits(fields);
  if (!d.bound()) return;
  if (path_.empty() && paths_.empty()) throw Error("set 'path' or 'paths' to the files to read");
  if (from_ != "beginning" && from_ != "end") throw Error("key 'from' is '" + from_ + "'; it may be beginning or end");
  if (resume_every_ms_ < 0 || rotate_wait_ms_ < 0)
    throw Error("keys 'resume_every_ms' and 'rotate_wait_ms' may not be negative");
}

void LineSpout::open(Context& context) {
  context_ = &context;
  lines_ = context.counter("lines");
  long_lines_ = context.counter("long_lines");
  mended_ = context.counter("mended_lines");
  given_up_ = context.counter("given_up_lines");
  truncated_ = context.counter("truncated_files");
  save_failures_ = context.counter("resume_failures");
  LineSource::Options options;
  if (!path_.empty()) options.patterns.push_back(path_);
  options.patterns.insert(options.patterns.end(), paths_.begin(), paths_.end());
  options.rules = keys_.rules();
  options.follow = follow_;
  options.from_end = from_ == "end";
  options.rotate_wait = milliseconds(rotate_wait_ms_);
  options.index = context.index();
  options.tasks = context.tasks();
  options.warn = [&context](const std::string& text) { context.warn(text); };
  source_ = std::make_unique<LineSource>(std::move(options));
  std::vector<FileState> states;
  if (!resume_.empty()) {
    resume_ = task_path("resume", resume_, context);
    states = load_resume(resume_);
  }
  const TimePoint now = context.now();
  source_->open(std::move(states), now);
  if (!resume_.empty())
    save_resume(resume_, source_->states());  // what cannot be written is told before anything is read
  next_look_ = now + kLookEvery;
  if (Watch* const watch = source_->watch()) {
    if (watch->events_fd() >= 0) {
      context.watch_fd(watch->events_fd());
    } else {
      context.warn("inotify is not to be had (its limits are in /proc/sys/fs/inotify); files are looked at every ",
                   kLookWithoutEvents.count(), " ms instead");
    }
    context.watch_fd(watch->timer_fd());
  }
}

Next LineSpout::next(SpoutCollector& out) {
  if (frontier_.pending() >= kMostOpen) return Next::idle_until_woken();  // by an ack
  if (follow_ && (std::exchange(asleep_, false) || ++lines_since_look_ >= kLinesPerLook)) look();
  SourceLine line;
  const LineSource::Got got = source_->next(line);
  long_lines_.add(source_->long_lines() - std::exchange(long_lines_told_, source_->long_lines()));
  truncated_.add(source_->truncated() - std::exchange(truncated_told_, source_->truncated()));
  switch (got) {
    case LineSource::Got::kLine:
      emit(line, out);
      return Next::emitted();
    case LineSource::Got::kIdle:
      return sleep();
    case LineSource::Got::kEnd:
      break;
  }
  finished_ = true;
  if (frontier_.pending() == 0) save();
  return Next::finished();
}

void LineSpout::emit(const SourceLine& line, SpoutCollector& out) {
  MessageId id = number_;
  if (resume_.empty()) {
    ++number_;
  } else {
    id = positions_.advance(line.file, line.from, line.end) - 1;
    frontier_.taken(id);
  }
  const bool mended = keys_.encoded(line.text, [&](auto text) {
    if (origin_)
      out.emit({.id = id}, text, line.path, line.offset);
    else
      out.emit({.id = id}, text);
  });
  if (mended) mended_.add();
  lines_.add();
}

// ---- following

/// What happened to the files, now and then.
void LineSpout::look() {
  lines_since_look_ = 0;
  const TimePoint now = context_->now();
  if (source_->watch()->drain() || now >= next_look_) {
    source_->refresh(now);
    next_look_ = now + (source_->watch()->events_fd() >= 0 ? kLookEvery : kLookWithoutEvents);
  }
  save_when_due(now);
}

Next LineSpout::sleep() {
  asleep_ = true;
  const TimePoint now = context_->now();
  const TimePoint until = dirty_ ? std::min(next_look_, next_save_) : next_look_;
  source_->watch()->set_timer(until - now);
  return Next::idle_until_woken();
}

// ---- what is done

void LineSpout::ack(MessageId id) { settled(id); }

void LineSpout::fail(const Failure& failure) {  // the engine's replay has given up, and said so
  given_up_.add();
  settled(failure.id);
}

void LineSpout::settled(MessageId id) {
  if (resume_.empty()) return;
  frontier_.acked(id);
  dirty_ = true;
  const bool all = frontier_.pending() == 0;
  if (all && finished_) return save();
  if (!all && ++acks_since_look_ < kAcksPerLook) return;
  acks_since_look_ = 0;
  save_when_due(context_->now());
}

void LineSpout::save_when_due(TimePoint now) {
  if (!dirty_ || now < next_save_) return;
  next_save_ = now + milliseconds(resume_every_ms_);
  save();
}

void LineSpout::save() {
  if (resume_.empty() || !source_) return;
  const std::uint64_t frontier = frontier_.pending() == 0 ? positions_.end() : frontier_.next();
  positions_.settle(frontier, [&](FileId file, std::uint64_t offset) { source_->done(file, offset); });
  try {
    save_resume(resume_, source_->states());
    dirty_ = false;
  } catch (const Error& e) {  // the old one stands: after a crash more lines come twice
    save_failures_.add();
    if (save_errors_.insert(e.what()).second) context_->warn(e.what());
  }
}

void LineSpout::close() {
  if (dirty_) save();
  source_.reset();
}

}  // namespace gale::stock::file
