// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/settings_table.hpp"

#include "engine/base/hint.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace gale::plan {
namespace {

constexpr double kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB;
constexpr unsigned kInComponent = kInSpout | kInBolt;

constexpr SettingRow kRows[] = {
    {"topology.workers", &Settings::workers, "processes", 1, kMostWorkers, kInTopology,
     "Worker processes that share the tasks; --workers overrides it.",
     "More use more machines and contain crashes; tuples between workers cost a copy and a socket."},
    {"topology.worker.threads", &Settings::threads, "threads", 0, kMostThreads, kInTopology,
     "Threads of a worker that run tasks; 0 is one a core.", "More than the cores only helps tasks that block."},
    {"topology.message.timeout.secs", &Settings::message_timeout, "seconds", 0.001, 604800, kInTopology,
     "A root that nobody has acked, touched or worked on for so long fails.",
     "Short replays sooner after a loss; too short replays what is only slow."},
    {"topology.message.max.age.secs", &Settings::message_max_age, "seconds", 1, 7200, kInTopology,
     "A root older than that fails, however often it was touched.",
     "A hard end for what is worked on for ever; well above the timeout, or slow is lost."},
    {"topology.task.hang.secs", &Settings::task_hang, "seconds", 0, 604800, kInTopology | kInComponent,
     "A worker process ends itself, with the stack of that thread in its crash record, when one call of user code has "
     "not returned for so long; 0: never.",
     "Frees what hangs for ever; too short kills what is only slow. Above the longest call, finish() and waits for "
     "other "
     "systems included."},
    {"topology.worker.memory.limit.bytes", &Settings::worker_memory_bytes, "bytes", 0, 1024 * kGiB, kInTopology,
     "What a worker process may allocate (RLIMIT_DATA); beyond it allocations fail and user code's throw "
     "std::bad_alloc; "
     "0: no limit.",
     "Contains a leak before the kernel chooses whom to kill; counts what is allocated, touched or not."},
    {"topology.acker.executors", &Settings::acker_executors, "executors", 0, 65535, kInTopology,
     "0: tracked tuples are acked as soon as they are emitted, and never replayed. Else every spout task has one "
     "acker.",
     "Cheaper; what is lost stays lost."},
    {"topology.max.spout.pending", &Settings::max_spout_pending, "roots", 1, (1 << 20) - 1, kInTopology | kInSpout,
     "Tracked tuples that one spout task may have under way; at the limit it is not asked for more.",
     "32 bytes each; small bounds latency and replays, large keeps many workers busy."},
    {"topology.max.attempts", &Settings::max_attempts, "attempts", 1, 1'000'000, kInTopology | kInSpout,
     "How often the engine sends a tuple that it replays before it fails for good.",
     "Many outlast an outage; a tuple that can never succeed is run as often."},
    {"topology.replay.max.bytes", &Settings::replay_max_bytes, "bytes", kKiB, 64 * kGiB, kInTopology | kInSpout,
     "What one spout task keeps of its tuples for replay; at the limit it is not asked for more.",
     "Memory against how much may be under way."},
    {"topology.execute.max.emit.bytes", &Settings::execute_max_emit_bytes, "bytes", kKiB, 4 * kGiB - 1,
     kInTopology | kInComponent, "What one call of user code may emit; beyond it the tuple fails.",
     "Held in memory until the call returns."},
    {"topology.task.max.kept.bytes", &Settings::task_max_kept_bytes, "bytes", kKiB, 64 * kGiB, kInTopology | kInBolt,
     "What one task may keep of its input; beyond it, it gets no more until some is acked or failed.",
     "Memory against the size of windows and of work under way elsewhere."},
    {"topology.worker.outbox.bytes", &Settings::outbox_bytes, "bytes", 64 * kKiB, 64 * kGiB, kInTopology,
     "What the tasks of a worker may have emitted that no receiver has taken; beyond it spouts are not asked for more.",
     "Memory against bursts of a few tasks. Bolts go on, an input at a time."},
    {"topology.task.inbox.bytes", &Settings::inbox_bytes, "bytes", 4 * kKiB, kGiB, kInTopology | kInBolt,
     "Input that may wait for one task; its senders stop there.",
     "Large smooths bursts; small bounds latency and memory."},
    {"topology.cycle.max.bytes", &Settings::cycle_bytes, "bytes", 4 * kKiB, kGiB, kInTopology | kInBolt,
     "Input that may wait for one task on streams that close a cycle; what is emitted beyond it fails: 'cycle full'.",
     "Memory against how much a cycle may hold; nobody waits there, or the cycle would stand still."},
    {"topology.batch.bytes", &Settings::batch_bytes, "bytes", 512, 16 * kMiB, kInTopology | kInComponent,
     "A batch of this size goes to another task of the same worker at once.",
     "Large costs less a tuple, small stays in the cache. Age sends a batch anyway."},
    {"topology.transfer.batch.bytes", &Settings::transfer_batch_bytes, "bytes", 512, 16 * kMiB, kInTopology,
     "A frame of this size goes to another worker at once.", "As topology.batch.bytes, but a frame costs more."},
    {"topology.key.groups", &Settings::key_groups, "groups", 1, 32768, kInTopology,
     "Groups that the keys of FIELDS are dealt to; tasks own ranges of groups.",
     "An upper limit on useful tasks of a bolt with FIELDS; fixed once state is kept."},
    {"topology.disable.loadaware.messaging", &Settings::disable_load_aware, "switch", 0, 1, kInTopology | kInComponent,
     "Makes SHUFFLE and LOCAL_OR_SHUFFLE blind to how full the inboxes of their readers are.",
     "Exactly even, but the slowest reader sets the pace of all."},
    {"topology.component.worker", &Settings::place_on_worker, "worker", 1, kMostWorkers, kInComponent,
     "Puts all tasks of the component on this worker, counting from 1.", "Without it tasks are spread evenly."},
    {"topology.tick.tuple.freq.secs", TickPeriod{}, "seconds", 0, 604800, kInComponent,
     "How often tick() is called; 0 is never. Overrides the component's own period.",
     "Each tick is a turn of the task; fractions are allowed down to 0.001."},
};

/// What Storm has and we do without: why, or what to use.
constexpr std::pair<std::string_view, std::string_view> kOfStorm[] = {
    {"topology.auto.task.hooks", "list them in hooks: [{className: <plugin>.<Hook>, components: [id, ...]}]"},
    {"topology.ackers", "use topology.acker.executors"},
    {"topology.tasks", "use numTasks"},
    {"topology.max.task.parallelism", "use numTasks"},
    {"topology.executor.receive.buffer.size", "use topology.task.inbox.bytes"},
    {"topology.transfer.buffer.size", "use topology.task.inbox.bytes"},
    {"topology.producer.batch.size", "use topology.batch.bytes"},
    {"topology.transfer.batch.size", "use topology.transfer.batch.bytes"},
    {"topology.enable.message.timeouts", "use a long topology.message.timeout.secs"},
    {"topology.worker.childopts", "there is no JVM; remove it"},
    {"topology.worker.max.heap.size.mb", "there is no JVM; remove it"},
};

bool is_switch(const SettingRow& row) { return row.unit == "switch"; }
bool is_seconds(const SettingRow& row) { return row.unit == "seconds"; }

std::string plain(double number) {
  char room[64];
  const auto end = number == std::floor(number) && std::abs(number) < 1e15
                       ? std::to_chars(room, room + sizeof room, static_cast<long long>(number)).ptr
                       : std::to_chars(room, room + sizeof room, number).ptr;
  return std::string(room, end);
}

std::string places(unsigned scope) {
  std::string text;
  const auto add = [&](bool there, const char* name) {
    text += there ? (text.empty() ? "" : ", ") + std::string(name) : "";
  };
  add((scope & kInTopology) != 0, "topology");
  add((scope & kInSpout) != 0, "spout");
  add((scope & kInBolt) != 0, "bolt");
  return text;
}

const SettingRow* find_row(std::string_view name) {
  for (const SettingRow& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

Fault unknown(const yaml::Entry& entry, unsigned scope) {
  for (const auto& [name, instead] : kOfStorm) {
    if (entry.key == name) return {entry.key_at, "'" + entry.key + "' is not supported; " + std::string(instead)};
  }
  Names names;
  for (const SettingRow& row : kRows) {
    if ((row.scope & scope) != 0) names.push_back(row.name);
  }
  return {entry.key_at, "unknown setting '" + entry.key + "'" + suggest(entry.key, names)};
}

/// The number that an entry holds; nothing when it holds none that the row allows (a fault).
std::optional<double> number_in(const yaml::Entry& entry, const SettingRow& row, Faults& faults) {
  yaml::Node node = entry.value;
  if (node.substituted) node.quoted = false;
  const yaml::Scalar value = node.kind == yaml::Kind::kScalar ? yaml::resolve(node) : yaml::Scalar();
  std::optional<double> number;
  if (const auto* i = std::get_if<std::int64_t>(&value)) number = static_cast<double>(*i);
  if (const auto* u = std::get_if<std::uint64_t>(&value)) number = static_cast<double>(*u);
  if (const auto* d = std::get_if<double>(&value); d != nullptr && is_seconds(row)) number = *d;
  if (is_switch(row)) {
    const auto* b = std::get_if<bool>(&value);
    number = b != nullptr ? std::optional(*b ? 1.0 : 0.0) : std::nullopt;
  }
  if (!number) {
    const char* const wanted =
        is_switch(row) ? "true or false" : (is_seconds(row) ? "a number of seconds" : "an integer");
    faults.push_back({node.at, "'" + entry.key + "' wants " + wanted + ", this is " + yaml::what(node)});
  } else if (!(*number >= row.min && *number <= row.max)) {
    faults.push_back({node.at, "'" + entry.key + "' is " + plain(*number) + "; it may be " + plain(row.min) + " to " +
                                   plain(row.max) + " " + std::string(row.unit)});
    number.reset();
  }
  return number;
}

/// Puts a number that is within the row's limits where it belongs.
struct Put {
  double number;
  Settings& settings;
  std::uint32_t& tick_ms;

  void operator()(TickPeriod) const {
    tick_ms = number == 0 ? 0 : static_cast<std::uint32_t>(std::max(1.0, std::round(number * 1000)));
  }
  void operator()(Duration Settings::*member) const {
    settings.*member = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(number));
  }
  void operator()(bool Settings::*member) const { settings.*member = number != 0; }
  template <class Int>
  void operator()(Int Settings::*member) const {
    settings.*member = static_cast<Int>(number);
  }
};

struct Default {
  const Settings settings{};

  std::string operator()(TickPeriod) const { return "the component's"; }
  std::string operator()(Duration Settings::*member) const {
    return plain(std::chrono::duration<double>(settings.*member).count());
  }
  std::string operator()(bool Settings::*member) const { return settings.*member ? "true" : "false"; }
  template <class Int>
  std::string operator()(Int Settings::*member) const {
    const auto number = static_cast<double>(settings.*member);
    return number < 0 ? "none" : plain(number);
  }
};

}  // namespace

std::span<const SettingRow> setting_rows() { return kRows; }

std::string default_of(const SettingRow& row) { return std::visit(Default{}, row.target); }

std::string limit_of(const SettingRow& row, double number) {
  if (is_switch(row)) return number == 0 ? "false" : "true";
  return plain(number);
}

std::string places_of(const SettingRow& row) { return places(row.scope); }

void apply_settings(std::span<const yaml::Entry> config, Scope scope, Settings& settings, std::uint32_t& tick_ms,
                    Faults& faults) {
  for (const yaml::Entry& entry : config) {
    const SettingRow* row = find_row(entry.key);
    if (row == nullptr) {
      faults.push_back(unknown(entry, scope));
    } else if ((row->scope & scope) == 0) {
      faults.push_back({entry.key_at, "'" + entry.key + "' has no effect here; it belongs into the config of: " +
                                          places(row->scope)});
    } else if (const auto number = number_in(entry, *row, faults)) {
      std::visit(Put{*number, settings, tick_ms}, row->target);
    }
  }
}

std::string settings_table(std::span<const SettingRow> rows) {
  std::string text = "| setting | default | unit | least | most | in the config of | effect | trade |\n";
  text += "|---|---|---|---|---|---|---|---|\n";
  for (const SettingRow& row : rows) {
    text += "| " + std::string(row.name) + " | " + default_of(row) + " | " + std::string(row.unit) + " | " +
            limit_of(row, row.min) + " | " + limit_of(row, row.max) + " | " + places(row.scope) + " | " +
            std::string(row.effect) + " | " + std::string(row.trade) + " |\n";
  }
  return text;
}

}  // namespace gale::plan
