// SPDX-License-Identifier: Apache-2.0
#include "engine/crash/handler.hpp"

#include "engine/crash/legend.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace gale::crash {
namespace {

constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
struct sigaction before[kSignals.size()];        // what was there: a sanitizer's handler, which has its own to say
constexpr std::size_t kStackBytes = 128 * 1024;  // unwinding takes some, and a frame of the handler
constexpr int kMostFrames = 64;

char record_path[4096] = {};
char program[4096] = {};  // of this process: the loader does not name it
const char* legend_at = nullptr;
std::size_t legend_size = 0;
std::atomic<pid_t> crashed{0};                 // the thread that writes the record
std::atomic<pid_t> hung{0};                    // ...that was told to
std::atomic<const Entry*> unreached{nullptr};  // of one that was, and does not answer
Seen seen;                                     // the handler's: too much for a small stack
void* frames[kMostFrames];

/// Text into a file, piece by piece, by write(2) alone.
class Out {
 public:
  explicit Out(int fd) noexcept : fd_(fd) {}
  ~Out() { flush(); }
  Out& operator<<(std::string_view text) noexcept {
    for (const char c : text) {
      if (used_ == sizeof room_) flush();
      room_[used_++] = c;
    }
    return *this;
  }
  Out& operator<<(std::uint64_t n) noexcept {
    char digits[20];
    std::size_t at = sizeof digits;
    do digits[--at] = static_cast<char>('0' + n % 10);
    while ((n /= 10) != 0);
    return *this << std::string_view(digits + at, sizeof digits - at);
  }
  Out& hex(std::uint64_t n, int digits) noexcept {
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
      const char digit = "0123456789abcdef"[n >> shift & 15];
      *this << std::string_view(&digit, 1);
    }
    return *this;
  }
  void flush() noexcept {
    for (std::size_t done = 0; done < used_;) {
      const ssize_t n = ::write(fd_, room_ + done, used_ - done);
      if (n < 0 && errno != EINTR) break;
      if (n > 0) done += static_cast<std::size_t>(n);
    }
    used_ = 0;
  }

 private:
  int fd_;
  std::size_t used_ = 0;
  char room_[512];
};

int open_record() noexcept {
  if (record_path[0] == 0) return STDERR_FILENO;
  constexpr int kHow = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  int fd = ::open(record_path, kHow, 0600);
  if (fd < 0 && errno == EMFILE) {
    ::close(STDIN_FILENO);
    fd = ::open(record_path, kHow, 0600);
  }
  return fd < 0 ? STDERR_FILENO : fd;
}

void write_call(Out& out) noexcept {
  const Entry* const other = unreached.load();
  const Entry& entry = other != nullptr ? *other : *mine;
  const Call call = entry.call.load();
  if (call == Call::kNone) return;
  const std::string_view legend(legend_at, legend_size);
  const std::uint32_t task = entry.task.load();
  out << "task " << task_in(legend, task) << "\ncall " << name_of(call) << "\n";
  if (call != Call::kExecute) return;
  out << "source " << task_in(legend, entry.source.load()) << "\nof " << entry.count.load() << "\n";
  const std::uint32_t running = running_of(entry);
  if (running != kNotSaid) out << "input " << running << "\n";
  out.flush();
  if (!look(entry, seen)) return;
  out << "from " << input_in(legend, task, seen.input) << "\nroot " << seen.root << "\nsize " << seen.size << "\nhash ";
  out.hex(seen.hash, 16) << "\nbytes ";
  for (std::uint32_t i = 0; i < seen.size && i < kTupleBytes; ++i) out.hex(seen.bytes[i], 2);
  out << "\n";
}

/// Where the signal came, if this machine is known.
const void* interrupted(const void* context) noexcept {
#if defined(__x86_64__)
  return reinterpret_cast<const void*>(static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return reinterpret_cast<const void*>(static_cast<const ucontext_t*>(context)->uc_mcontext.pc);
#else
  return context == nullptr ? context : nullptr;
#endif
}

void write_stack(Out& out, const void* context) noexcept {
  const int n = ::backtrace(frames, kMostFrames);
  int first = 0;  // without the handler's own, as far as that can be told
  while (first < n && frames[first] != interrupted(context)) ++first;
  for (int i = first == n ? 0 : first; i < n; ++i) {
    dl_find_object found;
    out << "frame ";
    if (::_dl_find_object(frames[i], &found) == 0) {
      const auto pc = reinterpret_cast<std::uintptr_t>(frames[i]);
      const char* const module = found.dlfo_link_map->l_name;
      out.hex(pc - found.dlfo_link_map->l_addr, 16) << " " << (module[0] == 0 ? program : module) << "\n";
    } else {
      out.hex(reinterpret_cast<std::uintptr_t>(frames[i]), 16) << "\n";
    }
  }
}

void write_record(int signal, const siginfo_t* info, const void* context) noexcept {
  const int fd = open_record();
  {
    Out out(fd);
    char name[16] = {};
    ::prctl(PR_GET_NAME, name);
    out << (fd == STDERR_FILENO ? "gale: this process crashes\n" : "gale exit 1\nkind crash\n") << "signal "
        << static_cast<std::uint64_t>(signal) << "\nthread " << std::string_view(name, ::strnlen(name, sizeof name))
        << "\n";
    if (hung.load() == ::gettid() || unreached.load() != nullptr) out << "hung 1\n";
    if (signal == SIGSEGV || signal == SIGBUS) {
      out << "address ";
      out.hex(reinterpret_cast<std::uintptr_t>(info->si_addr), 16) << "\n";
    }
    out.flush();
    write_call(out);
    out.flush();
    if (unreached.load() == nullptr) write_stack(out, context);
    out << "end\n";
  }
  if (fd != STDERR_FILENO) ::close(fd);
}

void on_signal(int signal, siginfo_t* info, void* context) {
  pid_t nobody_yet = 0;
  const pid_t self = ::gettid();
  if (!crashed.compare_exchange_strong(nobody_yet, self) && nobody_yet != self) {
    while (true) ::pause();  // another thread was first, and ends the process
  }
  // Only now, or when the record itself crashes: a second thread's signal must not end the process in the middle of it.
  if (nobody_yet == 0) {
    write_record(signal, info, context);
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      if (kSignals[i] == signal) ::sigaction(signal, &before[i], nullptr);
    }
  } else {
    ::signal(signal, SIG_DFL);
  }
  ::raise(signal);  // comes when this returns
}

}  // namespace

void install(const std::string& record, const Page* page) {
  const std::size_t size = std::min(record.size(), sizeof record_path - 1);
  std::memcpy(record_path, record.data(), size);
  record_path[size] = 0;
  legend_at = page == nullptr ? nullptr : page->legend().data();
  legend_size = page == nullptr ? 0 : page->legend().size();
  program[std::max<ssize_t>(::readlink("/proc/self/exe", program, sizeof program - 1), 0)] = 0;
  ::backtrace(frames, kMostFrames);  // the first loads what it needs, which a handler must not
  struct sigaction action {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction old {};
    ::sigaction(kSignals[i], &action, &old);
    if (old.sa_sigaction != on_signal) before[i] = old;
  }
}

void forget(const Page* page) noexcept {
  if (page == nullptr || legend_at != page->legend().data()) return;
  legend_size = 0;
  legend_at = nullptr;
}

struct Thread::Stack {
  void* at;
  stack_t before{};
  Stack()
      : at(::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    stack_t now{};
    now.ss_sp = at;
    now.ss_size = kStackBytes;
    if (at != MAP_FAILED) ::sigaltstack(&now, &before);
  }
  ~Stack() {
    if (at == MAP_FAILED) return;
    if (before.ss_sp == nullptr) before.ss_flags = SS_DISABLE;
    ::sigaltstack(&before, nullptr);
    ::munmap(at, kStackBytes);
  }
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
};

Thread::Thread(Page* page) : page_(page), stack_(std::make_unique<Stack>()) {
  if (page_ != nullptr) entry_ = page_->take();
  if (entry_ != nullptr) mine = entry_;
}

Thread::~Thread() {
  if (entry_ == nullptr) return;
  mine = unattached();
  page_->give_back(entry_);
}

void abort_hung(const Entry& entry) noexcept {
  const pid_t thread = entry.thread.load();
  hung.store(thread);
  ::syscall(SYS_tgkill, ::getpid(), thread, SIGABRT);
}

void abort_unreached(const Entry& entry) noexcept {
  unreached.store(&entry);
  std::abort();
}

}  // namespace gale::crash
