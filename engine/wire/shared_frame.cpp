// SPDX-License-Identifier: Apache-2.0
#include "engine/wire/shared_frame.hpp"

namespace gale::wire {

namespace {
class BatchBlock final : public FrameBlock {
 public:
  BatchBlock(BatchPtr batch, const std::uint8_t* begin, std::size_t size) noexcept
      : FrameBlock(begin, size), batch_(std::move(batch)) {}

 private:
  BatchPtr batch_;
};
}  // namespace

Frame::Frame(BatchPtr batch, const std::uint8_t* begin, std::size_t size)
    : block_(new BatchBlock(std::move(batch), begin, size)) {}

}  // namespace gale::wire
