// SPDX-License-Identifier: Apache-2.0
//
// FakeHost: the host's side of the boundary, as small as it can be and strict, for contract tests of what the SDK
// writes, record by record; components are tested with the kit (topology-api/testkit/), which shows what records mean.
// It lends a small buffer so that more() is exercised, holds what a running call wrote until the call returns, and
// checks each record that it takes. One task. Threads: wake() and log() from any, the rest from the test's own.
#pragma once

#include "gale/codec/read.hpp"
#include "gale/codec/write.hpp"
#include "gale/plugin.hpp"
#include "topology-api/host/info.hpp"
#include "topology-api/host/instance.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::test {

using Cells = Value::Array;

/// A record as the plugin wrote it, decoded.
struct Record {
  gale_out_record head{};
  std::uint64_t id = 0;                // of a tracked emit
  std::uint32_t task = 0;              // of a direct emit
  std::vector<std::uint32_t> chosen;   // of an emit whose tasks were asked for
  bool refused = false;                // ... and that could not be routed
  std::vector<std::uint64_t> anchors;  // of an emit with a list
  std::uint64_t handle = 0;            // of ACK, FAIL, TOUCH
  std::string text;                    // of FAIL
  Cells values;                        // of EMIT
};

/// A component of this program as a plugin would offer it.
template <class T>
const gale_component& component_of() {
  static const gale_component table = PluginThunks<T>::table(detail::lent("Tested"));
  return table;
}

/// An input of one stream, orders/default, with these fields.
inline host::TaskInfo task_with(std::vector<std::string> fields, Value::Map config = {}) {
  host::TaskInfo info{.topology = "test", .component = "tested", .config = std::move(config), .inputs = {}};
  info.inputs.push_back({"orders", "default", std::move(fields)});
  return info;
}

class FakeHost {
 public:
  explicit FakeHost(const gale_component& component, host::TaskInfo info = task_with({"n"}), std::size_t lend = 128)
      : component_(component), info_(host::task_info(info)), lend_(lend) {
    lend_room(lend_);
    out_.size = sizeof out_;
    out_.host = this;
    out_.more = [](gale_out* o, std::uint64_t need) { return self(o).more(need); };
    out_.drop = [](gale_out* o) { self(o).drop(); };
    task_.size = sizeof task_;
    task_.index = info.index;
    task_.host = this;
    task_.out = &out_;
    task_.info = {info_.data(), info_.size()};
    task_.keep = [](const gale_task* t, std::uint32_t k, gale_kept* kept) { return self(t).keep(k, kept); };
    task_.wake = [](const gale_task* t) { self(t).wakes.fetch_add(1); };
    task_.log = [](const gale_task* t, std::uint32_t level, gale_str s) { self(t).log(level, {s.data, s.size}); };
    task_.now_ns = [](const gale_task* t) { return self(t).now_ns; };
    task_.counter = [](const gale_task* t, gale_str s) { return &self(t).counters[std::string(s.data, s.size)]; };
    task_.watch_fd = [](const gale_task* t, int fd) { return self(t).watch(fd); };
    task_.choose = [](const gale_task* t, std::uint32_t stream, const std::uint8_t* values, const std::uint8_t* end,
                      gale_targets* chosen) {
      return self(t).choose(stream, {values, end}, *chosen);
    };
  }
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost() { instance_.reset(); }  // before the buffers that it may write to

  /// Constructs the component; the error when it cannot be.
  std::string create() {
    host::Created made = host::Instance::create(component_, task_);
    if (!made) return made.error;
    instance_.emplace(std::move(*made.instance));
    return {};
  }
  /// Constructs and opens.
  FakeHost& started() {
    REQUIRE(create() == "");
    REQUIRE(instance_->open().text == "");
    return *this;
  }
  host::Instance& instance() { return *instance_; }
  void destroy() { instance_.reset(); }

  /// Gives a batch of inputs of stream number `input`, in runs of at most `limit`; what they did is taken.
  host::Status execute(const std::vector<Cells>& inputs, std::uint32_t limit = 1u << 30, std::uint16_t input = 0) {
    begin_batch(inputs, input);
    host::Status status;
    while (batch_.first < batch_.count && status) status = run(limit);
    batch_bytes_.clear();
    batch_bytes_.shrink_to_fit();  // so that a view that outlives it is found by ASan
    return status;
  }
  /// The parts of execute(), for tests that look in between.
  void begin_batch(const std::vector<Cells>& inputs, std::uint16_t input = 0) {
    batch_bytes_.clear();
    offsets_.clear();
    for (const Cells& row : inputs) append(row, input);
    verdicts.assign(inputs.size(), 0);
    batch_ = {};
    batch_.size = sizeof batch_;
    batch_.count = static_cast<std::uint32_t>(inputs.size());
    batch_.at = batch_bytes_.data();
    batch_.end = batch_.at + batch_bytes_.size();
    batch_.verdict = verdicts.data();
  }
  host::Status run(std::uint32_t limit) {
    batch_.limit = limit;
    host::Status status = instance_->execute(batch_);
    take();
    return status;
  }
  [[nodiscard]] std::uint32_t first() const { return batch_.first; }

  host::Status next(std::uint32_t limit = 1, std::uint32_t tracked = 1000) {
    last_run = {};
    last_run.size = sizeof last_run;
    last_run.limit = limit;
    last_run.tracked = tracked;
    host::Status status = instance_->next(last_run);
    take();
    return status;
  }
  host::Status tick(std::int64_t at_ns = 0) { return taken(instance_->tick(at_ns)); }
  host::Status posted() { return taken(instance_->posted()); }
  host::Status finish(bool& done) { return taken(instance_->finish(done)); }
  host::Status completed(gale_completion c) { return taken(instance_->completed({&c, 1})); }
  /// From now on it is a host of before 1.3.
  void forget_choose() { task_.size = offsetof(gale_task, choose); }
  void set_stop(bool stop) { __atomic_store_n(&out_.stop, stop ? 1u : 0u, __ATOMIC_RELAXED); }

  /// What was emitted, on every stream, in order.
  [[nodiscard]] std::vector<Cells> emitted() const {
    std::vector<Cells> rows;
    for (const Record& r : records) {
      if (r.head.kind == GALE_EMIT) rows.push_back(r.values);
    }
    return rows;
  }
  /// The reasons of all fails, in order.
  [[nodiscard]] std::vector<std::string> fails() const {
    std::vector<std::string> texts;
    for (const Record& r : records) {
      if (r.head.kind == GALE_FAIL) texts.push_back(r.text);
    }
    return texts;
  }
  [[nodiscard]] std::uint64_t misuse() const { return out_.misuse; }
  [[nodiscard]] std::size_t kept() const { return kept_.size(); }

  std::vector<std::uint8_t> verdicts;
  std::vector<Record> records;  // all that was taken
  std::size_t mores = 0, drops = 0;
  std::uint64_t most_emit_bytes = std::uint64_t{1} << 30;
  std::uint64_t most_kept = 1000;
  gale_run last_run{};
  std::int64_t now_ns = 0;
  std::atomic<std::size_t> wakes{0};
  std::map<std::string, std::uint64_t> counters;
  std::vector<int> watched;
  std::vector<std::uint32_t> routes_to;  // what choose() says; empty: nowhere
  std::vector<Cells> asked;              // what it was asked about
  std::vector<std::pair<std::uint32_t, std::string>> logs;

 private:
  static FakeHost& self(const gale_out* o) { return *static_cast<FakeHost*>(o->host); }
  static FakeHost& self(const gale_task* t) { return *static_cast<FakeHost*>(t->host); }

  void append(const Cells& row, std::uint16_t input) {
    const std::string values = codec::packed(Value(row));
    constexpr std::uint16_t kValuesAt = sizeof(gale_in_record) + 18;  // one anchor of the host's own
    const gale_in_record head{static_cast<std::uint32_t>(kValuesAt + values.size()), kValuesAt, input};
    offsets_.push_back(batch_bytes_.size());
    const auto* h = reinterpret_cast<const std::uint8_t*>(&head);
    batch_bytes_.insert(batch_bytes_.end(), h, h + sizeof head);
    batch_bytes_.insert(batch_bytes_.end(), 18, 0xcd);
    batch_bytes_.insert(batch_bytes_.end(), values.begin(), values.end());
  }

  void lend_room(std::size_t n) {
    room_.reset(new std::uint8_t[n]);  // exact, so that ASan sees a write beyond it
    std::memset(room_.get(), 0xab, n);
    out_.at = out_.begun = room_.get();
    out_.end = room_.get() + n;
  }
  // Held bytes belong to the running call while it still began where the buffer did; a later call's begin moves on.
  [[nodiscard]] bool held_is_final() const { return out_.begun != room_.get(); }

  std::uint32_t more(std::uint64_t need) {
    ++mores;
    const auto running = static_cast<std::uint64_t>(out_.at - out_.begun) + (held_is_final() ? 0 : held_.size());
    if (running + need > most_emit_bytes) return GALE_TOO_MUCH;
    if (held_is_final()) {
      final_ += std::exchange(held_, {});
      final_.append(text(room_.get(), out_.begun));
    }
    held_.append(text(out_.begun, out_.at));
    lend_room(need > lend_ ? need : lend_);
    return GALE_OK;
  }
  void drop() {
    ++drops;
    if (!held_is_final()) held_.clear();
    std::memset(out_.begun, 0xab, static_cast<std::size_t>(out_.at - out_.begun));
    out_.at = out_.begun;
  }
  host::Status taken(host::Status status) {
    take();
    return status;
  }
  void take() {
    CHECK(out_.begun == out_.at);  // the last call is over
    final_ += std::exchange(held_, {});
    final_.append(text(room_.get(), out_.at));
    lend_room(lend_);
    const std::string all = std::exchange(final_, {});
    std::string_view rest = all;
    while (!rest.empty()) {
      records.push_back(decode(rest));
      rest.remove_prefix(records.back().head.size);
    }
  }
  static std::string text(const std::uint8_t* from, const std::uint8_t* to) {
    return {reinterpret_cast<const char*>(from), static_cast<std::size_t>(to - from)};
  }

  Record decode(std::string_view bytes) {
    Record r;
    REQUIRE(bytes.size() >= sizeof r.head);
    std::memcpy(&r.head, bytes.data(), sizeof r.head);
    REQUIRE(r.head.size <= bytes.size());
    REQUIRE(r.head.values_at <= r.head.size);
    REQUIRE(r.head.values_at >= sizeof r.head);
    bytes = bytes.substr(0, r.head.size);
    if (r.head.kind == GALE_EMIT)
      decode_emit(bytes, r);
    else
      decode_settled(bytes, r);
    return r;
  }
  static void decode_emit(std::string_view bytes, Record& r) {
    std::size_t at = sizeof r.head;
    if ((r.head.flags & GALE_TRACKED) != 0) {
      std::memcpy(&r.id, bytes.data() + at, 8);
      at += 8;
    }
    if ((r.head.flags & GALE_DIRECT) != 0) {
      std::memcpy(&r.task, bytes.data() + at, 4);
      at += 4;
    }
    if ((r.head.flags & GALE_CHOSEN) != 0) {
      std::uint32_t n = 0;
      std::memcpy(&n, bytes.data() + at, 4);
      r.refused = n == GALE_REFUSED;
      if (r.refused) n = 0;
      REQUIRE(n <= (r.head.values_at - at) / 4);
      r.chosen.resize(n);
      if (n != 0) std::memcpy(r.chosen.data(), bytes.data() + at + 4, 4 * n);
      at += 4 + 4 * n;
    }
    CHECK((r.head.extra == 0) == (r.head.anchor != GALE_ANCHOR_LIST));
    for (std::uint16_t i = 0; i < r.head.extra; ++i, at += 8) {
      std::memcpy(&r.anchors.emplace_back(), bytes.data() + at, 8);
    }
    REQUIRE(r.head.values_at == at);
    codec::Cursor cursor(bytes.substr(r.head.values_at));
    Value row;
    REQUIRE(codec::Unpack<Value>::read(cursor, row) == codec::Read::kOk);
    CHECK(cursor.left() == 0);
    r.values = row.get<Cells>();
  }
  void decode_settled(std::string_view bytes, Record& r) {
    const bool known = r.head.kind == GALE_ACK || r.head.kind == GALE_FAIL || r.head.kind == GALE_TOUCH;
    REQUIRE(known);
    std::memcpy(&r.handle, bytes.data() + sizeof r.head, 8);
    r.text = bytes.substr(sizeof r.head + 8);
    if (r.handle == 0) {
      REQUIRE(r.head.kind == GALE_FAIL);
      CHECK(verdicts.at(r.head.anchor) == GALE_VERDICT_FAILED);
    } else {
      CHECK(kept_.count(r.handle) == 1);  // settled once
      if (r.head.kind != GALE_TOUCH) kept_.erase(r.handle);
    }
  }

  std::uint32_t keep(std::uint32_t input, gale_kept* kept) {
    if (kept_.size() >= most_kept) return GALE_TOO_MUCH;
    gale_in_record head;
    const std::uint8_t* record = batch_bytes_.data() + offsets_.at(input);
    std::memcpy(&head, record, sizeof head);
    const std::uint64_t handle = GALE_FIRST_KEPT + ++last_handle_;
    auto& bytes = kept_[handle];
    bytes.assign(record + head.values_at, record + head.size);
    *kept = {handle, bytes.data(), bytes.size()};
    return GALE_OK;
  }
  void log(std::uint32_t level, std::string_view line) {
    const std::lock_guard lock(mutex_);
    logs.emplace_back(level, std::string(line));
  }
  std::uint32_t choose(std::uint32_t, std::span<const std::uint8_t> values, gale_targets& chosen) {
    codec::Cursor cursor(values.data(), values.data() + values.size());
    Value row;
    REQUIRE(codec::Unpack<Value>::read(cursor, row) == codec::Read::kOk);
    asked.push_back(row.get<Cells>());
    if (routes_to.empty()) return GALE_UNSUPPORTED;
    chosen.count = static_cast<std::uint32_t>(routes_to.size());
    if (chosen.count > chosen.capacity) return GALE_TOO_MUCH;
    std::copy(routes_to.begin(), routes_to.end(), chosen.at);
    return GALE_OK;
  }
  std::uint32_t watch(int fd) {
    if (fd < 0) return GALE_UNSUPPORTED;
    watched.push_back(fd);
    return GALE_OK;
  }

  const gale_component& component_;
  std::string info_;
  std::size_t lend_;
  gale_out out_{};
  gale_task task_{};
  gale_batch batch_{};
  std::unique_ptr<std::uint8_t[]> room_;
  std::string final_, held_;  // taken of calls that returned; of the running call
  std::vector<std::uint8_t> batch_bytes_;
  std::vector<std::size_t> offsets_;
  std::map<std::uint64_t, std::vector<std::uint8_t>> kept_;
  std::uint64_t last_handle_ = 0;
  std::mutex mutex_;
  std::optional<host::Instance> instance_;
};

}  // namespace gale::test
