// SPDX-License-Identifier: Apache-2.0
//
// file.LineBolt: each tuple as a line at the end of a file; a tuple is acked when its line is as safe as `fsync` says.
// With `every` the tuples of a batch share one fsync: they are kept, and acked by a job that runs when the batch is
// through.
#pragma once

#include "../common/cells.hpp"
#include "append_file.hpp"

#include <gale/component.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace gale::stock::file {

class LineBolt final : public Bolt {
 public:
  void describe(Describe& d) override;
  void open(Context& context) override;
  void execute(const Tuple& tuple, Collector& out) override;
  void tick(TimePoint now, Collector& out) override;
  bool finish(Collector& out) override;
  void close() override;

 private:
  void settle_kept(Collector& out);

  Cells cells_;
  std::string path_, fsync_ = "never", line_;
  std::int64_t interval_ms_ = 1000;
  AppendFile file_;
  std::vector<KeptTuple> kept_;  // written, not yet on disk
  Mailbox mailbox_;
  Counter lines_, failed_;
};

}  // namespace gale::stock::file
