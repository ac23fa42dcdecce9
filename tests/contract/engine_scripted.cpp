// SPDX-License-Identifier: Apache-2.0
//
// The plugin `scripted`: components that run the functions of a script (engine_scripted.hpp). Tests of the engine
// alone.
#include "tests/contract/engine_scripted.hpp"

#include "gale/plugin.hpp"

namespace {

using gale::test::BoltScript;
using gale::test::GroupingScript;
using gale::test::HookScript;
using gale::test::SpoutScript;
using gale::test::WorkerHookScript;

template <class Script>
Script& script_at(std::int64_t address) {
  if (address == 0) throw gale::Error("key 'script' wants the address of a script");
  return *reinterpret_cast<Script*>(address);
}

class Source final : public gale::Spout {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Runs a script.");
    d.key("script", address_, "Where the script is.");
    d.emits({"n", "text"});
    d.stream("other", other_, {"n"});
    d.direct_stream("direct", direct_, {"n"});
  }
  void open(gale::Context& context) override {
    script_ = &script_at<SpoutScript>(address_);
    script_->other = other_;
    script_->direct = direct_;
    context_ = &context;
    if (script_->open) script_->open(context);
  }
  gale::Next next(gale::SpoutCollector& out) override { return script_->next(out, *context_); }
  void ack(gale::MessageId id) override {
    if (script_->ack) script_->ack(id);
  }
  void fail(const gale::Failure& f) override {
    if (script_->fail) script_->fail(f);
  }
  void activate() override {
    if (script_->activate) script_->activate();
  }
  void deactivate() override {
    if (script_->deactivate) script_->deactivate();
  }
  void close() override {
    if (script_->close) script_->close();
  }

 private:
  std::int64_t address_ = 0;
  SpoutScript* script_ = nullptr;
  gale::Context* context_ = nullptr;
  gale::Stream other_, direct_;
};

template <int kTickMs>
class Any : public gale::Bolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Runs a script; without one it passes tuples on.");
    d.key("script", address_, "Where the script is.");
    d.emits({"n", "text"});
    d.stream("other", other_, {"n"});
    d.direct_stream("direct", direct_, {"n"});
    if constexpr (kTickMs != 0) d.tick_every(std::chrono::milliseconds(kTickMs));
  }
  void open(gale::Context& context) override {
    script_ = &script_at<BoltScript>(address_);
    context_ = &context;
    script_->other = other_;
    script_->direct = direct_;
    if (script_->open) script_->open(context);
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    if (script_->execute) return script_->execute(tuple, out);
    if (script_->execute_as) return script_->execute_as(tuple, out, *context_);
    out.forward(tuple);
    out.ack(tuple);
  }
  void tick(gale::TimePoint now, gale::Collector& out) override {
    if (script_->tick) script_->tick(now, out);
  }
  bool finish(gale::Collector& out) override { return !script_->finish || script_->finish(out); }
  void activate() override {
    if (script_->activate) script_->activate();
  }
  void close() override {
    if (script_->close) script_->close();
  }

 private:
  std::int64_t address_ = 0;
  BoltScript* script_ = nullptr;
  gale::Context* context_ = nullptr;
  gale::Stream other_, direct_;
};

class Step final : public Any<0> {};
class Ticker final : public Any<5> {};

class Choice final : public gale::Grouping {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Runs a script.");
    d.key("script", address_, "Where the script is.");
    d.reads(n_, "n");
  }
  void open(gale::Context& context) override {
    script_ = &script_at<GroupingScript>(address_);
    if (script_->open) script_->open(context);
  }
  void choose(const gale::Values& tuple, gale::Targets& to) override { script_->choose(tuple, to); }
  void close() override {
    if (script_->close) script_->close();
  }

 private:
  std::int64_t address_ = 0;
  GroupingScript* script_ = nullptr;
  gale::Field<std::int64_t> n_;
};

class Hook final : public gale::TaskHook {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Runs a script.");
    d.key("script", address_, "Where the script is.");
  }
  void prepare(gale::Context& context) override {
    script_ = &script_at<HookScript>(address_);
    if (script_->prepare) script_->prepare(context);
  }
  void emit(const gale::EmitInfo& info) override {
    if (script_->emit) script_->emit(info);
  }
  void execute(const gale::ExecuteInfo& info) override {
    if (script_->execute) script_->execute(info);
  }
  void ack(const gale::AckInfo& info) override {
    if (script_->ack) script_->ack(info);
  }
  void fail(const gale::FailInfo& info) override {
    if (script_->fail) script_->fail(info);
  }
  void cleanup() override {
    if (script_->cleanup) script_->cleanup();
  }

 private:
  std::int64_t address_ = 0;
  HookScript* script_ = nullptr;
};

class Process final : public gale::WorkerHook {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Runs a script.");
    d.key("script", address_, "Where the script is.");
  }
  void start(gale::Context& context) override {
    script_ = &script_at<WorkerHookScript>(address_);
    if (script_->start) script_->start(context);
  }
  void stop() override {
    if (script_->stop) script_->stop();
  }

 private:
  std::int64_t address_ = 0;
  WorkerHookScript* script_ = nullptr;
};

}  // namespace

GALE_PLUGIN("scripted", "1.0.0", Source, Step, Ticker, Choice, Hook, Process);
