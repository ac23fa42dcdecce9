// SPDX-License-Identifier: Apache-2.0
//
// Connections: keeps strangers from using up the file descriptors of a listener. ZeroMQ accepts whoever connects, waits
// for a handshake for two seconds, and without a descriptor left spins on accept(). So at most a quarter of the
// descriptors belongs to young connections: beyond that the one that has said least is cut, the oldest of these. And
// when there is none left at all, a reserve is given up for accepting and cutting whatever waits.
// Threads: one. It cuts by shutdown(), which ZeroMQ sees as the peer's end; a descriptor that is meanwhile another's is
// left alone, since only those that are connected to a listener's own port are touched.
#pragma once

#include "engine/base/clock.hpp"

#include <cstdint>
#include <deque>
#include <set>

namespace gale::keys {

class Connections {
 public:
  explicit Connections(std::size_t most_young);
  /// A quarter of the process's limit of descriptors.
  [[nodiscard]] static std::size_t share_of_limit();
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  void listening(int fd);
  void accepted(int fd, TimePoint now);
  void accept_failed(int error, TimePoint now);
  /// Cuts everybody who is connected to a port of ours: who may still come in does so by a new handshake.
  void cut_all();

  /// The reserve is to be had again: try_restore() is due, soon.
  [[nodiscard]] bool shedding() const noexcept { return reserve_ < 0; }
  void try_restore();
  [[nodiscard]] std::uint64_t cut() const noexcept { return cut_; }

 private:
  struct Young {
    int fd;
    TimePoint since;
  };
  void forget_old(TimePoint now);
  /// Of those that have sent least the oldest. False: there is none that has sent less than a handshake.
  bool cut_one(bool any);
  bool cut_one_of(int fd);
  [[nodiscard]] bool ours(int fd) const;

  const std::size_t most_young_;
  std::set<std::uint16_t> ports_;
  std::deque<Young> young_;  // in the order of their coming
  int reserve_;
  std::uint64_t cut_ = 0;
};

}  // namespace gale::keys
