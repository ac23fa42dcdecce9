// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/in_child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace gale::cli {
namespace {

constexpr char kWhole = '\n';  // ends an answer: one without it was cut short

[[noreturn]] void be_child(const std::function<std::string()>& answer, int to) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);  // with whatever it starts
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  const std::string text = answer() + kWhole;
  std::fflush(nullptr);
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t n = ::write(to, text.data() + at, text.size() - at);
    if (n < 0 && errno != EINTR) break;
    if (n > 0) at += static_cast<std::size_t>(n);
  }
  ::_exit(0);
}

/// Until the other end is closed. False: not within `most`.
bool read_all(int from, Duration most, std::string& text) {
  const SteadyClock clock;
  const TimePoint end = clock.now() + most;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock.now()).count();
    if (left <= 0) return false;
    pollfd ready{from, POLLIN, 0};
    const int n = ::poll(&ready, 1, static_cast<int>(left));
    if (n < 0 && errno != EINTR) return false;
    if (n <= 0) continue;
    char room[4096];
    const ssize_t bytes = ::read(from, room, sizeof room);
    if (bytes == 0) return true;
    if (bytes > 0) text.append(room, static_cast<std::size_t>(bytes));
  }
}

std::string text_of(Duration d) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", std::chrono::duration<double>(d).count());
  return text;
}

}  // namespace

Result<std::string> in_child(const std::function<std::string()>& answer, Duration most) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Failed{std::string("no pipe: ") + std::strerror(errno)};
  std::fflush(nullptr);  // or the child writes it as well
  const pid_t child = ::fork();
  if (child == 0) be_child(answer, ends[1]);
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    return Failed{std::string("no process: ") + std::strerror(errno)};
  }
  std::string text;
  const bool in_time = read_all(ends[0], most, text);
  ::close(ends[0]);
  if (!in_time) ::kill(child, SIGKILL);
  ::kill(-child, SIGKILL);  // what it has left behind; the child itself has said all, or is cut short
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return Failed{"it did not return within " + text_of(most)};
  if (WIFSIGNALED(status)) return Failed{std::string("it crashed: ") + ::strsignal(WTERMSIG(status))};
  if (text.empty() || text.back() != kWhole)
    return Failed{"it ended the process, with status " + std::to_string(WEXITSTATUS(status))};
  text.pop_back();
  return text;
}

}  // namespace gale::cli
