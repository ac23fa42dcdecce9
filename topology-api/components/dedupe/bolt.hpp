// SPDX-License-Identifier: Apache-2.0
//
// dedupe.Bolt: passes on the first tuple of each key; later ones, within the bounds, go to the stream `duplicates`.
// A tuple that fails behind this bolt is sent again by its spout, and is a duplicate here: it would be lost. So either
// nothing that may fail stands behind it, or `key` holds what tells a replay apart. What a bolt keeps is gone with its
// worker. Equal keys must reach the same task: a fields grouping, or one task.
#pragma once

#include "seen.hpp"

#include <gale/component.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gale::stock::dedupe {

class Bolt final : public BasicBolt {
 public:
  void describe(Describe& d) override {
    d.doc("Passes on the first tuple of each key; later ones go to the stream duplicates.");
    d.key(
        "key", names_,
        "The fields that are the key. Group the input by them. A tuple that failed behind this bolt and is sent again "
        "counts as a duplicate.",
        {.required = true});
    d.key("seconds", seconds_, "How long a key is remembered from its first tuple on; 0 is as long as there is room.");
    d.key("entries", entries_, "How many keys a task remembers; the oldest goes first.");
    d.key("max_bytes", max_bytes_, "How many bytes of memory the keys of a task may take; the oldest goes first.");
    fields_.resize(names_.size());
    for (std::size_t i = 0; i < names_.size(); ++i) d.reads(fields_[i], names_[i]);
    d.emits(d.input_fields());
    d.stream("duplicates", duplicates_, d.input_fields());
    if (!d.bound()) return;
    if (names_.empty()) throw Error("key 'key' names no field");
    if (!(seconds_ >= 0 && seconds_ <= 1e9)) throw Error("key 'seconds' may be 0 to 1000000000");
    if (entries_ < 1 || max_bytes_ < 1) throw Error("keys 'entries' and 'max_bytes' may not be below 1");
  }
  void open(Context& context) override {
    context_ = &context;
    duplicates_counted_ = context.counter("duplicates");
    pushed_out_ = context.counter("pushed_out");
    seen_ = Seen({.entries = static_cast<std::size_t>(entries_),
                  .bytes = static_cast<std::size_t>(max_bytes_),
                  .age = std::chrono::nanoseconds(static_cast<std::int64_t>(seconds_ * 1e9))});
  }
  void execute(const Tuple& tuple, Collector& out) override {
    key_.clear();
    for (const Field<Value>& field : fields_) key_ += codec::packed(tuple.get(field));  // one form for each value
    const std::uint64_t before = seen_.pushed_out();
    const bool is_new = seen_.add(key_, context_->now());
    pushed_out_.add(seen_.pushed_out() - before);
    if (is_new) return out.forward(tuple);
    duplicates_counted_.add();
    out.on(duplicates_).forward(tuple);
  }

 private:
  std::vector<std::string> names_;
  double seconds_ = 600;
  std::int64_t entries_ = 100'000, max_bytes_ = std::int64_t{64} << 20;
  std::vector<Field<Value>> fields_;
  Stream duplicates_;
  Context* context_ = nullptr;
  Seen seen_;
  std::string key_;
  Counter duplicates_counted_, pushed_out_;
};

}  // namespace gale::stock::dedupe
