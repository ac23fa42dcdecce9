// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/worker_log.hpp"

#include "engine/base/log_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

namespace gale::node {
namespace {

constexpr int kLook = 200;  // ms; how often the writer asks whether the worker lives

struct Pipe {
  int read = -1, write = -1;
};

/// As the log's own lines begin.
std::string clock_text() {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  tm local{};
  ::localtime_r(&now.tv_sec, &local);
  char room[32];
  std::snprintf(room, sizeof room, "%02d:%02d:%02d.%03d", local.tm_hour, local.tm_min, local.tm_sec,
                static_cast<int>(now.tv_usec / 1000));
  return room;
}

/// What one pipe brings, and what stands before each of its lines.
struct Source {
  int fd;
  std::string mark;  // empty: lines are whole
  Lines lines{};
};

class Writer {
 public:
  Writer(log::LogFile file, std::array<Source, 3> sources) : file_(std::move(file)), sources_(std::move(sources)) {}

  void run(pid_t worker) {
    while (true) {
      std::array<pollfd, 3> fds{};
      for (std::size_t i = 0; i < fds.size(); ++i) fds[i] = {sources_[i].fd, POLLIN, 0};
      const int ready = ::poll(fds.data(), fds.size(), kLook);
      bool read = false;
      for (std::size_t i = 0; ready > 0 && i < fds.size(); ++i) {
        if (fds[i].revents != 0) read = take(sources_[i]) || read;
      }
      file_.flush();
      // A process that user code has started may hold the pipes open for ever.
      if (!read && (::getppid() != worker || all_closed())) break;
    }
    for (Source& source : sources_) source.lines.end([&](std::string_view line) { write(source, line); });
    file_.flush();
  }

 private:
  bool take(Source& source) {
    char room[64 * 1024];
    const ssize_t n = ::read(source.fd, room, sizeof room);
    if (n > 0) {
      source.lines.take({room, static_cast<std::size_t>(n)}, [&](std::string_view line) { write(source, line); });
    } else if (n == 0 || errno != EINTR) {
      source.fd = -1;  // poll() passes over it
    }
    return n > 0;
  }
  void write(const Source& source, std::string_view line) {
    if (source.mark.empty()) return file_.write(line);
    file_.write(clock_text() + " " + source.mark + " " + std::string(line));
  }
  [[nodiscard]] bool all_closed() const {
    return std::all_of(sources_.begin(), sources_.end(), [](const Source& s) { return s.fd < 0; });
  }

  log::LogFile file_;
  std::array<Source, 3> sources_;
};

[[noreturn]] void be_the_writer(log::LogFile file, const std::array<Pipe, 3>& pipes, const std::string& name,
                                pid_t worker) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) std::signal(signal, SIG_IGN);
  ::prctl(PR_SET_NAME, "gale log");
  for (const Pipe& pipe : pipes) ::close(pipe.write);
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, fd);
  Writer(std::move(file), {{{pipes[0].read, ""}, {pipes[1].read, "stdout " + name}, {pipes[2].read, "stderr " + name}}})
      .run(worker);
  std::_Exit(0);
}

}  // namespace

Result<int> start_worker_log(const WorkerLogOptions& options) {
  Result<log::LogFile> file = log::LogFile::open(options.file, options.max_bytes, options.files);
  if (!file) return Failed{file.error()};
  std::array<Pipe, 3> pipes;
  for (Pipe& pipe : pipes) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      return Failed{std::string("cannot make a pipe for the log: ") + std::strerror(errno)};
    pipe = {ends[0], ends[1]};
  }
  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return Failed{std::string("cannot start the writer of the log: ") + std::strerror(errno)};
  if (child == 0) be_the_writer(std::move(*file), pipes, options.name, self);
  for (const Pipe& pipe : pipes) ::close(pipe.read);
  ::dup2(pipes[1].write, STDOUT_FILENO);
  ::dup2(pipes[2].write, STDERR_FILENO);
  ::close(pipes[1].write);
  ::close(pipes[2].write);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a crash forgets what is in its buffer
  return pipes[0].write;
}

}  // namespace gale::node
