// SPDX-License-Identifier: Apache-2.0
//
// Poison: which tuples one bolt task must not run, because each was in as many crashes as are enough
// (engine/crash/poison.hpp), and which it runs by themselves, because they were in fewer. A task that has none of this
// looks at one pointer a call. Immutable.
#pragma once

#include "engine/crash/page.hpp"
#include "engine/crash/poison.hpp"
#include "engine/plan/plan.hpp"
#include "engine/wire/record.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace gale::execute {

/// What a fail for good begins with, wherever it has travelled: the spout does not try such a tuple again. User code's
/// reasons begin with "component#index: ", so none of them is mistaken for it.
constexpr std::string_view kPoisonReason = "poison: ";

class Poison {
 public:
  /// Null when nothing of `suspects` is for this component.
  static std::unique_ptr<const Poison> of(const plan::Plan& plan, const plan::Component& component,
                                          const crash::Suspects& suspects) {
    auto poison = std::make_unique<Poison>();
    poison->alone_ = suspects.alone(component.id);
    for (const auto& [suspect, known] : suspects.all()) {
      if (suspect.component != component.id) continue;
      for (std::size_t i = 0; i < component.inputs.size(); ++i) {
        const plan::Edge& edge = plan.edges[component.inputs[i]];
        const plan::Component& from = plan.component(edge.from);
        if (suspect.from == from.id + "/" + from.streams[edge.stream].name)
          poison->known_[{static_cast<std::uint16_t>(i), suspect.hash}] = known.crashes;
      }
    }
    if (!poison->alone_ && poison->known_.empty()) return nullptr;
    return poison;
  }

  enum class Verdict : std::uint8_t { kClean, kSuspect, kPoison };
  [[nodiscard]] Verdict of(const std::uint8_t* record) const {
    if (known_.empty()) return Verdict::kClean;
    const gale_in_record head = wire::head_of(record);
    const auto it = known_.find({head.input, crash::hash_of(record + head.values_at, head.size - head.values_at)});
    if (it == known_.end()) return Verdict::kClean;
    return it->second < crash::Suspects::kCrashes ? Verdict::kSuspect : Verdict::kPoison;
  }
  /// Run one tuple a call: the component has crashed, and its SDK does not say with which.
  [[nodiscard]] bool alone() const noexcept { return alone_; }

 private:
  std::map<std::pair<std::uint16_t, std::uint64_t>, unsigned> known_;  // input's number and hash of the values: crashes
  bool alone_ = false;
};

}  // namespace gale::execute
