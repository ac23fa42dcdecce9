// SPDX-License-Identifier: Apache-2.0
//
// MasterLink: keeps a beat with the master: one is always under way, since the master holds its answer while nothing
// changes; one with news leaves at once and replaces it. A master that is silent is asked again with growing pauses
// over a fresh connection, so that no pile of old beats waits for it. Beside it, other requests. Time and chance are
// passed in.
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/control/request.hpp"
#include "supervisor/node/seams.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace gale::node {

class MasterLink {
 public:
  static constexpr Duration kAnswer = std::chrono::seconds(5);        // the master holds a beat for one
  static constexpr Duration kApart = std::chrono::milliseconds(100);  // of beats without news

  /// `chance`: 0..1.
  MasterLink(Requests& requests, std::function<double()> chance) : requests_(requests), chance_(std::move(chance)) {}

  /// Takes what has come, and notices silence.
  void step(TimePoint now);
  [[nodiscard]] bool beat_due(TimePoint now, bool news) const;
  void beat(const control::Beat& beat, TimePoint now);
  /// When beat_due() or step() may say something else.
  [[nodiscard]] TimePoint next() const;

  /// The newest answer since the last call, and the number of the last event that the master has.
  struct Answer {
    control::Wanted wanted;
    std::uint64_t events = 0;
    Value raw;  // with what else stands in it
  };
  std::optional<Answer> take_answer();

  /// Asks something else; `done` is called from step(), with nothing when there was no answer in time.
  using Done = std::function<void(const std::optional<control::Reply>&)>;
  void ask(const std::string& verb, Value args, TimePoint now, Done done);

  /// Why the master is not heard; empty when it is.
  [[nodiscard]] const std::string& silent() const noexcept { return silent_; }

 private:
  struct Beaten {
    std::string id;
    std::uint64_t events = 0;  // the last that it told
    TimePoint at{};
  };
  struct Asked {
    TimePoint at{};
    Done done;
  };
  void take(const control::Reply& reply, TimePoint now);
  void fell_silent(const std::string& why, TimePoint now);

  Requests& requests_;
  std::function<double()> chance_;
  std::deque<Beaten> beaten_;
  std::map<std::string, Asked> asked_;  // by id
  std::optional<Answer> answer_;
  TimePoint last_{}, not_before_{};
  std::uint32_t silences_ = 0;
  std::string silent_;
};

}  // namespace gale::node
