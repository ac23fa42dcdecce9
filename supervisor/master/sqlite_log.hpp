// SPDX-License-Identifier: Apache-2.0
//
// What SQLite will not say of its log (FILE-wal): it reads the log up to the first frame that is not whole and passes
// over the rest, which is right after a power cut and silent about damage. The two can be told apart, since a change is
// on disk before the next one is written: behind a frame that is not whole there can be the end of one change at most.
// The log's form is described at https://www.sqlite.org/fileformat2.html#walformat. Reads the file, holds a page of it.
#pragma once

#include <cstddef>
#include <string>

namespace gale::master {

struct LogLoss {
  std::size_t frames = 0;   // in the log, of its present round
  std::size_t at = 0;       // the first that is not whole
  std::size_t changes = 0;  // that end behind it: as many were answered and are lost, the last perhaps not answered
};

/// Nothing is lost, or nothing that a power cut would not explain: changes is 0.
[[nodiscard]] LogLoss loss_in_log(const std::string& log);

}  // namespace gale::master
