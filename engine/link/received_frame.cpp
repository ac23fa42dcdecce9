// SPDX-License-Identifier: Apache-2.0
#include "engine/link/received_frame.hpp"

#include <cstring>
#include <utility>

namespace gale::link {

ReceivedFrame::ReceivedFrame(wire::Frame frame, const wire::FrameHeader& header, std::size_t sections,
                             std::shared_ptr<ExecutedSink> sink)
    : frame_(std::move(frame)),
      sink_(std::move(sink)),
      peer_(header.from),
      incarnation_(header.from_incarnation),
      seq_(header.seq),
      parts_(sections),
      left_(static_cast<std::uint32_t>(sections)) {}

void ReceivedFrame::fill(Part& part, const wire::Section& section, wire::BatchPool& pool, TimePoint now) {
  wire::Batch& batch = part.batch;
  batch.bytes = batch.capacity = section.bytes;
  batch.count = section.count;
  batch.source = section.source;
  batch.dest = section.dest;
  batch.end = section.end;
  batch.feedback = section.feedback;
  batch.born = now;
  batch.home = this;
  if (section.end) return;
  if (parts_.size() > 1 && std::size_t{section.bytes} * 8 < frame_.size()) {
    part.copy = pool.take(section.bytes);
    batch.data = part.copy->data;
    std::memcpy(batch.data, section.records, section.bytes);
  } else {
    batch.data = const_cast<std::uint8_t*>(section.records);  // the frame is ours alone
    pinned_.fetch_add(1, std::memory_order_relaxed);
  }
}

void ReceivedFrame::open(wire::Frame frame, const wire::FrameHeader& header, std::span<const wire::Section> sections,
                         wire::BatchPool& pool, std::shared_ptr<ExecutedSink> sink, TimePoint now,
                         std::vector<wire::BatchPtr>& out) {
  out.reserve(out.size() + sections.size());
  auto* self = new ReceivedFrame(std::move(frame), header, sections.size(), std::move(sink));
  for (std::size_t i = 0; i < sections.size(); ++i) {
    self->parts_[i].batch.token = i;
    self->fill(self->parts_[i], sections[i], pool, now);
  }
  if (self->pinned_.load(std::memory_order_relaxed) == 0) self->frame_ = {};
  for (Part& part : self->parts_) out.emplace_back(&part.batch);
}

void ReceivedFrame::done(wire::Batch* batch) noexcept {
  Part& part = parts_[batch->token];
  if (part.copy) {
    part.copy.reset();
  } else if (!batch->end && pinned_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    frame_ = {};
  }
  Executed event{
      peer_, incarnation_, seq_, {batch->dest, batch->feedback}, wire::charge_of(batch->capacity, batch->end), false};
  const std::shared_ptr<ExecutedSink> sink = sink_;  // another thread may delete this as soon as left_ is counted
  event.last = left_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  if (event.last) delete this;
  sink->executed(event);
}

}  // namespace gale::link
