// SPDX-License-Identifier: Apache-2.0
//
// Options: what a harness tells the component of the topology around it. All has a default, so that a test names what
// it is about: {.tasks = 2, .inputs = {{"orders", "default", {"id", "price"}}}}.
#pragma once

#include "gale/context.hpp"
#include "gale/value.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gale::testkit {

/// An input: a stream of another component, with its fields.
struct Source {
  std::string component;
  std::string stream = "default";
  std::vector<std::string> fields = {};  // none: tuples of any number of values
};

/// A component that reads a direct stream of the tested one: Context::targets gives its tasks.
struct Reader {
  std::string stream, component;
  std::uint32_t first_task = 1, tasks = 1;
};

struct Options {
  Value::Map config = {};
  /// Without any a bolt or grouping has one, test/default, with the fields that it says it reads.
  std::vector<Source> inputs = {};
  std::vector<Reader> readers = {};
  std::string topology = "test";
  std::string component = {};  // its id in the topology; empty: its own name
  std::uint32_t task = 0;      // within the topology
  std::uint32_t index = 0;     // within the component; of a grouping: within the component that emits
  std::uint32_t tasks = 1;     // of the component; of a grouping: of the component that reads
  /// Where the clock begins. Not at zero, which would look like "never".
  TimePoint start = TimePoint(std::chrono::hours(1));
  std::uint64_t max_emit_bytes = std::uint64_t{64} << 20;  // of one call: topology.execute.max.emit.bytes
  std::size_t max_kept = SIZE_MAX;                         // kept tuples at a time; beyond it keep() throws
  std::uint32_t max_pending = 65'536;                      // tracked emits at a time: topology.max.spout.pending
};

}  // namespace gale::testkit
