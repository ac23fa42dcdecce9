// SPDX-License-Identifier: Apache-2.0
//
// file.LineSpout: the lines of files. Every line is tracked; the engine sends one again that failed. With `resume` it
// keeps on disk how far all is acked, so a new start, also after a kill -9, begins there and loses nothing.
// Invariant: what the resume file calls done is acked, or was given up after topology.max.attempts and told.
#pragma once

#include "../common/line_keys.hpp"
#include "line_source.hpp"
#include "positions.hpp"

#include <gale/component.hpp>
#include <gale/frontier.hpp>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace gale::stock::file {

class LineSpout final : public Spout {
 public:
  void describe(Describe& d) override;
  void open(Context& context) override;
  Next next(SpoutCollector& out) override;
  void ack(MessageId id) override;
  void fail(const Failure& failure) override;
  void close() override;

 private:
  void emit(const SourceLine& line, SpoutCollector& out);
  void look();
  Next sleep();
  void settled(MessageId id);
  void save_when_due(TimePoint now);
  void save();

  LineKeys keys_;
  std::string path_, from_ = "beginning", resume_;
  std::vector<std::string> paths_;
  bool follow_ = false, origin_ = false;
  std::int64_t resume_every_ms_ = 200, rotate_wait_ms_ = 5000;

  Context* context_ = nullptr;
  std::unique_ptr<LineSource> source_;
  Positions positions_;
  AckFrontier frontier_;
  MessageId number_ = 0;  // of the next line, when nothing is kept on disk
  bool asleep_ = false, finished_ = false, dirty_ = false;
  std::uint32_t lines_since_look_ = 0, acks_since_look_ = 0;
  TimePoint next_save_{}, next_look_{};
  std::uint64_t long_lines_told_ = 0, truncated_told_ = 0;
  std::set<std::string> save_errors_;
  Counter lines_, long_lines_, mended_, given_up_, truncated_, save_failures_;
};

}  // namespace gale::stock::file
