// SPDX-License-Identifier: Apache-2.0
//
// HELLO and LANE frames: acks, fails, credit and confirmations, for ledgers that live here and tasks of the sender.
#include "engine/wire/lane_frame.hpp"

#include "engine/base/assert.hpp"
#include "tests/fuzz/world.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gale;
  static const wire::Limits limits = fuzz::limits();
  for (const wire::FrameType type : {wire::FrameType::kHello, wire::FrameType::kLane}) {
    std::vector<std::uint8_t> room;
    const auto judged = fuzz::judge({data, size}, type, room);
    if (!judged) continue;
    if (judged->header.type == wire::FrameType::kHello) {
      std::vector<wire::Grant> grants;
      if (wire::get_hello(judged->header, judged->body, limits, grants) != wire::Refusal::kNone) continue;
      for (const wire::Grant& grant : grants)
        ASSERT(limits.worker_of.at(grant.purse.task.value) == judged->header.from, "credit of a task elsewhere");
    }
    if (judged->header.type == wire::FrameType::kLane) {
      wire::LaneState state;
      wire::LaneBody lane;
      if (wire::get_lane_state(judged->header, judged->body, state) != wire::Refusal::kNone) continue;
      if (wire::get_lane_body(judged->header, judged->body, limits, lane) != wire::Refusal::kNone) continue;
      for (const wire::AckBatch& batch : lane.acks)
        ASSERT(limits.worker_of_ledger.at(batch.ledger.value) == limits.me, "acks for a ledger elsewhere");
    }
  }
  return 0;
}
