// SPDX-License-Identifier: Apache-2.0
//
// Stage: what a test of a topology shares with the spouts and sinks that stand in the place of real ones: tuples that
// go in, tuples that come out, and what failed. The stand-ins are a plugin of this program, kStandIns; a stage is found
// by its number. Threads: fill it in before the topology starts and read it when it has stopped; between, its tasks
// lock it.
#pragma once

#include "gale/value.hpp"
#include "topology-api/host/plugin.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace gale::trial {

inline constexpr std::string_view kStandIns = "__trial";  ///< the plugin, with Source and Sink

inline constexpr std::size_t kMostSeen = 1'000'000;  ///< tuples of one sink; beyond it something runs wild

struct SourceLine {
  std::uint16_t stream = 0;
  Value::Array values;
};

struct SourceScript {
  std::vector<std::string> streams;              // by number
  std::vector<std::vector<std::string>> fields;  // of each
  std::vector<SourceLine> lines;
};

class Stage {
 public:
  Stage();
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  [[nodiscard]] std::int64_t number() const noexcept { return number_; }
  /// Null when there is none (any more).
  static Stage* find(std::int64_t number);

  std::map<std::string, SourceScript, std::less<>> sources;             // by part
  std::map<std::string, std::vector<Value::Array>, std::less<>> sinks;  // by part
  std::vector<std::string> fails;                                       // reasons of what the sources sent
  bool full = false;                                                    // a sink was given more than it takes
  std::mutex mutex;

 private:
  std::int64_t number_;
};

[[nodiscard]] std::shared_ptr<const host::Plugin> stand_ins();

}  // namespace gale::trial
