// SPDX-License-Identifier: Apache-2.0
//
// GALE_PLUGIN(name, version, Components...): makes a shared library a plugin. One in each library, at namespace scope.
// Behind it stand the thunks: the loops over a batch and over next(), which call T's own functions (no virtual call)
// and let no exception cross.
#pragma once

#include "gale/abi.h"
#include "gale/component.hpp"
#include "gale/frontier.hpp"
#include "gale/hook.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace gale {

namespace detail {

/// What built the plugin, for people.
#if defined(__clang__)
inline constexpr std::string_view kBuild = "clang " __VERSION__;
#else
inline constexpr std::string_view kBuild = "g++ " __VERSION__;
#endif

/// Runs user code; what it throws becomes a status and a text.
template <class F>
std::uint32_t guarded(gale_text* text, F&& f) noexcept {
  try {
    f();
    return GALE_OK;
  } catch (const std::exception& e) {
    put_text(text, e.what());
  } catch (...) {
    put_text(text, "threw something that is no std::exception");
  }
  return GALE_THROWN;
}

/// As guarded(), for one of several calls: the first text stays.
template <class F>
void guarded_first(std::uint32_t& status, gale_text* text, F&& f) noexcept {
  const std::uint32_t s = guarded(status == GALE_OK ? text : nullptr, std::forward<F>(f));
  if (s != GALE_OK) status = s;
}

class Turn {  // marks the task's own thread for the job queue
 public:
  explicit Turn(JobQueue& queue) : queue_(queue) { queue_.begin_turn(); }
  ~Turn() { queue_.end_turn(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  JobQueue& queue_;
};

constexpr std::string_view bare_name(std::string_view type) {  // "words::Count" -> "Count"
  const auto colon = type.rfind(':');
  return colon == std::string_view::npos ? type : type.substr(colon + 1);
}
constexpr gale_str lent(std::string_view s) { return {s.data(), s.size()}; }

/// Where the number of the running input goes, which is how a host knows what crashed it; `nobody` when it does not ask.
inline std::uint32_t* running_in(const gale_out& out, std::uint32_t& nobody) noexcept {
  const bool asked = out.size >= offsetof(gale_out, running) + sizeof out.running && out.running != nullptr;
  return asked ? out.running : &nobody;
}

/// A host that is older than hooks gets the rest of the plugin.
constexpr bool known_to(std::uint32_t host_minor, const gale_component& c) {
  return host_minor >= 4 || c.kind < GALE_TASK_HOOK;
}

}  // namespace detail

template <class T>
struct PluginThunks {
  static_assert(std::is_base_of_v<Spout, T> || std::is_base_of_v<Bolt, T> || std::is_base_of_v<Grouping, T> ||
                    std::is_base_of_v<TaskHook, T> || std::is_base_of_v<WorkerHook, T>,
                "a component derives publicly from gale::Spout, gale::Bolt, gale::BasicBolt, gale::Grouping, "
                "gale::TaskHook or gale::WorkerHook");
  static_assert(std::is_default_constructible_v<T>,
                "a component has a default constructor: its keys are set afterwards");
  static constexpr bool kSpout = std::is_base_of_v<Spout, T>;
  static constexpr bool kBolt = std::is_base_of_v<Bolt, T>;
  static constexpr bool kTaskHook = std::is_base_of_v<TaskHook, T>;
  static constexpr bool kWorkerHook = std::is_base_of_v<WorkerHook, T>;

  struct Instance {
    detail::Runtime runtime;
    T user;
    Context context{runtime};
    Instance() = default;
    ~Instance() { runtime.queue->close(); }
  };
  static Instance& of(void* self) { return *static_cast<Instance*>(self); }

  static std::uint32_t describe(void* into, void (*write)(void*, gale_str), gale_text* text) noexcept {
    return detail::guarded(text, [&] {
      T fresh;
      Describe d;
      fresh.describe(d);
      const std::string map = codec::packed(d.declared());
      write(into, detail::lent(map));
    });
  }

  static std::uint32_t describe_for(gale_str info, void* into, void (*write)(void*, gale_str),
                                    gale_text* text) noexcept {
    return detail::guarded(text, [&] {
      gale_task task{};
      task.info = info;
      detail::Runtime runtime;
      runtime.task = &task;
      runtime.asking = true;
      runtime.read_info();
      T fresh;
      Describe d(runtime);
      fresh.describe(d);
      const std::string map = codec::packed(d.declared());
      write(into, detail::lent(map));
    });
  }

  static std::uint32_t create(const gale_task* task, void** self, gale_text* text) noexcept {
    return detail::guarded(text, [&] {
      auto instance = std::make_unique<Instance>();
      instance->runtime.task = task;
      instance->runtime.read_info();
      Describe d(instance->runtime);
      instance->user.describe(d);
      instance->runtime.queue->open(task);
      *self = instance.release();
    });
  }

  static std::uint32_t open(void* self, gale_text* text) noexcept {
    const detail::Turn turn(*of(self).runtime.queue);
    return detail::guarded(text, [&] {
      Instance& in = of(self);
      if constexpr (kTaskHook) {
        in.user.prepare(in.context);
      } else if constexpr (kWorkerHook) {
        in.user.start(in.context);
      } else {
        in.user.open(in.context);
      }
    });
  }

  static std::uint32_t execute(void* self, gale_batch* batch, gale_text*) noexcept requires(kBolt) {
    Instance& in = of(self);
    gale_out& out = *in.runtime.task->out;
    Collector collector(in.runtime, out, batch->verdict);
    const detail::Turn turn(*in.runtime.queue);
    const std::uint8_t* at = batch->at;
    std::uint32_t k = batch->first;
    const std::uint32_t last = batch->count - k < batch->limit ? batch->count : k + batch->limit;
    std::uint32_t nobody = 0;
    std::uint32_t* const running = detail::running_in(out, nobody);
    while (k < last) {
      __atomic_store_n(running, k, __ATOMIC_RELAXED);
      gale_in_record head;
      std::memcpy(&head, at, sizeof head);
      run_one(in, collector, *batch, at, head, k);
      at += head.size;
      ++k;
      if (__builtin_expect(__atomic_load_n(&out.stop, __ATOMIC_RELAXED) != 0, 0)) break;
    }
    out.begun = out.at;
    batch->first = k;
    batch->at = at;
    return GALE_OK;
  }

  static std::uint32_t finish(void* self, std::uint32_t* done, gale_text* text) noexcept requires(kBolt) {
    const detail::Turn turn(*of(self).runtime.queue);
    return call(self, text, [&](Instance& in, Collector& collector) { *done = in.user.T::finish(collector) ? 1 : 0; });
  }

  static std::uint32_t tick(void* self, std::int64_t now_ns, gale_text* text) noexcept requires(kBolt) {
    const detail::Turn turn(*of(self).runtime.queue);
    return call(self, text, [&](Instance& in, Collector& collector) {
      in.user.T::tick(TimePoint(std::chrono::nanoseconds(now_ns)), collector);
    });
  }

  /// Runs the jobs that were posted; each is a call of its own, all or nothing. The first throw is told, the rest run.
  static std::uint32_t posted(void* self, gale_text* text) noexcept {
    const detail::Runtime& runtime = of(self).runtime;
    const detail::Turn turn(*runtime.queue);
    std::uint32_t status = GALE_OK;
    while (auto job = runtime.queue->take()) {
      const std::uint32_t s =
          call(self, status == GALE_OK ? text : nullptr, [&](Instance&, Collector& collector) { job->run(collector); });
      if (s != GALE_OK) status = s;
      if (__atomic_load_n(&runtime.task->out->stop, __ATOMIC_RELAXED) != 0) {
        runtime.task->wake(runtime.task);  // the rest when what was emitted is delivered
        break;
      }
    }
    return status;
  }

  static std::uint32_t next(void* self, gale_run* run, gale_text* text) noexcept requires(kSpout) {
    Instance& in = of(self);
    gale_out& out = *in.runtime.task->out;
    SpoutCollector collector(in.runtime, out, nullptr);
    const detail::Turn turn(*in.runtime.queue);
    std::uint32_t status = GALE_OK, state = GALE_NEXT_EMITTED, calls = 0;
    const std::uint32_t limit = run->limit, tracked = run->tracked;
    while (calls < limit && collector.tracked_ < tracked && state == GALE_NEXT_EMITTED) {
      collector.begin(GALE_ANCHOR_NONE);
      const std::uint8_t* const before = out.begun;
      ++calls;
      try {
        const Next said = in.user.T::next(collector);
        state = said.state();
        if (state == GALE_NEXT_UNTIL) run->until_ns = said.until().time_since_epoch().count();
      } catch (const std::exception& e) {
        detail::put_text(text, e.what());
        status = GALE_THROWN;
      } catch (...) {
        detail::put_text(text, "threw something that is no std::exception");
        status = GALE_THROWN;
      }
      if (status != GALE_OK) {
        collector.raised({});
        break;
      }
      const bool emitted = out.at != before || out.begun != before;  // more() moves begun
      if (state == GALE_NEXT_EMITTED && !emitted) state = GALE_NEXT_EMPTY;
      if (__atomic_load_n(&out.stop, __ATOMIC_RELAXED) != 0) break;
    }
    run->state = state;
    run->calls = calls;
    out.begun = out.at;
    return status;
  }

  static std::uint32_t completed(void* self, const gale_completion* all, std::uint32_t count, gale_text* text) noexcept
      requires(kSpout) {
    std::uint32_t status = GALE_OK;
    Instance& in = of(self);
    const detail::Turn turn(*in.runtime.queue);
    for (const gale_completion* c = all; c != all + count; ++c) {
      detail::guarded_first(status, text, [&] {
        if (c->acked != 0) {
          in.user.T::ack(c->id);
        } else {
          in.user.T::fail(Failure{c->id, {c->reason.data, c->reason.size}, c->attempt, c->final != 0});
        }
      });
    }
    return status;
  }

  static std::uint32_t choose(void* self, const std::uint8_t* values, const std::uint8_t* end, gale_targets* targets,
                              gale_text* text) noexcept {
    Instance& in = of(self);
    targets->count = 0;
    return detail::guarded(text, [&] {
      Targets to(*targets);
      in.user.T::choose(detail::Borrowed(values, end, &in.runtime.inputs.front()), to);
    });
  }

  static std::uint32_t observe(void* self, const gale_event* event, gale_text* text) noexcept {
    Instance& in = of(self);
    return detail::guarded(text, [&] { detail::observe(in.user, in.runtime, *event); });
  }

  static std::uint32_t activate(void* self, std::uint32_t active, gale_text* text) noexcept {
    const detail::Turn turn(*of(self).runtime.queue);
    return detail::guarded(text, [&] { active != 0 ? of(self).user.activate() : of(self).user.deactivate(); });
  }
  /// Mailboxes close first: close() may join threads that wait in post() for room.
  static std::uint32_t close(void* self, gale_text* text) noexcept {
    of(self).runtime.queue->close();
    return detail::guarded(text, [&] {
      if constexpr (kTaskHook) {
        of(self).user.cleanup();
      } else if constexpr (kWorkerHook) {
        of(self).user.stop();
      } else {
        of(self).user.close();
      }
    });
  }
  static void destroy(void* self) noexcept { delete static_cast<Instance*>(self); }

  static constexpr gale_component table(gale_str name) {
    gale_component c{};
    c.size = sizeof c;
    c.name = name;
    c.describe = describe;
    c.create = create;
    c.open = open;
    c.close = close;
    c.destroy = destroy;
    c.describe_for = describe_for;
    if constexpr (kTaskHook) {
      c.kind = GALE_TASK_HOOK;
      c.observe = observe;
      return c;
    } else if constexpr (kWorkerHook) {
      c.kind = GALE_WORKER_HOOK;
      return c;
    } else {
      c.posted = posted;
      c.activate = activate;
    }
    if constexpr (kSpout) {
      c.kind = GALE_SPOUT;
      c.next = next;
      c.completed = completed;
    } else if constexpr (std::is_base_of_v<Grouping, T>) {
      c.kind = GALE_GROUPING;
      c.choose = choose;
    } else if constexpr (kBolt) {
      c.kind = GALE_BOLT;
      c.execute = execute;
      c.finish = finish;
      c.tick = tick;
    }
    return c;
  }

 private:
  static void run_one(Instance& in, Collector& collector, gale_batch& batch, const std::uint8_t* at,
                      const gale_in_record& head, std::uint32_t k) noexcept {
    const Tuple tuple(at + head.values_at, at + head.size, &in.runtime.inputs[head.input], k, &batch.verdict[k],
                      in.runtime.task, &in.runtime.queue);
    collector.begin(k);
    try {
      in.user.T::execute(tuple, collector);
      if constexpr (std::is_base_of_v<BasicBolt, T>) {
        if (batch.verdict[k] == GALE_VERDICT_NONE) batch.verdict[k] = GALE_VERDICT_ACKED;
      }
    } catch (const std::exception& e) {
      collector.raised(e.what());
    } catch (...) {
      collector.raised("threw something that is no std::exception");
    }
  }

  /// One call of user code outside execute, all or nothing. The caller has the turn.
  template <class F>
  static std::uint32_t call(void* self, gale_text* text, F&& f) noexcept {
    Instance& in = of(self);
    gale_out& out = *in.runtime.task->out;
    Collector collector(in.runtime, out, nullptr);
    collector.begin(GALE_ANCHOR_NONE);
    const std::uint32_t status = detail::guarded(text, [&] { f(in, collector); });
    if (status != GALE_OK) collector.raised("the call that settled it threw");
    out.begun = out.at;
    return status;
  }
};

}  // namespace gale

#define GALE_DETAIL_TABLE(unused, T) ::gale::PluginThunks<T>::table(::gale::detail::lent(::gale::detail::bare_name(#T)))

#define GALE_PLUGIN(plugin_name, plugin_version, ...)                                                                  \
  namespace {                                                                                                          \
  constexpr gale_component gale_detail_tables[] = {GALE_DETAIL_FOR_EACH(GALE_DETAIL_TABLE, _, __VA_ARGS__)};           \
  constexpr std::size_t gale_detail_count = sizeof gale_detail_tables / sizeof *gale_detail_tables;                    \
  struct gale_detail_list {                                                                                            \
    const gale_component* at[gale_detail_count];                                                                       \
    std::uint32_t count = 0;                                                                                           \
    explicit gale_detail_list(std::uint32_t host_minor) {                                                              \
      for (const gale_component& one : gale_detail_tables) {                                                           \
        if (::gale::detail::known_to(host_minor, one)) at[count++] = &one;                                             \
      }                                                                                                                \
    }                                                                                                                  \
  };                                                                                                                   \
  static_assert(sizeof(plugin_name) + sizeof(plugin_version) <= 56, "plugin name and version: 54 characters at most"); \
  struct gale_detail_note {                                                                                            \
    std::uint32_t name_size, body_size, type;                                                                          \
    char owner[8];                                                                                                     \
    gale_note body;                                                                                                    \
  };                                                                                                                   \
  __attribute__((section(GALE_ABI_NOTE_SECTION), used, aligned(4))) const gale_detail_note gale_detail_the_note = {    \
      5, sizeof(gale_note), 1, "Gale", {GALE_ABI_MAJOR, GALE_ABI_MINOR, plugin_name " " plugin_version}};              \
  }                                                                                                                    \
  extern "C" __attribute__((visibility("default"))) const gale_plugin* gale_plugin_entry(std::uint32_t,                \
                                                                                         std::uint32_t host_minor) {   \
    static const gale_detail_list list(host_minor);                                                                    \
    static const gale_plugin plugin = {sizeof(gale_plugin),                                                            \
                                       GALE_ABI_MAJOR,                                                                 \
                                       GALE_ABI_MINOR,                                                                 \
                                       list.count,                                                                     \
                                       ::gale::detail::lent(plugin_name),                                              \
                                       ::gale::detail::lent(plugin_version),                                           \
                                       ::gale::detail::lent(::gale::detail::kBuild),                                   \
                                       list.at};                                                                       \
    return &plugin;                                                                                                    \
  }                                                                                                                    \
  static_assert(true, "GALE_PLUGIN wants a semicolon")
