// SPDX-License-Identifier: Apache-2.0
//
// Hooks for tests: Watch counts what a task does and appends a line of it to a file when it is cleaned up; Worker
// appends a line when it starts and one when it stops. Either misbehaves on demand. Tests and cases alone.
#include "gale/plugin.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace audit {

/// Appends whole lines at once, so that several tasks and processes may write to one file.
void append(const std::string& path, const std::string& line) {
  std::ofstream file(path, std::ios::app);
  file << line + "\n" << std::flush;
  if (!file) throw std::runtime_error("cannot write " + path);
}

/// What a hook is asked to do wrong, and where.
struct Wrong {
  std::string throw_in, hang_in, exit_in;
  void describe(gale::Describe& d) {
    d.key("throw_in", throw_in, "The call that throws.");
    d.key("hang_in", hang_in, "The call that never returns.");
    d.key("exit_in", exit_in, "The call that ends the process.");
  }
  void at(const char* call) const {
    if (throw_in == call) throw std::runtime_error("asked to throw in " + throw_in);
    if (exit_in == call) std::exit(0);
    while (hang_in == call) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
};

class Watch final : public gale::TaskHook {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Counts what a task does.");
    d.key("path", path_, "Where its line is appended.", {.required = true});
    d.key("attempts", attempts_, "Its line has the attempts of roots as well.");
    wrong_.describe(d);
  }
  void prepare(gale::Context& context) override {
    who_ = context.component() + "#" + std::to_string(context.index());
    wrong_.at("prepare");
  }
  void emit(const gale::EmitInfo& info) override {
    ++emits_;
    copies_ += info.tasks.size();
    if (info.tracked && info.attempt > 1) ++replays_;
    wrong_.at("emit");
  }
  void execute(const gale::ExecuteInfo& info) override {
    ++executes_;
    if (info.took.count() < 0 || info.tuple.size() != info.tuple.fields().size()) ++odd_;
    wrong_.at("execute");
  }
  void ack(const gale::AckInfo& info) override {
    ++acks_;
    if (info.took.count() < 0) ++odd_;
    wrong_.at("ack");
  }
  void fail(const gale::FailInfo& info) override {
    ++fails_;
    if (info.final) ++finals_;
    if (info.reason.empty()) ++odd_;
    wrong_.at("fail");
  }
  void cleanup() override {
    std::string line = who_ + " emits " + std::to_string(emits_) + " copies " + std::to_string(copies_) + " executes " +
                       std::to_string(executes_) + " acks " + std::to_string(acks_) + " fails " +
                       std::to_string(fails_);
    if (attempts_) line += " replays " + std::to_string(replays_) + " finals " + std::to_string(finals_);
    if (odd_ != 0) line += " odd " + std::to_string(odd_);
    append(path_, line);
    wrong_.at("cleanup");
  }

 private:
  std::string path_, who_;
  bool attempts_ = false;
  Wrong wrong_;
  std::uint64_t emits_ = 0, copies_ = 0, executes_ = 0, acks_ = 0, fails_ = 0, replays_ = 0, finals_ = 0, odd_ = 0;
};

class Worker final : public gale::WorkerHook {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Says when a worker starts and stops.");
    d.key("path", path_, "Where its lines are appended.", {.required = true});
    wrong_.describe(d);
  }
  void start(gale::Context& context) override {
    who_ =
        context.topology() + " worker " + std::to_string(context.worker()) + " of " + std::to_string(context.workers());
    append(path_, who_ + " starts");
    wrong_.at("start");
  }
  void stop() override {
    append(path_, who_ + " stops");
    wrong_.at("stop");
  }

 private:
  std::string path_, who_;
  Wrong wrong_;
};

/// So that the plugin is not hooks alone.
class Drop final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override { d.doc("Drops what it reads."); }
  void execute(const gale::Tuple&, gale::Collector&) override {}
};

}  // namespace audit

GALE_PLUGIN("audit", "1.0.0", audit::Watch, audit::Worker, audit::Drop);
