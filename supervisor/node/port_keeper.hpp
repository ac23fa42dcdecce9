// SPDX-License-Identifier: Apache-2.0
//
// PortKeeper: tcp ports of 127.0.0.1 that are ours from now on, before and between the lives of the processes that
// listen there. Each is held by a socket that is bound and never listens: the kernel gives such a port to nobody who
// does not ask for it by number, and lets those listen who set SO_REUSEADDR, as ZeroMQ does.
#pragma once

#include "engine/base/result.hpp"

#include <cstdint>
#include <vector>

namespace gale::node {

class PortKeeper {
 public:
  PortKeeper() = default;
  ~PortKeeper();
  PortKeeper(const PortKeeper&) = delete;
  PortKeeper& operator=(const PortKeeper&) = delete;

  /// Keeps that port, or one that the system chooses for 0.
  Result<std::uint16_t> keep(std::uint16_t port);

 private:
  std::vector<int> sockets_;
};

}  // namespace gale::node
