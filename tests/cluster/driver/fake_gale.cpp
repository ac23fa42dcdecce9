// SPDX-License-Identifier: Apache-2.0
//
// A stand-in for `gale run` that keeps every promise in the simplest way, so that the driver is tested without the
// engine: workers are processes that are started again when killed; a source does all the work of its records itself.
// FAKE_GALE=lose makes it lose one record, which the driver has to report.
#include "tests/cluster/format.hpp"
#include "tests/cluster/plugins/files.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace ledger;

constexpr unsigned kSources = 2, kKeyed = 4;
std::map<std::string, std::string> settings;  // what --set said

std::uint64_t setting(const char* name) { return std::stoull(settings.at(name)); }

class FakeSource {
 public:
  explicit FakeSource(std::uint16_t src)
      : src_(src), dir_(settings.at("dir")), mark_(dir_ + "/mark." + std::to_string(src)) {
    const std::string task = "." + std::to_string(src) + ".", pid = std::to_string(::getpid());
    start_ = static_cast<std::uint16_t>(starts_so_far(dir_, src) + 1);
    lines_ = LineFile(dir_ + "/source" + task + std::to_string(start_) + "." + pid);
    sink_ = LineFile(dir_ + "/sink" + task + pid);
    gauge_.open(dir_ + "/gauge.source" + task + pid);
    next_ = mark_.get() + 1;
  }
  /// A millisecond's work; false when all is acked.
  bool step(std::uint64_t now) {
    std::uint64_t end = setting("records");
    if (std::ifstream file(dir_ + "/end"); end == 0 && file) file >> end;
    for (std::uint64_t n = setting("rate") / 1000; n > 0 && (end == 0 || next_ <= end); --n) emit(next_++, now);
    while (!flying_.empty() && flying_.front().second <= now) {
      const std::uint64_t seq = flying_.front().first;
      arrive(seq);
      write(Event::kAck, seq);
      gauge_.acked();
      flying_.pop_front();
      if (seq % 64 == 0 || flying_.empty()) mark_.advance(seq);
    }
    gauge_.held(flying_.size());
    gauge_.position(next_ - 1);
    return end == 0 || next_ <= end || !flying_.empty();
  }

 private:
  void emit(std::uint64_t seq, std::uint64_t now) {
    write(Event::kEmit, seq);
    flying_.emplace_back(seq, now + setting("hold") * 1'000'000);
  }
  void write(Event event, std::uint64_t seq) {
    SourceLine line;
    line.event = event;
    line.src = src_;
    line.seq = seq;
    line.time_ns = now_ns();
    line.attempt = 1;
    line.start = start_;
    lines_.append(line);
  }
  void arrive(std::uint64_t seq) {
    static const bool lose = std::getenv("FAKE_GALE") != nullptr;
    for (std::uint8_t branch = 0; branch < kFanOut; ++branch) {
      if (lose && seq == 1000 && branch == 1) continue;
      SinkLine line;
      line.src = src_;
      line.attempt = 1;
      line.seq = seq;
      line.time_ns = now_ns();
      line.start = start_;
      line.key = static_cast<std::uint16_t>(seq % kKeys);
      line.branch = branch;
      line.keyed = static_cast<std::uint8_t>(line.key % kKeyed);
      line.sink = static_cast<std::uint8_t>(src_);
      line.sound = 1;
      sink_.append(line);
    }
  }

  std::uint16_t src_, start_ = 0;
  std::string dir_;
  Mark mark_;
  LineFile lines_, sink_;
  GaugeFile gauge_;
  std::uint64_t next_ = 1;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> flying_;
};

int work(unsigned worker, unsigned workers) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::vector<std::unique_ptr<FakeSource>> sources;
  std::vector<std::unique_ptr<GaugeFile>> keyed;
  for (unsigned task = worker; task < kSources + kKeyed; task += workers) {
    if (task < kSources) {
      sources.push_back(std::make_unique<FakeSource>(static_cast<std::uint16_t>(task)));
      continue;
    }
    keyed.push_back(std::make_unique<GaugeFile>());
    keyed.back()->open(settings.at("dir") + "/gauge.keyed." + std::to_string(task - kSources) + "." +
                       std::to_string(::getpid()));
    keyed.back()->held(2000);
  }
  if (sources.empty()) {
    for (;;) ::pause();  // until it is told that all is done
  }
  for (bool busy = true; busy;) {
    busy = false;
    for (const auto& source : sources) busy |= source->step(now_ns());
    ::usleep(1000);
  }
  return 0;
}

int start(const char* self, unsigned worker, char** argv) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const std::string number = std::to_string(worker);
  std::vector<char*> arguments = {const_cast<char*>(self), const_cast<char*>("worker"),
                                  const_cast<char*>(number.c_str())};
  for (char** a = argv + 2; *a != nullptr; ++a) arguments.push_back(*a);
  arguments.push_back(nullptr);
  ::execv(self, arguments.data());
  ::_exit(127);
}

std::uint64_t acked() {
  std::uint64_t sum = 0;
  for (unsigned src = 0; src < kSources; ++src) sum += Mark(settings.at("dir") + "/mark." + std::to_string(src)).get();
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  unsigned workers = 1;
  for (int i = 2; i + 1 < argc; ++i) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "--workers") workers = static_cast<unsigned>(std::stoul(value));
    if (option == "--set") settings[value.substr(0, value.find('='))] = value.substr(value.find('=') + 1);
  }
  if (std::string(argv[1]) == "worker") return work(static_cast<unsigned>(std::stoul(argv[2])), workers);
  std::map<pid_t, unsigned> children;
  for (unsigned w = 0; w < workers; ++w) children[start(argv[0], w, argv)] = w;
  for (unsigned ended = 0; !children.empty();) {
    int status = 0;
    const pid_t pid = ::wait(&status);
    const unsigned worker = children.at(pid);
    children.erase(pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
      children[start(argv[0], worker, argv)] = worker;
    } else if (WIFEXITED(status) && ++ended == std::min(workers, kSources)) {
      for (const auto& [other, number] : children) ::kill(other, SIGTERM);
    }
  }
  std::printf("{\"topology\":\"ledger\",\"roots\":{\"acked\":%llu,\"pending\":0}}\n",
              static_cast<unsigned long long>(acked()));
  return 0;
}
