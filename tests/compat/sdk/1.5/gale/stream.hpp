// SPDX-License-Identifier: Apache-2.0
//
// Stream: a stream that a component declares in describe(), to emit to it. A member of the component; its number is set
// where it is declared and constant afterwards.
#pragma once

#include "gale/runtime.hpp"

#include <cstdint>

namespace gale {

/// Declared by d.stream(name, stream_, fields), or by d.direct_stream(): then each emit names the task that gets it.
class Stream {
 private:
  friend class Describe;
  friend class Collector;
  friend class Context;
  std::uint16_t number_ = detail::kNoStream;
};

}  // namespace gale
