// SPDX-License-Identifier: Apache-2.0
#include "tests/cluster/checker/judge.hpp"

#include "tests/cluster/checker/line_reader.hpp"
#include "tests/cluster/checker/memory.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

namespace ledger {
namespace {

std::string name_of(std::uint64_t src, std::uint64_t seq) {
  return "src " + std::to_string(src) + " seq " + std::to_string(seq);
}
std::string name_of(const SourceLine& l) {
  return name_of(l.src, l.seq) + " attempt " + std::to_string(l.start) + "." + std::to_string(l.attempt);
}
std::string name_of(const SinkLine& l) {
  return name_of(l.src, l.seq) + " branch " + std::to_string(l.branch) + " attempt " + std::to_string(l.start) + "." +
         std::to_string(l.attempt);
}
std::string_view name_of(Event e) {
  switch (e) {
    case Event::kEmit:
      return "EMIT";
    case Event::kAck:
      return "ACK";
    case Event::kFail:
      return "FAIL";
    case Event::kTimeout:
      return "TIMEOUT";
  }
  return "?";
}
std::string millis(std::uint64_t ns) { return std::to_string(ns / 1'000'000) + " ms"; }

}  // namespace

Judge::Judge(RunFacts run) : run_(std::move(run)), attempts_(run_.settings.sources), owner_(kKeys, -1) {}

const Findings& Judge::judge() {
  read_emits();
  read_sinks();
  read_callbacks();
  sum_records();
  sum_replays();
  sum_liveness();
  sum_memory();
  return found_;
}

// --- what was emitted ---------------------------------------------------------------------------------------------

void Judge::read_emits() {
  first_ns_ = std::numeric_limits<std::uint64_t>::max();
  for (const SourceFile& file : run_.sources) {
    const FileFacts facts = for_each_line<SourceLine>(file.path, [&](const SourceLine& line) {
      first_ns_ = std::min(first_ns_, line.time_ns);
      last_ns_ = std::max(last_ns_, line.time_ns);
      if (line.event != Event::kEmit) return;
      if (line.src >= attempts_.size() || line.src != file.src || line.start != file.start || line.seq == 0) {
        return found_.broken(Obligation::kP3, [&] { return "a line of another source in " + file.path; });
      }
      if (attempts_[line.src].emitted(line.seq, line.start, line.attempt)) {
        last_new_ns_ = std::max(last_new_ns_, line.time_ns);
      }
    });
    torn_ += facts.torn ? 1 : 0;
    if (facts.damaged != 0) {
      found_.broken(
          Obligation::kP3, [&] { return "damaged lines in " + file.path; }, facts.damaged);
    }
  }
  if (first_ns_ > last_ns_) first_ns_ = last_ns_;
  unit_ns_ = (last_ns_ - first_ns_) / 0xfffffff0u + 1;
  for (Attempts& a : attempts_) a.seal();
}

std::uint32_t Judge::units(std::uint64_t time_ns) const {
  if (time_ns <= first_ns_) return 0;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>((time_ns - first_ns_) / unit_ns_, 0xffffffffu));
}

// --- what came to the sinks ---------------------------------------------------------------------------------------

void Judge::read_sinks() {
  for (const SinkFile& file : run_.sinks) {
    const FileFacts facts = for_each_line<SinkLine>(file.path, [&](const SinkLine& line) { read_sink_line(line); });
    torn_ += facts.torn ? 1 : 0;
    if (facts.damaged != 0) {
      found_.broken(
          Obligation::kP3, [&] { return "damaged lines in " + file.path; }, facts.damaged);
    }
  }
}

std::string Judge::is_invention(const SinkLine& line) {
  if (line.src >= attempts_.size()) return "from no source";
  if (line.branch >= kFanOut) return "of no branch";
  if (line.sound != 1) return "with a payload that was changed";
  if (line.key != line.seq % kKeys) return "with key " + std::to_string(line.key);
  if (!attempts_[line.src].find(line.seq, line.start, line.attempt)) return "never emitted";
  return {};
}

void Judge::read_sink_line(const SinkLine& line) {
  ++found_.copies;
  if (const std::string why = is_invention(line); !why.empty()) {
    return found_.broken(Obligation::kP3, [&] { return name_of(line) + ": " + why; });
  }
  Attempts& of_source = attempts_[line.src];
  const Attempt attempt = of_source.find(line.seq, line.start, line.attempt);
  const auto bit = static_cast<std::uint8_t>(1u << line.branch);
  if (of_source.any(line.seq, line.branch)) ++found_.duplicates;
  check_affinity(line);
  if ((*attempt.seen & bit) != 0) {
    ++found_.unexplained_duplicates;
    return found_.broken(Obligation::kP4, [&] { return name_of(line) + ": twice in the sink"; });
  }
  *attempt.seen |= bit;
  *attempt.reached = std::max(*attempt.reached, units(line.time_ns));
  check_order(line);
}

void Judge::check_affinity(const SinkLine& line) {
  int& owner = owner_[line.key];
  if (owner < 0) owner = line.keyed;
  if (owner == line.keyed) return;
  found_.broken(Obligation::kP8, [&] {
    return "key " + std::to_string(line.key) + " at keyed#" + std::to_string(owner) + " and, with " + name_of(line) +
           ", at keyed#" + std::to_string(line.keyed);
  });
}

void Judge::check_order(const SinkLine& line) {
  if (line.attempt != 1 || held_late(run_.settings.late_every, line.seq, line.branch, line.attempt)) return;
  const std::uint64_t way = std::uint64_t{line.start} << 48 | std::uint64_t{line.src} << 32 |
                            std::uint64_t{line.fan} << 24 | std::uint64_t{line.keyed} << 16 |
                            std::uint64_t{line.sink} << 8 | line.branch;
  std::uint64_t& last = last_on_way_[way];
  if (line.seq <= last) {
    found_.broken(Obligation::kP7, [&] {
      return name_of(line) + " came after seq " + std::to_string(last) + " by fan#" + std::to_string(line.fan) +
             ", keyed#" + std::to_string(line.keyed) + ", sink#" + std::to_string(line.sink);
    });
  }
  last = std::max(last, line.seq);
}

// --- what the sources were told -----------------------------------------------------------------------------------

void Judge::read_callbacks() {
  for (std::size_t i = 0; i < run_.sources.size(); ++i) {
    const bool is_last = i + 1 == run_.sources.size() || run_.sources[i + 1].src != run_.sources[i].src;
    if (run_.sources[i].src < attempts_.size()) read_source_file(run_.sources[i], is_last);
  }
}

void Judge::read_source_file(const SourceFile& file, bool is_last) {
  std::uint16_t restart_cause = kNoCause;
  if (file.start > 1) {  // its predecessor stands before it in the list
    const auto before = std::find_if(run_.sources.begin(), run_.sources.end(), [&](const SourceFile& f) {
      return f.src == file.src && f.start + 1 == file.start;
    });
    if (before != run_.sources.end()) restart_cause = cause_of_restart(before->pid);
    if (restart_cause == kNoCause) {
      found_.broken(Obligation::kP5, [&] {
        return "source#" + std::to_string(file.src) + " began its incarnation " + std::to_string(file.start) +
               " though nobody had killed the one before";
      });
    }
  }
  FlyingMap flying;
  for_each_line<SourceLine>(file.path, [&](const SourceLine& line) {
    if (line.src != file.src) return;
    if (line.event == Event::kEmit) {
      emitted_again(line, flying, restart_cause);
    } else {
      told(line, file, flying);
    }
  });
  check_left(file, flying, is_last);
}

void Judge::emitted_again(const SourceLine& line, FlyingMap& flying, std::uint16_t restart_cause) {
  auto [it, is_new] = flying.try_emplace(line.seq);
  Flying& f = it->second;
  if (!is_new && !f.told) {
    found_.broken(Obligation::kP6, [&] { return name_of(line) + ": emitted before the one before was told"; });
  }
  const std::uint16_t cause = is_new ? restart_cause : f.cause;
  const Attempt attempt = attempts_[line.src].find(line.seq, line.start, line.attempt);
  if (attempt && attempt.cause != nullptr) *attempt.cause = cause;
  f = {line.attempt, false, kNoCause, line.time_ns};
}

void Judge::told(const SourceLine& line, const SourceFile& file, FlyingMap& flying) {
  last_told_ns_ = std::max(last_told_ns_, line.time_ns);
  const auto it = flying.find(line.seq);
  if (line.start != file.start || it == flying.end() || it->second.told || it->second.attempt != line.attempt) {
    return found_.broken(Obligation::kP6, [&] {
      return std::string(name_of(line.event)) + " of " + name_of(line) + " in incarnation " +
             std::to_string(file.start) + ": not waited for, or told before";
    });
  }
  if (line.event == Event::kAck) {
    ++found_.acks;
    check_ack(line);
    flying.erase(it);
    return;
  }
  ++(line.event == Event::kTimeout ? timeouts_ : fails_);
  Flying& f = it->second;
  f.told = true;
  f.cause = cause_of(f.emitted_ns, line.time_ns);
  if (f.cause == kNoCause && held_late(run_.settings.late_every, line.seq, 0, line.attempt)) f.cause = kLate;
  if (f.cause != kNoCause) return;
  ++unexplained_replays_;
  found_.broken(Obligation::kP5, [&] {
    return std::string(name_of(line.event)) + " of " + name_of(line) + " after " + millis(line.time_ns - f.emitted_ns) +
           ", with no fault in that time";
  });
}

void Judge::check_ack(const SourceLine& line) {
  const Attempt attempt = attempts_[line.src].find(line.seq, line.start, line.attempt);
  if (!attempt) return;  // P3 has it
  const bool whole = (*attempt.seen & Attempts::kSeen) == Attempts::kSeen;
  if (whole && *attempt.reached <= units(line.time_ns)) return;
  ++found_.false_acks;
  found_.broken(Obligation::kP2, [&] {
    return "ACK of " + name_of(line) + (whole ? ": before it had reached the sink" : ": not all of it is in the sink");
  });
}

void Judge::check_left(const SourceFile& file, const FlyingMap& flying, bool is_last) {
  if (!is_last || cause_of_restart(file.pid) != kNoCause) return;  // the dead are told nothing
  for (const auto& [seq, f] : flying) {
    found_.broken(Obligation::kP6, [&, s = seq, attempt = f.attempt] {
      return name_of(file.src, s) + " attempt " + std::to_string(file.start) + "." + std::to_string(attempt) +
             ": never told";
    });
  }
}

/// The latest fault whose outage (until its recovery and a grace) met the life of an attempt.
std::uint16_t Judge::cause_of(std::uint64_t emitted_ns, std::uint64_t failed_ns) const {
  for (std::size_t i = run_.faults.size(); i-- > 0;) {
    const Fault& f = run_.faults[i];
    if (f.time_ns > failed_ns) continue;
    const std::uint64_t end = f.recovered_ns + run_.settings.grace_ms * 1'000'000;
    if (f.recovered_ns == 0 || end >= emitted_ns) return static_cast<std::uint16_t>(i);
  }
  return kNoCause;
}

std::uint16_t Judge::cause_of_restart(std::uint64_t pid) const {
  for (std::size_t i = 0; i < run_.faults.size(); ++i) {
    if (run_.faults[i].pid == pid) return static_cast<std::uint16_t>(i);
  }
  return kNoCause;
}

// --- the sums -----------------------------------------------------------------------------------------------------

void Judge::sum_records() {
  std::uint64_t holes = 0;
  for (std::size_t src = 0; src < attempts_.size(); ++src) {
    const Attempts& a = attempts_[src];
    const std::uint64_t last = std::max(a.highest(), run_.settings.last);
    for (std::uint64_t seq = 1; seq <= a.highest(); ++seq) {
      if (!a.was_emitted(seq)) {
        ++holes;
        ++found_.missing;
        found_.broken(Obligation::kP1, [&] { return name_of(src, seq) + ": never emitted, though later ones were"; });
        continue;
      }
      ++found_.records;
      for (unsigned b = 0; b < kFanOut; ++b) {
        if (a.is_in_sink(seq, b)) continue;
        ++found_.missing;
        found_.broken(Obligation::kP1,
                      [&] { return name_of(src, seq) + " branch " + std::to_string(b) + ": not in the sink"; });
      }
    }
    if (last > a.highest()) {
      found_.missing += last - a.highest();
      found_.broken(
          Obligation::kP1,
          [&] {
            return "source#" + std::to_string(src) + " ended at seq " + std::to_string(a.highest()) + ", not at " +
                   std::to_string(last);
          },
          last - a.highest());
    }
    found_.replays += a.replays();
  }
  found_.figures(Obligation::kP1, "missing " + std::to_string(found_.missing) + ", records " +
                                      std::to_string(found_.records) + ", holes " + std::to_string(holes));
  found_.figures(Obligation::kP2,
                 "false acks " + std::to_string(found_.false_acks) + " of " + std::to_string(found_.acks));
  found_.figures(Obligation::kP3,
                 "copies " + std::to_string(found_.copies) + ", torn last lines " + std::to_string(torn_));
  found_.figures(Obligation::kP6, "acks " + std::to_string(found_.acks) + ", fails " + std::to_string(fails_) +
                                      ", timeouts " + std::to_string(timeouts_));
  found_.figures(Obligation::kP7, "ways " + std::to_string(last_on_way_.size()));
  found_.figures(
      Obligation::kP8,
      "keys " + std::to_string(kKeys - static_cast<std::uint64_t>(std::count(owner_.begin(), owner_.end(), -1))));
}

std::uint64_t Judge::bound_of(const Fault& fault) const {
  const Settings& s = run_.settings;
  const std::uint64_t outage_ms =
      fault.recovered_ns > fault.time_ns ? (fault.recovered_ns - fault.time_ns) / 1'000'000 : 0;
  const std::uint64_t rounds = 1 + (outage_ms + s.timeout_ms - 1) / std::max<std::uint64_t>(s.timeout_ms, 1);
  return s.sources * s.max_pending * kFanOut * rounds;
}

void Judge::sum_replays() {
  std::vector<std::uint64_t> copies(run_.faults.size(), 0);
  std::uint64_t late = 0, without = 0;
  for (const Attempts& a : attempts_) {
    a.for_each_replay([&](std::uint16_t cause, std::uint8_t seen) {
      const auto n = static_cast<std::uint64_t>(__builtin_popcount(seen & Attempts::kSeen));
      (cause == kLate ? late : cause < copies.size() ? copies[cause] : without) += n;
    });
  }
  found_.unexplained_duplicates += without;
  if (without != 0) {
    found_.broken(Obligation::kP5, [&] { return std::to_string(without) + " copies by replays without a cause"; });
  }
  std::uint64_t most = 0;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    const Fault& f = run_.faults[i];
    most = std::max(most, copies[i]);
    found_.counted_faults += f.held >= run_.settings.min_held ? 1 : 0;
    if (copies[i] <= bound_of(f)) continue;
    found_.broken(Obligation::kP5, [&] {
      return "kill " + std::to_string(f.number) + ": " + std::to_string(copies[i]) + " copies by replays, bound " +
             std::to_string(bound_of(f));
    });
  }
  found_.faults = run_.faults.size();
  found_.figures(Obligation::kP4, "duplicates " + std::to_string(found_.duplicates));
  found_.figures(Obligation::kP5, "replays " + std::to_string(found_.replays) + ", of held late " +
                                      std::to_string(late / kFanOut) + ", faults " + std::to_string(found_.faults) +
                                      ", most copies for one " + std::to_string(most) + ", unexplained " +
                                      std::to_string(unexplained_replays_));
}

void Judge::sum_liveness() {
  std::uint64_t from = last_new_ns_;
  for (const Fault& f : run_.faults) {
    from = std::max({from, f.time_ns, f.recovered_ns});
    if (f.recovered_ns == 0) {
      found_.broken(Obligation::kP10, [&] { return "kill " + std::to_string(f.number) + ": never recovered"; });
    }
  }
  const Settings& s = run_.settings;
  const std::uint64_t took = last_told_ns_ > from ? last_told_ns_ - from : 0;
  const std::uint64_t bound = (2 * s.timeout_ms + s.late_ms + 10'000) * 1'000'000;
  found_.figures(Obligation::kP10, "drained in " + millis(took) + ", bound " + millis(bound));
  if (took > bound) found_.broken(Obligation::kP10, [&] { return "drained in " + millis(took); });
}

/// What grows with the number of roots is a leak; what grows with a pool's first use is over early.
void Judge::sum_memory() {
  const std::uint64_t bound = run_.settings.memory_bytes_per_root;
  if (bound == 0) return found_.figures(Obligation::kP12, "not judged");
  const double seconds = std::max(static_cast<double>(last_new_ns_ - first_ns_) / 1e9, 1e-3);
  const double roots_per_second = std::max(static_cast<double>(found_.records) / seconds, 1e-9);
  std::unordered_map<std::uint64_t, std::vector<MemorySample>> by_pid;
  for (const MemorySample& m : run_.memory) {
    if (m.time_ns <= last_new_ns_) by_pid[m.pid].push_back(m);
  }
  double worst = 0;
  std::size_t judged = 0;
  for (const auto& [pid, samples] : by_pid) {
    const auto growth = growth_of(samples);
    if (!growth) continue;
    ++judged;
    const double per_root = *growth / roots_per_second;
    worst = std::max(worst, per_root);
    if (per_root <= static_cast<double>(bound)) continue;
    found_.broken(Obligation::kP12, [&, p = pid] {
      return "process " + std::to_string(p) + " grew by " + std::to_string(static_cast<std::int64_t>(per_root)) +
             " bytes a root (" + std::to_string(static_cast<std::int64_t>(*growth / 1024)) + " KiB/s)";
    });
  }
  if (judged == 0) found_.broken(Obligation::kP12, [] { return std::string("no process has enough samples"); });
  found_.figures(Obligation::kP12, "worst growth " + std::to_string(static_cast<std::int64_t>(worst)) +
                                       " bytes a root, bound " + std::to_string(bound));
}

}  // namespace ledger
