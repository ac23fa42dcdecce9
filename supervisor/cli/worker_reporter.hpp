// SPDX-License-Identifier: Apache-2.0
//
// WorkerReporter: a worker process's end of the control connection: says how it is, does what it is told.
#pragma once

#include "engine/worker/worker.hpp"
#include "supervisor/cli/worker_network.hpp"
#include "supervisor/control/channel.hpp"

#include <algorithm>
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
  bool obey(worker::Worker& worker, WorkerNeighbours& neighbours) {
    while (const auto m = client_.receive()) {
      if (m->kind == control::Kind::kStop) return true;
      follow(worker, neighbours, *m);
      heard_ = std::max(heard_, m->told);
    }
    return false;
  }
  void close() { client_.close(std::chrono::milliseconds(500)); }

 private:
  static void follow(worker::Worker& worker, WorkerNeighbours& neighbours, const control::Message& m) {
    switch (m.kind) {
      case control::Kind::kDrain:
        return worker.drain();
      case control::Kind::kActivate:
        return worker.set_active(true);
      case control::Kind::kDeactivate:
        return worker.set_active(false);
      case control::Kind::kPeers:
        return neighbours.follow(worker, m.places);
      case control::Kind::kSuspects:
        return worker.avoid(crash::Suspects::from_text(m.suspects));
      default:
        return;
    }
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
  std::uint64_t heard_ = 0;  // number of the last order that was followed
  control::Client client_;
};

}  // namespace gale::cli
