// SPDX-License-Identifier: Apache-2.0
//
// WorkerReporter: a worker process's end of the control connection: says how it is, does what it is told.
#pragma once

#include "engine/base/log.hpp"
#include "engine/worker/worker.hpp"
#include "supervisor/control/channel.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gale::cli {

class WorkerReporter {
 public:
  /// `slot`: 0 when no supervisor started it.
  WorkerReporter(const std::string& endpoint, WorkerId self, Incarnation incarnation, std::uint16_t slot)
      : self_(self), incarnation_(incarnation), slot_(slot), client_(endpoint, self, incarnation, slot) {}

  void report(worker::Report report) {
    control::Message m = message(control::Kind::kReport);
    m.told = heard_;
    m.report = std::move(report);
    client_.send(m);
  }
  void cannot_start(const std::string& why) {
    control::Message m = message(control::Kind::kCannotStart);
    m.why = why;
    client_.send(m);
    client_.close(std::chrono::seconds(2));
  }
  /// Does what it is told; true: stop.
  bool obey(worker::Worker& worker) {
    while (const auto m = client_.receive()) {
      if (m->kind == control::Kind::kStop) return true;
      follow(worker, *m);
      heard_ = std::max(heard_, m->told);
    }
    return false;
  }
  /// Where peers are, as the worker knows it already: told the same again, it would connect anew.
  void know(const std::vector<control::PeerPlace>& places) {
    for (const control::PeerPlace& p : places) places_[p.place] = {p.data, p.ack};
  }
  void close() { client_.close(std::chrono::milliseconds(500)); }

 private:
  void follow(worker::Worker& worker, const control::Message& m) {
    switch (m.kind) {
      case control::Kind::kDrain:
        return worker.drain();
      case control::Kind::kActivate:
        return worker.set_active(true);
      case control::Kind::kDeactivate:
        return worker.set_active(false);
      case control::Kind::kPeers:
        for (const control::PeerPlace& p : m.places) {
          if (p.place == self_ || p.data.empty() || is_known(p)) continue;
          if (Result<void> moved = worker.peer_moved(p.place, {p.data, p.ack}); !moved) log::warn("", moved.error());
          know({p});
        }
        return;
      case control::Kind::kSuspects:
        return worker.avoid(crash::Suspects::from_text(m.suspects));
      default:
        return;
    }
  }
  [[nodiscard]] bool is_known(const control::PeerPlace& p) const {
    const auto it = places_.find(p.place);
    return it != places_.end() && it->second == link::Endpoints{p.data, p.ack};
  }
  [[nodiscard]] control::Message message(control::Kind kind) const {
    control::Message m;
    m.kind = kind;
    m.worker = self_;
    m.incarnation = incarnation_;
    m.slot = slot_;
    return m;
  }

  WorkerId self_;
  Incarnation incarnation_;
  std::uint16_t slot_;
  std::map<WorkerId, link::Endpoints> places_;
  std::uint64_t heard_ = 0;  // number of the last order that was followed
  control::Client client_;
};

}  // namespace gale::cli
