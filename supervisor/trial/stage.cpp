// SPDX-License-Identifier: Apache-2.0
#include "supervisor/trial/stage.hpp"

#include <gale/plugin.hpp>

#include <atomic>
#include <utility>

namespace gale::trial {
namespace {

std::mutex stages_lock;
std::map<std::int64_t, Stage*>& stages() {
  static std::map<std::int64_t, Stage*> all;
  return all;
}

/// Emits the tuples of its part, tracked, then ends.
class Source final : public Spout {
 public:
  void describe(Describe& d) override {
    d.doc("Stands in a spout's place and emits what a test says.");
    d.key("stage", stage_, "The number of the stage.");
    d.key("part", part_, "Its script there.");
    if (!d.bound()) return d.emits({"value"});
    Stage* stage = Stage::find(stage_);
    if (stage == nullptr) throw Error("stage " + std::to_string(stage_) + " is gone");
    script_ = &stage->sources.at(part_);
    streams_.resize(script_->streams.size());
    for (std::size_t i = 0; i < streams_.size(); ++i) d.stream(script_->streams[i], streams_[i], script_->fields[i]);
  }
  Next next(SpoutCollector& out) override {
    if (at_ == script_->lines.size()) return Next::finished();
    const SourceLine& line = script_->lines[at_];
    out.emit_row(streams_[line.stream], {.id = at_}, line.values);
    ++at_;
    return Next::emitted();
  }
  void fail(const Failure& failure) override {
    Stage* stage = Stage::find(stage_);
    const std::lock_guard lock(stage->mutex);
    stage->fails.emplace_back(failure.reason);
  }

 private:
  std::int64_t stage_ = 0;
  std::string part_;
  const SourceScript* script_ = nullptr;
  std::vector<Stream> streams_;
  std::size_t at_ = 0;
};

class Sink final : public BasicBolt {
 public:
  void describe(Describe& d) override {
    d.doc("Remembers what it is given.");
    d.key("stage", stage_, "The number of the stage.");
    d.key("part", part_, "Where it remembers.");
  }
  void execute(const Tuple& tuple, Collector&) override {
    Stage* stage = Stage::find(stage_);
    const std::lock_guard lock(stage->mutex);
    std::vector<Value::Array>& seen = stage->sinks[part_];
    stage->full = stage->full || seen.size() == kMostSeen;
    if (stage->full) return;
    Value::Array values(tuple.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = tuple.get<Value>(i);
    seen.push_back(std::move(values));
  }

 private:
  std::int64_t stage_ = 0;
  std::string part_;
};

}  // namespace

Stage::Stage() {
  static std::atomic<std::int64_t> last{0};
  number_ = ++last;
  const std::lock_guard lock(stages_lock);
  stages().emplace(number_, this);
}
Stage::~Stage() {
  const std::lock_guard lock(stages_lock);
  stages().erase(number_);
}
Stage* Stage::find(std::int64_t number) {
  const std::lock_guard lock(stages_lock);
  const auto it = stages().find(number);
  return it == stages().end() ? nullptr : it->second;
}

std::shared_ptr<const host::Plugin> stand_ins() {
  static const gale_component source = PluginThunks<Source>::table(detail::lent("Source"));
  static const gale_component sink = PluginThunks<Sink>::table(detail::lent("Sink"));
  static const gale_component* const components[] = {&source, &sink};
  static const gale_plugin plugin = {sizeof(gale_plugin),     GALE_ABI_MAJOR,        GALE_ABI_MINOR,       2,
                                     detail::lent("__trial"), detail::lent("1.0.0"), detail::lent("gale"), components};
  return host::Plugin::of(plugin).plugin;
}

}  // namespace gale::trial
