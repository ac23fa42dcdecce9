// SPDX-License-Identifier: Apache-2.0
#include "line_bolt.hpp"

#include "task_path.hpp"

#include <chrono>
#include <utility>

namespace gale::stock::file {

void LineBolt::describe(Describe& d) {
  d.doc("Writes each tuple as a line at the end of a file.");
  d.key("path", path_, "The file; {task} in it becomes the task's number, which several tasks need.",
        {.required = true});
  cells_.describe(d);
  d.key("fsync", fsync_,
        "never: acked when the system has the line, which outlives the process; interval: the same, and on disk every "
        "fsync_interval_ms; every: acked when on disk.");
  d.key("fsync_interval_ms", interval_ms_, "How often fsync: interval brings the file to disk.");
  if (!d.bound()) return;
  if (fsync_ != "never" && fsync_ != "interval" && fsync_ != "every")
    throw Error("key 'fsync' is '" + fsync_ + "'; it may be never, interval or every");
  if (interval_ms_ < 1 || interval_ms_ > 3'600'000) throw Error("key 'fsync_interval_ms' may be 1 to 3600000");
  if (fsync_ == "interval") d.tick_every(std::chrono::milliseconds(interval_ms_));
}

void LineBolt::open(Context& context) {
  file_.open(task_path("path", path_, context));
  mailbox_ = context.mailbox();
  lines_ = context.counter("lines");
  failed_ = context.counter("write_failures");
}

void LineBolt::execute(const Tuple& tuple, Collector& out) {
  line_.clear();
  cells_.append(line_, tuple);
  line_ += '\n';
  try {
    file_.append(line_);
  } catch (const Error& e) {
    failed_.add();
    return out.fail(tuple, e.what());
  }
  lines_.add();
  if (fsync_ != "every") return out.ack(tuple);
  kept_.push_back(tuple.keep());
  if (kept_.size() == 1) mailbox_.post([this](Collector& o) { settle_kept(o); });
}

void LineBolt::settle_kept(Collector& out) {
  if (kept_.empty()) return;
  std::vector<KeptTuple> kept = std::exchange(kept_, {});
  try {
    file_.sync();
  } catch (const Error& e) {
    failed_.add(kept.size());
    for (KeptTuple& one : kept) out.fail(std::move(one), e.what());
    return;
  }
  for (KeptTuple& one : kept) out.ack(std::move(one));
}

void LineBolt::tick(TimePoint, Collector&) {
  if (fsync_ == "interval" && file_.dirty()) file_.sync();
}

bool LineBolt::finish(Collector& out) {
  settle_kept(out);
  if (fsync_ == "interval" && file_.dirty()) file_.sync();  // a throw ends the run with status 1, which is due
  return true;
}

void LineBolt::close() {
  kept_.clear();
  file_.close();
}

}  // namespace gale::stock::file
