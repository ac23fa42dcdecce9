// SPDX-License-Identifier: Apache-2.0
//
// LinkActions: what a Link wants done, appended to by every call of it. Its owner carries out `sends` before anybody
// else calls the same Link (their order is the lane's order), and the rest after it has left the link's lock, since
// tasks and ledgers may call back.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/wire/ack.hpp"
#include "engine/wire/batch.hpp"
#include "engine/wire/shared_frame.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gale::link {

/// Two connections a direction: what data fills cannot hold up acks, credit and HELLO.
enum class Lane : std::uint8_t { kData, kAck };

struct LinkActions {
  struct Send {
    Lane lane;
    wire::Frame frame;
  };
  std::vector<Send> sends;
  std::optional<Incarnation> peer_changed;  // before everything below
  std::vector<wire::BatchPtr> deliver;      // in order, to the inboxes of Batch::dest
  std::vector<wire::AckBatch> acks;         // to ledgers of this worker
  std::vector<TaskId> credit;               // tasks that try_send refused and now would take
  std::vector<wire::BatchPtr> release;      // to be let go
  std::vector<std::string> notes;           // for the log, already limited to one a second

  [[nodiscard]] bool empty() const noexcept {
    return sends.empty() && !peer_changed && deliver.empty() && acks.empty() && credit.empty() && release.empty() &&
           notes.empty();
  }
};

}  // namespace gale::link
