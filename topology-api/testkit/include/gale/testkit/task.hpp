// SPDX-License-Identifier: Apache-2.0
//
// Task: what a component asks of its host, answered for one task: its information, clock, log, counters, wakers, the
// room for what it writes; and what it wrote, entered into the ledger and the list of emits. The kit's own.
// Threads: log and wake from any, the rest from the test's own.
#pragma once

#include "gale/abi.h"
#include "gale/testkit/batch.hpp"
#include "gale/testkit/description.hpp"
#include "gale/testkit/emit.hpp"
#include "gale/testkit/ledger.hpp"
#include "gale/testkit/options.hpp"
#include "gale/testkit/out_buffer.hpp"
#include "gale/testkit/record.hpp"
#include "gale/testkit/wakeups.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gale::testkit {

enum class Level { debug, info, warn, error };

struct LogLine {
  Level level = Level::info;
  std::string text;
};

namespace detail {

class Task {
 public:
  Task(const Options& options, std::string who)
      : out(options.max_emit_bytes),
        ledger(std::move(who), options.max_kept),
        now(options.start),
        info_(task_info(options)) {
    table_.size = sizeof table_;
    table_.index = options.index;
    table_.host = this;
    table_.out = out.table();
    table_.info = {info_.data(), info_.size()};
    table_.keep = [](const gale_task* t, std::uint32_t number, gale_kept* into) { return of(t).keep(number, *into); };
    table_.wake = [](const gale_task* t) { of(t).wakeups.wake(); };
    table_.log = [](const gale_task* t, std::uint32_t level, gale_str text) { of(t).log(level, text); };
    table_.now_ns = [](const gale_task* t) -> std::int64_t { return of(t).now.time_since_epoch().count(); };
    table_.counter = [](const gale_task* t, gale_str name) { return &of(t).counters[owned(name)]; };
    table_.watch_fd = [](const gale_task* t, int fd) { return status(of(t).wakeups.watch(fd), GALE_UNSUPPORTED); };
    table_.choose = [](const gale_task* t, std::uint32_t, const std::uint8_t*, const std::uint8_t*, gale_targets* to) {
      return of(t).choose(*to);
    };
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  [[nodiscard]] const gale_task* table() const noexcept { return &table_; }
  [[nodiscard]] const std::string& info() const noexcept { return info_; }
  [[nodiscard]] std::vector<LogLine> logs() const {
    const std::lock_guard lock(mutex_);
    return logs_;
  }

  /// Enters what the last call wrote. `call` is what it was, for texts; `batch` the one that ran, up to `end`.
  void take_written(const Description& d, const std::string& call, Batch* batch = nullptr, std::uint32_t from = 0,
                    std::uint32_t to = 0) {
    if (const std::uint64_t misuse = out.misuse(); misuse != std::exchange(misuse_, misuse))
      ledger.violate(call + ": a tuple that was already settled was acked, failed, touched or emitted from again");
    const std::string bytes = out.take();
    std::vector<Record> records;
    RecordReader reader(bytes);
    for (Record one; reader.next(one);) records.push_back(std::move(one));
    if (batch != nullptr) enter_verdicts(*batch, records, from, to);
    for (Record& one : records) enter(one, d, call, batch);
  }

  OutBuffer out;
  Ledger ledger;
  Wakeups wakeups;
  TimePoint now;
  Batch* running = nullptr;  // whose inputs may be kept
  std::map<std::string, std::uint64_t> counters;
  Emits emits;
  std::multiset<MessageId> pending;  // tracked emits that are neither acked nor failed
  std::map<MessageId, Replay> replays;
  std::vector<std::string> errors;                                      // what it threw
  std::optional<std::vector<std::uint32_t>> routes{std::in_place_t{}};  // what emit_with_targets is told

 private:
  static Task& of(const gale_task* t) { return *static_cast<Task*>(t->host); }
  static std::uint32_t status(bool good, std::uint32_t otherwise) { return good ? std::uint32_t{GALE_OK} : otherwise; }

  std::uint32_t keep(std::uint32_t number, gale_kept& into) {
    return status(running != nullptr && running->keep(number, ledger, into), GALE_TOO_MUCH);
  }
  void log(std::uint32_t level, gale_str text) {
    const std::lock_guard lock(mutex_);
    logs_.push_back({static_cast<Level>(std::min<std::uint32_t>(level, GALE_LOG_ERROR)), owned(text)});
  }
  [[nodiscard]] std::uint32_t choose(gale_targets& to) const {
    if (!routes) return GALE_UNSUPPORTED;
    to.count = static_cast<std::uint32_t>(routes->size());
    if (to.count > to.capacity) return GALE_TOO_MUCH;
    std::copy(routes->begin(), routes->end(), to.at);
    return GALE_OK;
  }

  void enter_verdicts(const Batch& batch, const std::vector<Record>& records, std::uint32_t from, std::uint32_t to) {
    std::map<std::uint32_t, std::string> reasons;
    for (const Record& r : records) {
      if (r.head.kind != GALE_FAIL || r.handle != 0) continue;
      reasons.emplace(r.head.anchor, r.text);
      if (r.has(GALE_RAISED)) errors.push_back(r.text);
    }
    for (std::uint32_t k = from; k < to; ++k) ledger.verdict(*batch.given[k], batch.verdicts[k], reasons[k]);
  }
  void enter(Record& r, const Description& d, const std::string& call, const Batch* batch) {
    if (r.head.kind == GALE_EMIT) return emitted(r, d, call, batch);
    if (r.head.kind == GALE_TOUCH) return ledger.touch(r.handle);
    if (r.handle != 0) return ledger.settle(r.handle, r.head.kind == GALE_ACK, r.text);
    if (batch == nullptr || r.head.anchor >= batch->given.size() ||
        batch->verdicts[r.head.anchor] != GALE_VERDICT_FAILED)
      ledger.violate(call + ": a reason was written for a tuple that did not fail: " + r.text);
  }
  void emitted(Record& r, const Description& d, const std::string& call, const Batch* batch) {
    if (r.head.stream >= d.streams.size())
      return ledger.violate(call + ": an emit to stream number " + std::to_string(r.head.stream) +
                            ", which it has not");
    const DeclaredStream& stream = d.streams[r.head.stream];
    if (r.values.size() != stream.fields.size())
      ledger.violate(call + ": an emit of " + text_of(r.values) + " to stream '" + stream.name + "', which has " +
                     std::to_string(stream.fields.size()) + " fields");
    if (r.has(GALE_DIRECT) != stream.direct)
      ledger.violate(call + ": an emit that names " + (stream.direct ? "no" : "a") + " task on stream '" + stream.name +
                     "', which is " + (stream.direct ? "" : "not ") + "direct");
    Emit& emit = emits.emplace_back();
    emit.stream = stream.name;
    emit.values = std::move(r.values);
    for (const std::uint64_t anchor : r.anchors) {
      if (GivenPtr given = anchor_of(anchor, batch))
        emit.anchors.emplace_back(std::move(given));
      else
        ledger.violate(call + ": " + text_of(emit.values) + " is anchored to a tuple that it does not hold");
    }
    if (r.has(GALE_DIRECT)) emit.task = r.task;
    if (r.has(GALE_CHOSEN) && !r.refused) emit.chosen = std::move(r.chosen);
    if (!r.has(GALE_TRACKED)) return;
    emit.id = r.id;
    emit.replay = r.has(GALE_REPLAY_BY_ENGINE) ? Replay::engine : Replay::spout;
    pending.insert(r.id);
    replays[r.id] = emit.replay;
  }
  [[nodiscard]] GivenPtr anchor_of(std::uint64_t anchor, const Batch* batch) const {
    if (anchor >= GALE_FIRST_KEPT) return ledger.find(anchor);
    return batch != nullptr && anchor < batch->given.size() ? batch->given[anchor] : nullptr;
  }

  const std::string info_;
  gale_task table_{};
  std::uint64_t misuse_ = 0;
  mutable std::mutex mutex_;
  std::vector<LogLine> logs_;
};

/// Its inputs may be kept while this lives.
class Running {
 public:
  Running(Task& task, Batch& batch) : task_(task) { task_.running = &batch; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { task_.running = nullptr; }

 private:
  Task& task_;
};

}  // namespace detail
}  // namespace gale::testkit
