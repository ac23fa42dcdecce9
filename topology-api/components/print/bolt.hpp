// SPDX-License-Identifier: Apache-2.0
//
// print.Bolt: each tuple as a line on stdout or stderr, in one write, so that lines of several tasks do not mix.
#pragma once

#include "../common/cells.hpp"
#include "../common/write_all.hpp"

#include <gale/component.hpp>

#include <cstdint>
#include <string>

namespace gale::stock::print {

class Bolt final : public BasicBolt {
 public:
  void describe(Describe& d) override {
    d.doc("Prints each tuple as a line.");
    cells_.describe(d);
    d.key("to", to_, "stdout or stderr.");
    d.key("prefix", prefix_, "What each line begins with.");
    d.key("limit", limit_, "How many lines a task prints; 0 is all. The rest is acked unprinted.");
    if (!d.bound()) return;
    if (to_ != "stdout" && to_ != "stderr") throw Error("key 'to' is '" + to_ + "'; it may be stdout or stderr");
    if (limit_ < 0) throw Error("key 'limit' may not be negative; 0 is all");
  }
  void open(Context&) override { fd_ = to_ == "stdout" ? STDOUT_FILENO : STDERR_FILENO; }
  void execute(const Tuple& tuple, Collector&) override {
    if (limit_ > 0 && printed_ >= limit_) return;
    line_ = prefix_;
    cells_.append(line_, tuple);
    line_ += '\n';
    if (write_all(fd_, line_) != line_.size()) throw Error("cannot write to " + to_ + ": " + errno_text(errno));
    ++printed_;
  }

 private:
  Cells cells_;
  std::string to_ = "stdout", prefix_, line_;
  std::int64_t limit_ = 0, printed_ = 0;
  int fd_ = STDOUT_FILENO;
};

}  // namespace gale::stock::print
