// SPDX-License-Identifier: Apache-2.0
//
// The two loops of BoltTask's pass that nearly all tuples go through: emits in a row, each anchored to one input of one
// root at most, to a stream that one task reads; and inputs in a row that were simply acked. What they walk with is in
// local variables, since a byte written to a batch may alias any member (see Copier::Run). Whatever is not as usual is
// left to bolt_pass.cpp.
#include "engine/execute/bolt_task.hpp"

#include <cstring>

namespace gale::execute {
namespace {

constexpr std::uint32_t kBare = wire::kRecordHead;                          // where the values of a tuple without
constexpr std::uint32_t kTracked = wire::kRecordHead + wire::kAnchorBytes;  // ... and with one root begin

std::uint64_t word_at(const std::uint8_t* at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

constexpr std::uint32_t kEmitValuesAt = sizeof(gale_out_record);

/// The two words of an out-record: an emit with nothing between its head and its values, anchored to one input.
bool is_usual(std::uint64_t low, std::uint64_t high, std::uint16_t stream) noexcept {
  return low >> 32 == (kEmitValuesAt | std::uint64_t{stream} << 16) && static_cast<std::uint32_t>(high) == GALE_EMIT &&
         high >> 32 < GALE_ANCHOR_LIST;
}

}  // namespace

/// Walks over inputs that are acked as usual, all of one root or all of none; in local variables, put back for what is
/// not so.
template <std::uint32_t kValuesAt>
class BoltTask::Walk {
 public:
  explicit Walk(BoltTask& task) noexcept
      : task_(task),
        verdicts_(task.verdicts_.data()),
        acks_(task.acks_),
        at_(task.input_at_),
        children_(task.children_),
        input_(task.input_) {}

  [[gnu::always_inline]] void to(std::uint32_t upto) {
    while (input_ != upto) {
      const std::uint64_t head = word_at(at_);
      if (__builtin_expect(verdicts_[input_] == GALE_VERDICT_ACKED && is_usual(head), 1)) {
        if constexpr (kValuesAt == kTracked) {
          const wire::Anchor a = wire::anchor_at(at_, 0);
          acks_.ack(a.ledger, a.root, a.edge ^ children_);
          children_ = 0;
        }
        ++acked_;
      } else {
        other();
      }
      at_ += static_cast<std::uint32_t>(head);
      ++input_;
    }
  }
  [[nodiscard, gnu::always_inline]] bool at_usual() const noexcept { return is_usual(word_at(at_)); }
  [[nodiscard, gnu::always_inline]] wire::Anchor anchor() const noexcept { return wire::anchor_at(at_, 0); }
  [[gnu::always_inline]] void child(std::uint64_t edge) noexcept { children_ ^= edge; }
  [[gnu::always_inline]] void end() noexcept {
    acks_.end();
    put_back(task_, at_, children_, input_, acked_);
  }

 private:
  [[gnu::always_inline]] static bool is_usual(std::uint64_t head) noexcept {
    return static_cast<std::uint16_t>(head >> 32) == kValuesAt;
  }
  [[gnu::always_inline]] void other() {
    end();
    acked_ = 0;
    task_.finish_input(wire::head_of(at_));
    children_ = 0;
  }
  [[gnu::noinline]] static void put_back(BoltTask& task, const std::uint8_t* at, std::uint64_t children,
                                         std::uint32_t input, std::uint64_t acked) noexcept {
    task.input_at_ = at;
    task.children_ = children;
    task.input_ = input;
    task.acked_ += acked;
  }

  BoltTask& task_;
  const std::uint8_t* const verdicts_;
  AckOutbox::Run acks_;
  const std::uint8_t* at_;
  std::uint64_t children_;
  std::uint32_t input_;
  std::uint64_t acked_ = 0;
};

/// Passes over as many records as are usual emits of one stream, and returns the first that is not.
const std::uint8_t* BoltTask::pass_run(const std::uint8_t* at, const std::uint8_t* end) {
  const std::uint64_t low = word_at(at), high = word_at(at + 8);
  const auto stream = static_cast<std::uint16_t>(low >> 48);
  if (!is_usual(low, high, stream) || !Copier::Run::possible(copier_, stream)) return at;
  finish_inputs(static_cast<std::uint32_t>(high >> 32));
  const std::uint16_t values_at = wire::head_of(input_at_).values_at;
  if (values_at == kTracked) return pass_run_of<kTracked>(at, end, stream);
  return values_at == kBare ? pass_run_of<kBare>(at, end, stream) : at;
}

template <std::uint32_t kInputValuesAt>
const std::uint8_t* BoltTask::pass_run_of(const std::uint8_t* at, const std::uint8_t* end, std::uint16_t stream) {
  Copier::Run run(copier_, stream);
  Walk<kInputValuesAt> inputs(*this);
  std::uint64_t emitted = 0;
  while (at != end) {
    const std::uint64_t low = word_at(at), high = word_at(at + 8);
    if (!is_usual(low, high, stream)) break;
    inputs.to(static_cast<std::uint32_t>(high >> 32));
    if (!inputs.at_usual()) break;
    const std::uint32_t bytes = static_cast<std::uint32_t>(low) - kEmitValuesAt;
    if constexpr (kInputValuesAt == kTracked) {
      const wire::Anchor a = inputs.anchor();
      inputs.child(run.put(a.root, a.ledger, at + kEmitValuesAt, bytes));
    } else {
      run.put(at + kEmitValuesAt, bytes);
    }
    ++emitted;
    at += static_cast<std::uint32_t>(low);
  }
  inputs.end();
  run.end();
  emitted_ += emitted;
  return at;
}

void BoltTask::finish_inputs(std::uint32_t upto) {
  if (input_ == upto) return;
  const auto walk = [&](auto inputs) {
    inputs.to(upto);
    inputs.end();
  };
  if (wire::head_of(input_at_).values_at == kTracked) return walk(Walk<kTracked>(*this));
  walk(Walk<kBare>(*this));
}

}  // namespace gale::execute
