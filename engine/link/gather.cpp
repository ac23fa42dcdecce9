// SPDX-License-Identifier: Apache-2.0
#include "engine/link/gather.hpp"

#include "engine/wire/data_frame.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gale::link {

void Gather::make_room(std::uint32_t for_bytes) {
  room_ = pool_->take(std::max(frame_bytes_, for_bytes));
  bytes_ = sections_ = 0;
}

void Gather::append(const wire::Batch& batch) {
  std::uint8_t* const at = room_->data + bytes_;
  wire::put_section(at, batch);
  if (batch.bytes != 0) std::memcpy(at + wire::kSectionHeaderBytes, batch.data, batch.bytes);
  bytes_ += wire::kSectionHeaderBytes + batch.bytes;
  ++sections_;
}

void Gather::add(wire::BatchPtr batch, std::vector<wire::BatchPtr>& release) {
  if (empty() && batch->home == pool_) {
    bytes_ = wire::kSectionHeaderBytes + batch->bytes;
    sections_ = 1;
    single_ = std::move(batch);
    return;
  }
  if (!room_) {
    make_room(wire::kSectionHeaderBytes + batch->bytes);
    if (single_) {
      append(*single_);
      single_.reset();
    }
  }
  append(*batch);
  if (batch->home != pool_) release.push_back(std::move(batch));
}

Gather::Body Gather::take() {
  Body body;
  body.bytes = std::exchange(bytes_, 0);
  body.sections = std::exchange(sections_, 0);
  if (single_) {
    body.begin = single_->data - wire::kSectionHeaderBytes;
    wire::put_section(body.begin, *single_);
    body.room = std::move(single_);
  } else if (room_) {
    body.begin = room_->data;
    body.room = std::move(room_);
  }
  return body;
}

}  // namespace gale::link
