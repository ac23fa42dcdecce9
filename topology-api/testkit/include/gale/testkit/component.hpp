// SPDX-License-Identifier: Apache-2.0
//
// Component: one component, run by a test in place of the engine, through the same C boundary. The test says what
// happens (a tuple, a tick, an ack, time) and reads what came of it. Nothing happens by itself: no threads, no real
// time, but for await().
//
// What is posted to the task (Mailbox::post, KeptTuple::ack from another thread, a Waker) runs before and after each
// call of the test. What the component throws in execute fails its tuple; elsewhere it is thrown at the test as Thrown.
// Threads: the test's own. Neither copied nor moved: the component knows where it lives.
#pragma once

#include "gale/abi.h"
#include "gale/testkit/said.hpp"
#include "gale/testkit/task.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::testkit {

class Component {
 public:
  using Duration = std::chrono::nanoseconds;

  explicit Component(const gale_component& component, Options options = {})
      : component_(component), options_(std::move(options)), name_(detail::owned(component.name)) {
    if (options_.component.empty()) options_.component = name_;
  }
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;
  /// Closes, and tells the handler (on_violation) what no verify() has told; unless the test has failed already.
  ~Component() {
    std::string wrong;
    try {
      if (stage_ == Stage::open) shut();
    } catch (const std::exception& e) {
      wrong = name_ + " threw when it was closed: " + e.what();
    }
    destroy();
    if (std::uncaught_exceptions() > exceptions_) return;
    if (const std::string broken = broken_promises(); !broken.empty()) wrong += (wrong.empty() ? "" : "\n") + broken;
    if (!wrong.empty()) detail::violation_handler()(wrong);
  }

  // A life: open, then calls, then close.

  /// Describes, configures, opens and activates. Throws Refused when the component says no.
  void open() {
    need(stage_ == Stage::created, "open() is called once");
    stage_ = Stage::closed;
    const detail::Description alone = detail::describe(component_, name_);
    detail::check_keys(alone, options_.config, name_);
    invent_input(alone);
    task_ = std::make_unique<detail::Task>(options_, name_);
    description_ = detail::describe_for(component_, name_, task_->info(), alone);
    detail::TextRoom text;
    if (component_.create(task_->table(), &self_, text.table()) != GALE_OK || self_ == nullptr) {
      self_ = nullptr;
      throw Refused(name_, text.text());
    }
    stage_ = Stage::open;
    try {
      step("open", component_.open);
      activate();
    } catch (const Thrown& thrown) {
      stage_ = Stage::closed;
      destroy();
      throw Refused(name_, thrown.what());
    }
    if (description_.tick_ms != 0) next_tick_ = now() + tick_every();
  }
  void activate() { switch_to(true); }
  /// A deactivated spout gets acks and fails, but no next().
  void deactivate() { switch_to(false); }
  /// All inputs have ended. False: there is more to say, call again when what it waits for has happened.
  bool finish() {
    need(component_.finish != nullptr, "no bolt, so it has no finish()");
    need(!finished_, "finish() has said all, so it is not called again");
    std::uint32_t done = 0;
    call("finish", [&](gale_text* text) { return component_.finish(self_, &done, text); });
    finished_ = done != 0;
    return finished_;
  }
  /// finish() until it has said all, again at each tick while it waits; false when that takes longer.
  bool finish_within(Duration longest) {
    for (const TimePoint end = now() + longest;;) {
      const std::size_t before = emits().size();
      if (finish()) return true;
      if (emits().size() != before) continue;
      if (next_tick_ > end) return advance(end - now()), false;
      advance(std::max(next_tick_, now()) - now());
    }
  }
  /// Deactivates a spout, closes, destroys, and verifies.
  void close() {
    need(stage_ == Stage::open, "it is not open, so it cannot be closed");
    const std::exception_ptr thrown = caught([&] { shut(); });
    destroy();
    verify();
    if (thrown) std::rethrow_exception(thrown);
  }

  // The ledger.

  /// Throws TestFailure if a promise was broken since the last time: an input neither acked nor failed, or twice, a
  /// kept one forgotten, an emit from a settled one, a record that the boundary does not allow.
  void verify() {
    if (const std::string text = broken_promises(); !text.empty()) throw TestFailure(text);
  }
  /// ... or, in a test that wants them: what was broken, and forgotten by this.
  std::vector<std::string> take_violations() { return task().ledger.take_violations(); }
  /// The test ends half-way: what is still kept is nobody's fault.
  void abandon_kept() { task().ledger.abandon_kept(); }

  // A bolt's inputs. A source is told by number, "component" or "component/stream"; without one it is the first.

  Input execute(Value::Array values) { return execute(std::size_t{0}, std::move(values)); }
  Input execute(const Fields& fields) { return execute(std::size_t{0}, by_name(0, fields)); }
  Input execute(std::size_t source, Value::Array values) { return execute_batch(source, {std::move(values)}).front(); }
  Input execute(std::string_view source, Value::Array values) { return execute(number_of(source), std::move(values)); }
  Input execute(std::string_view source, const Fields& fields) {
    return execute(number_of(source), by_name(number_of(source), fields));
  }
  /// Several in one call, as the engine gives them, or in calls of `limit` at most.
  Inputs execute_batch(Rows rows, std::uint32_t limit = UINT32_MAX) { return execute_batch(0, std::move(rows), limit); }
  Inputs execute_batch(std::string_view source, Rows rows, std::uint32_t limit = UINT32_MAX) {
    return execute_batch(number_of(source), std::move(rows), limit);
  }
  Inputs execute_batch(std::size_t source, Rows rows, std::uint32_t limit = UINT32_MAX) {
    need(component_.execute != nullptr, "no bolt, so it has no execute()");
    need(stage_ == Stage::open, "it is not open, so it takes no tuple");
    need(!finished_, "finish() has said all, so no tuple comes any more");
    check(source, rows);
    run_posted();
    std::vector<detail::GivenPtr> given;
    for (Value::Array& row : rows) given.push_back(task().ledger.give(source_name(source), std::move(row)));
    const Inputs inputs(given.begin(), given.end());
    run_batch(given, source, limit);
    run_posted();
    return inputs;
  }
  /// All that were given, in order.
  [[nodiscard]] Inputs inputs() const { return task().ledger.inputs(); }
  [[nodiscard]] Inputs acked() const { return task().ledger.inputs(State::acked); }
  [[nodiscard]] Inputs failed() const { return task().ledger.inputs(State::failed); }
  [[nodiscard]] Inputs kept() const { return task().ledger.inputs(State::kept); }
  /// Why inputs failed, in the order in which they were given.
  [[nodiscard]] std::vector<std::string> reasons() const {
    std::vector<std::string> all;
    for (const Input& one : failed()) all.push_back(one.reason());
    return all;
  }

  // A spout.

  /// Calls next() once.
  Said next() {
    call_next(1);
    return said_;
  }
  /// Calls next() until it says other than that it emitted, or as many emits are pending as may be; `limit` times at
  /// most, else it throws TestFailure.
  Said run(std::uint32_t limit = 100'000) {
    run_posted();
    std::uint32_t calls = 0;
    do {
      need(calls < limit, "run(): next() still says that it emitted, after as many calls as the limit");
      call_next(limit - calls);
      calls += last_calls_;
    } while (said_ == Said::emitted && !is_full());
    return said_;
  }
  /// What the last next() said, and until when it wants to be idle.
  [[nodiscard]] Said said() const noexcept { return said_; }
  [[nodiscard]] TimePoint idle_until() const noexcept { return idle_until_; }
  /// Of tracked emits that are neither acked nor failed.
  [[nodiscard]] std::vector<MessageId> pending() const { return {task().pending.begin(), task().pending.end()}; }
  void ack(MessageId id) {
    settle(id);
    complete({id, 1, 1, 1, 0, {nullptr, 0}});
  }
  void ack_all() {
    for (const MessageId id : pending()) ack(id);
  }
  /// As the engine would: with Replay::engine after the last attempt, else at the first.
  void fail(MessageId id, std::string_view reason) {
    const bool by_engine = settle(id) == Replay::engine;
    complete({id, 0, by_engine ? 5u : 1u, by_engine ? 1u : 0u, 0, {reason.data(), reason.size()}});
  }
  void fail(MessageId id, std::string_view reason, Try how) {
    settle(id);
    complete({id, 0, how.attempt, how.final ? 1u : 0u, 0, {reason.data(), reason.size()}});
  }

  // A grouping.

  /// The tasks that it chooses for a tuple, by index.
  std::vector<std::uint32_t> choose(const Value::Array& values) {
    need(component_.choose != nullptr, "no grouping, so it has no choose()");
    check(0, {values});
    const std::string packed = codec::packed(Value(values));
    std::vector<std::uint32_t> chosen(options_.tasks);
    gale_targets to{sizeof to, 0, options_.tasks, 0, chosen.data()};
    const auto* const begin = reinterpret_cast<const std::uint8_t*>(packed.data());
    call("choose", [&](gale_text* text) { return component_.choose(self_, begin, begin + packed.size(), &to, text); });
    chosen.resize(std::min<std::size_t>(to.count, chosen.size()));
    return chosen;
  }

  // Time.

  [[nodiscard]] TimePoint now() const { return task().now; }
  /// The clock goes on, and what falls due meanwhile happens at its time, as in the engine: a bolt's ticks, and the
  /// next() calls of an active spout, until it is idle again.
  void advance(Duration by) {
    need(by >= Duration::zero(), "the clock does not go back");
    run_posted();
    const TimePoint end = now() + by;
    std::uint32_t turns = 0;
    for (TimePoint due = next_due(); due <= end; due = next_due()) {
      need(++turns < kMostTurns, "advance() has no end: it wants to be called again and again at the same time");
      task().now = std::max(now(), due);
      if (component_.next != nullptr)
        run();
      else
        tick();
    }
    task().now = end;
  }
  /// The clock jumps and nothing happens, as on a machine that slept: what fell due comes at the next advance(), late
  /// rather than twice.
  void jump(Duration by) { task().now += by; }
  /// A tick now, whether one is due or not.
  void tick() {
    need(component_.tick != nullptr, "no bolt, so it has no tick()");
    if (description_.tick_ms != 0) {
      next_tick_ += tick_every();
      if (next_tick_ <= now()) next_tick_ = now() + tick_every();
    }
    const std::int64_t at = now().time_since_epoch().count();
    call("tick", [&](gale_text* text) { return component_.tick(self_, at, text); });
  }
  /// What describe() says of ticks; zero: none.
  [[nodiscard]] Duration tick_every() const { return std::chrono::milliseconds(description_.tick_ms); }

  // Other threads and file descriptors.

  /// Runs what was posted; other calls do so by themselves.
  void run_posted() {
    if (held_) return;
    run_held();
  }
  /// From now on what is posted waits until run_held(), for tests that look in between.
  void hold_posted() { held_ = true; }
  void run_held() {
    need(stage_ == Stage::open, "it is not open, so it runs no jobs");
    std::exception_ptr thrown;
    while (task().wakeups.take()) {
      if (said_ == Said::idle_until_woken || said_ == Said::idle_until) due_ = now();
      const std::exception_ptr one = caught([&] { step("job", component_.posted); });
      if (!thrown) thrown = one;  // the rest run
    }
    if (thrown) std::rethrow_exception(thrown);
  }
  /// Waits, in real time, until another thread posted or a watched descriptor is readable; runs what was posted and
  /// calls an active spout until it is idle. False: nothing came.
  bool await(std::chrono::milliseconds longest = std::chrono::seconds(10)) {
    const bool is_due = component_.next != nullptr && next_due() <= now();  // woken in the call before
    if (!is_due && !task().wakeups.wait(static_cast<int>(longest.count()))) return false;
    run_posted();
    if (component_.next != nullptr && active_ && said_ != Said::finished) run();
    return true;
  }
  /// The descriptors that it watches.
  [[nodiscard]] const std::vector<int>& watched() const { return task().wakeups.watched(); }

  // What came of it.

  /// What it emitted on a stream, in order.
  [[nodiscard]] Emits emitted(std::string_view stream = "default") const {
    if (description_.find(stream) == description_.streams.size() && !description_.streams.empty()) {
      std::vector<std::string> names;
      for (const auto& one : description_.streams) names.push_back(one.name);
      throw TestFailure(name_ + " has no stream '" + std::string(stream) + "'; it has: " + detail::joined(names));
    }
    Emits some;
    for (const Emit& one : emits()) {
      if (one.stream == stream) some.push_back(one);
    }
    return some;
  }
  /// On all streams.
  [[nodiscard]] const Emits& emits() const { return task().emits; }
  void clear_emitted() { task().emits.clear(); }
  /// What a counter of the component's own says. Throws TestFailure when it has none of that name.
  [[nodiscard]] std::uint64_t counter(const std::string& name) const {
    const auto it = task().counters.find(name);
    if (it != task().counters.end()) return it->second;
    std::vector<std::string> names;
    for (const auto& [other, count] : task().counters) names.push_back(other);
    throw TestFailure(name_ + " has no counter '" + name +
                      "'; it has: " + (names.empty() ? "none" : detail::joined(names)));
  }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& counters() const { return task().counters; }
  [[nodiscard]] std::vector<LogLine> logs() const { return task().logs(); }
  /// All that it threw, in order.
  [[nodiscard]] const std::vector<std::string>& errors() const { return task().errors; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  // What it finds.

  /// False: Collector::room() says that what was emitted waits.
  void set_room(bool room) { task().out.set_room(room); }
  /// What emit_with_targets is told: these tasks, at first none, or that the tuple cannot be routed.
  void route_to(std::vector<std::uint32_t> tasks) { task().routes = std::move(tasks); }
  void refuse_routes() { task().routes.reset(); }

 protected:
  /// The component's own pointer, as create() gave it.
  [[nodiscard]] void* self() const {
    need(self_ != nullptr, "it is not open, so there is no object");
    return self_;
  }

 private:
  enum class Stage { created, open, closed };

  void need(bool holds, const std::string& what) const {
    if (!holds) throw TestFailure(name_ + ": " + what);
  }
  void need(bool holds, const char* what) const {
    if (!holds) throw TestFailure(name_ + ": " + what);
  }
  detail::Task& task() const {
    need(task_ != nullptr, "open() comes first");
    return *task_;
  }
  std::string source_name(std::size_t source) const {
    return options_.inputs[source].component + "/" + options_.inputs[source].stream;
  }

  void invent_input(const detail::Description& alone) {
    if (!options_.inputs.empty() || component_.kind == GALE_SPOUT) return;
    std::vector<std::string> reads = alone.reads;
    try {  // with its keys bound it may read other fields
      reads = detail::describe_for(component_, name_, detail::task_info(options_), alone).reads;
    } catch (const Refused&) {  // told again, when it has its input
    }
    options_.inputs.push_back({"test", "default", {}});
    for (const std::string& field : reads) {
      auto& fields = options_.inputs.back().fields;
      if (std::find(fields.begin(), fields.end(), field) == fields.end()) fields.push_back(field);
    }
  }
  std::size_t number_of(std::string_view source) const {
    for (std::size_t i = 0; i < options_.inputs.size(); ++i) {
      if (source == options_.inputs[i].component || source == source_name(i)) return i;
    }
    throw TestFailure(name_ + " has no input '" + std::string(source) + "'; name it in Options::inputs");
  }
  Value::Array by_name(std::size_t source, const Fields& fields) const {
    Value::Array row;
    for (const std::string& field : options_.inputs.at(source).fields) {
      const auto it = fields.map().find(field);
      if (it == fields.map().end()) throw TestFailure("the test gives no value for field '" + field + "'");
      row.push_back(it->second);
    }
    if (row.size() != fields.map().size())
      throw TestFailure("the test gives " + std::to_string(fields.map().size()) + " fields; " + source_name(source) +
                        " has: " + detail::joined(options_.inputs[source].fields));
    return row;
  }
  void check(std::size_t source, const Rows& rows) const {
    need(source < options_.inputs.size(), "take a tuple from input " + std::to_string(source));
    const std::vector<std::string>& fields = options_.inputs[source].fields;
    for (const Value::Array& row : rows) {
      if (!fields.empty() && row.size() != fields.size())
        throw TestFailure("the test gives " + text_of(row) + "; " + source_name(source) +
                          " has the fields: " + detail::joined(fields));
    }
  }

  void run_batch(std::vector<detail::GivenPtr>& given, std::size_t source, std::uint32_t limit) {
    detail::Batch batch(std::move(given), static_cast<std::uint16_t>(source));
    const detail::Running running(task(), batch);
    while (batch.table.first < batch.table.count) {
      const std::uint32_t from = batch.table.first;
      batch.table.limit = limit;
      detail::TextRoom text;
      const std::uint32_t status = component_.execute(self_, &batch.table, text.table());
      const std::uint32_t to = std::min(batch.table.first, batch.table.count);
      task().take_written(description_, "execute of " + detail::name_of(*batch.given[from]), &batch, from, to);
      if (status == GALE_OK && to > from) continue;
      task().errors.push_back(status == GALE_OK ? "execute ran none of its inputs" : text.text());
      throw Thrown("execute", task().errors.back());
    }
  }

  [[nodiscard]] bool is_full() const { return task().pending.size() >= options_.max_pending; }
  void call_next(std::uint32_t limit) {
    need(component_.next != nullptr, "no spout, so it has no next()");
    need(active_, "it is deactivated, so next() is not called");
    need(said_ != Said::finished, "it has finished, so next() is not called again");
    need(!is_full(), "as many tracked emits are pending as Options::max_pending allows, so next() is not called");
    gale_run run{};
    run.size = sizeof run;
    run.limit = limit;
    run.tracked = options_.max_pending - static_cast<std::uint32_t>(task().pending.size());
    due_ = now() + std::chrono::milliseconds(10);  // when it throws, as in the engine
    last_calls_ = 1;
    call("next", [&](gale_text* text) { return next(run, text); });
  }
  std::uint32_t next(gale_run& run, gale_text* text) {
    const std::uint32_t status = component_.next(self_, &run, text);
    if (status != GALE_OK) return status;
    last_calls_ = std::max(run.calls, 1u);
    said_ = Said(std::min<std::uint32_t>(run.state, GALE_NEXT_EMPTY));
    empty_ = said_ == Said::nothing ? std::clamp(2 * empty_, kShortestEmpty, kLongestEmpty) : Duration(0);
    if (said_ == Said::idle_until) idle_until_ = TimePoint(Duration(run.until_ns));
    due_ = said_ == Said::idle_until                                    ? idle_until_
           : said_ == Said::idle_until_woken || said_ == Said::finished ? TimePoint::max()
                                                                        : now() + empty_;
    return status;
  }
  /// When advance() has something to do next.
  [[nodiscard]] TimePoint next_due() const {
    if (component_.next != nullptr) return !active_ || is_full() ? TimePoint::max() : due_;
    return finished_ && task().ledger.kept() == 0 ? TimePoint::max() : next_tick_;
  }
  Replay settle(MessageId id) {
    need(component_.completed != nullptr, "no spout, so it hears of no message");
    auto& all = task().pending;
    const auto it = all.find(id);
    need(it != all.end(), "no tracked emit with id " + std::to_string(id) + " is pending");
    all.erase(it);
    return task().replays[id];
  }
  void complete(const gale_completion& one) {
    if (said_ == Said::idle_until_woken) due_ = now();  // it may be what it waits for
    call(one.acked != 0 ? "ack" : "fail", [&](gale_text* text) { return component_.completed(self_, &one, 1, text); });
  }
  void switch_to(bool active) {
    need(stage_ == Stage::open, "it is not open, so it is not switched");
    active_ = active;
    if (component_.activate == nullptr) return;
    call(active ? "activate" : "deactivate",
         [&](gale_text* text) { return component_.activate(self_, active ? 1 : 0, text); });
  }

  /// One call into the component, with what was posted before and after it.
  template <class F>
  void call(const char* what, F f) {
    need(stage_ == Stage::open, "it is not open");
    run_posted();
    const std::exception_ptr thrown = caught([&] { enter(what, f); });
    run_posted();
    if (thrown) std::rethrow_exception(thrown);
  }
  template <class F>
  void enter(const char* what, F f) {
    detail::TextRoom text;
    const std::uint32_t status = f(text.table());
    task().take_written(description_, what);
    if (status == GALE_OK) return;
    task().errors.push_back(text.text());
    throw Thrown(what, text.text());
  }
  void step(const char* what, std::uint32_t (*f)(void*, gale_text*)) {
    if (f != nullptr) enter(what, [&](gale_text* text) { return f(self_, text); });
  }
  /// What the component threw in `f`; null when nothing.
  template <class F>
  static std::exception_ptr caught(F f) {
    try {
      f();
    } catch (const Thrown&) {
      return std::current_exception();
    }
    return nullptr;
  }
  void shut() {
    std::exception_ptr thrown = caught([&] {
      run_posted();
      if (component_.kind == GALE_SPOUT && active_ && said_ != Said::finished) deactivate();
    });
    stage_ = Stage::closed;
    task().ledger.close();
    const std::exception_ptr closing = caught([&] { step("close", component_.close); });
    if (thrown || closing) std::rethrow_exception(thrown ? thrown : closing);
  }
  void destroy() noexcept {
    if (self_ != nullptr) component_.destroy(std::exchange(self_, nullptr));
  }
  std::string broken_promises() {
    if (!task_) return {};
    std::string text;
    for (const std::string& one : task().ledger.take_violations())
      text += (text.empty() ? "" : "\n") + name_ + ": " + one;
    return text;
  }

  // As the engine calls a next() again that emits nothing.
  static constexpr Duration kShortestEmpty = std::chrono::milliseconds(1);
  static constexpr Duration kLongestEmpty = std::chrono::milliseconds(100);
  static constexpr std::uint32_t kMostTurns = 10'000'000;

  const gale_component& component_;
  Options options_;
  std::string name_;
  detail::Description description_;
  std::unique_ptr<detail::Task> task_;
  void* self_ = nullptr;
  Stage stage_ = Stage::created;
  bool active_ = false, finished_ = false, held_ = false;
  Said said_ = Said::emitted;
  std::uint32_t last_calls_ = 0;
  Duration empty_{0};
  TimePoint idle_until_{}, due_{};  // until when it said it is idle; when next() is to be called
  TimePoint next_tick_ = TimePoint::max();
  const int exceptions_ = std::uncaught_exceptions();
};

}  // namespace gale::testkit
