// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

extern char** environ;

namespace gale::process {

std::string Exit::text() const {
  if (!by_signal) return "exit status " + std::to_string(code);
  const char* name = ::sigabbrev_np(code);
  return "signal " + std::to_string(code) + (name == nullptr ? "" : std::string(" (SIG") + name + ")");
}

Result<Process> Process::start(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, argv[0], &files, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0) return Failed{"cannot start " + arguments[0] + ": " + std::strerror(error)};
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) {
    const std::string why = std::strerror(errno);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return Failed{"cannot watch a worker process (pidfd_open, Linux 5.3 or later): " + why};
  }
  return Process(pid, fd);
}

Process::Process(Process&& o) noexcept : pid_(std::exchange(o.pid_, -1)), fd_(std::exchange(o.fd_, -1)) {}
Process& Process::operator=(Process&& o) noexcept {
  if (this != &o) {
    release();
    pid_ = std::exchange(o.pid_, -1);
    fd_ = std::exchange(o.fd_, -1);
  }
  return *this;
}
Process::~Process() { release(); }

void Process::release() noexcept {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (fd_ >= 0) ::close(fd_);
  pid_ = fd_ = -1;
}

void Process::signal(int number) const noexcept {
  if (pid_ > 0) ::kill(pid_, number);
}

bool Process::ended(Exit& exit) {
  if (pid_ <= 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = -1;
  exit.by_signal = WIFSIGNALED(status);
  exit.code = exit.by_signal ? WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

}  // namespace gale::process
