// SPDX-License-Identifier: Apache-2.0
//
// Ids are types: a task's number cannot be passed where a worker's is wanted. All count from 0 within one topology.
#pragma once

#include <cstdint>
#include <functional>

namespace gale {

template <class Tag, class Int>
struct Id {
  Int value{};
  constexpr Id() = default;
  constexpr explicit Id(Int v) : value(v) {}
  friend constexpr auto operator<=>(Id, Id) = default;
};

using ComponentId = Id<struct ComponentTag, std::uint16_t>;
using TaskId = Id<struct TaskTag, std::uint32_t>;              // dense over the topology
using WorkerId = Id<struct WorkerTag, std::uint16_t>;          // a worker process's place; not its incarnation
using LedgerId = Id<struct LedgerTag, std::uint16_t>;          // a spout task's number among the spout tasks
using Incarnation = Id<struct IncarnationTag, std::uint32_t>;  // how often a worker's place has been started; from 1

/// A root: `slot:20 | serial:44`. The serial's top 12 bits are the incarnation of the spout's worker, the rest count
/// the slot's uses, so no dictionary has to travel with it (engine/ack/README.md).
using RootId = Id<struct RootTag, std::uint64_t>;

}  // namespace gale

template <class Tag, class Int>
struct std::hash<gale::Id<Tag, Int>> {
  std::size_t operator()(gale::Id<Tag, Int> id) const noexcept { return std::hash<Int>{}(id.value); }
};
