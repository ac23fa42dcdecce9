// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/worker_process.hpp"

#include "supervisor/control/cluster.hpp"
#include "supervisor/node/file_name.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

extern char** environ;

namespace gale::node {

namespace fs = std::filesystem;
namespace {

int pidfd_of(std::int64_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0)); }

/// A file of /proc has no size beforehand.
std::string read_proc(const std::string& path) {
  std::string text;
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return text;
  char room[4096];
  for (std::size_t n = 0; (n = std::fread(room, 1, sizeof room, file)) > 0 && text.size() < (4u << 20);)
    text.append(room, n);
  std::fclose(file);
  return text;
}

template <class Int>
std::optional<Int> to_int(std::string_view text) {
  Int n{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

std::string stat_of(std::int64_t pid) { return read_proc("/proc/" + std::to_string(pid) + "/stat"); }

/// Of /proc/PID/stat, from 3 on: what stands before, the name, may hold anything.
std::string_view field_of(std::string_view stat, int number) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return {};
  std::string_view rest = stat.substr(name_end + 1);
  for (int field = 3; !rest.empty(); ++field) {
    rest.remove_prefix(1);
    const std::string_view one = rest.substr(0, rest.find(' '));
    if (field == number) return one;
    rest.remove_prefix(one.size());
  }
  return {};
}

/// A child that a worker has forked has its words on its command line: the writer of its log, or user code's.
bool is_forked(std::int64_t pid, std::string_view line) {
  const std::string stat = stat_of(pid);
  if (stat.find("(gale log)") != std::string::npos) return true;
  const auto parent = to_int<std::int64_t>(field_of(stat, 4));
  return parent && read_proc("/proc/" + std::to_string(*parent) + "/cmdline") == line;
}

/// A command line as the kernel has it: each word ends with a NUL.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = line.find('\0');
    words.push_back(line.substr(0, end));
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return words;
}

std::string_view after(const std::vector<std::string_view>& words, std::string_view option) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == option) return words[i + 1];
  }
  return {};
}

/// What the child starts with.
class Attributes {
 public:
  explicit Attributes(const fs::path& log) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::posix_spawn_file_actions_adddup2(&files_, STDOUT_FILENO, STDERR_FILENO);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() {
    ::posix_spawn_file_actions_destroy(&files_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

/// .../topologies/ID/REVISION/topology.yaml, and its place from 1.
Assignment assignment_of(const std::vector<std::string_view>& words, Incarnation life) {
  const fs::path file(words.size() > 2 ? words[2] : std::string_view());
  const fs::path revision = file.parent_path();
  Assignment a;
  a.topology = text_of_file_name(revision.parent_path().filename().string()).value_or("");
  a.revision = to_int<std::uint32_t>(revision.filename().string()).value_or(0);
  a.place = WorkerId(static_cast<std::uint16_t>(to_int<std::uint16_t>(after(words, "--worker")).value_or(1) - 1));
  a.generation = control::generation_of(life);
  return a;
}

std::optional<FoundWorker> worker_of(const fs::path& proc, const std::string& slots) {
  struct stat about {};
  if (::stat(proc.c_str(), &about) != 0 || about.st_uid != ::geteuid()) return std::nullopt;
  const std::string line = read_proc(proc / "cmdline");
  const std::vector<std::string_view> words = words_of(line);
  if (words.size() < 2 || words[1] != "worker") return std::nullopt;
  std::string_view launch = after(words, "--launch");
  if (!launch.starts_with(slots) || !launch.ends_with("/launch")) return std::nullopt;
  launch.remove_prefix(slots.size());
  launch.remove_suffix(std::strlen("/launch"));
  const auto port = to_int<std::uint16_t>(launch);
  const auto life = to_int<std::uint32_t>(after(words, "--incarnation"));
  const auto pid = to_int<std::int64_t>(proc.filename().string());
  if (!port || !life || !pid || is_forked(*pid, line)) return std::nullopt;
  ProcessId process = process_id_of(*pid);
  if (process.pid == 0) return std::nullopt;
  return FoundWorker{*port, assignment_of(words, Incarnation(*life)), Incarnation(*life), std::move(process)};
}

}  // namespace

std::string boot_id() {
  std::string id = read_proc("/proc/sys/kernel/random/boot_id");
  if (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

ProcessId process_id_of(std::int64_t pid) {
  const std::string stat = stat_of(pid);
  const std::string_view state = field_of(stat, 3);
  const auto start = to_int<std::uint64_t>(field_of(stat, 22));
  if (state.empty() || state == "Z" || state == "X") return {};
  return start ? ProcessId{pid, *start, boot_id()} : ProcessId{};
}

Result<WorkerProcess> WorkerProcess::start(const std::vector<std::string>& arguments, const fs::path& log) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const Attributes a(log);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, argv[0], &a.files_, &a.attributes_, argv.data(), environ);
  if (error != 0) return Failed{"cannot start " + arguments[0] + ": " + std::strerror(error)};
  ProcessId id = process_id_of(pid);
  const int fd = pidfd_of(pid);
  if (fd < 0) {
    const std::string why = std::strerror(errno);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return Failed{"cannot watch a worker process (pidfd_open, Linux 5.3 or later): " + why};
  }
  id.pid = pid;  // also when it has ended already
  return WorkerProcess(std::move(id), fd, true);
}

std::optional<WorkerProcess> WorkerProcess::adopt(const ProcessId& id) {
  if (id.pid <= 0) return std::nullopt;
  const int fd = pidfd_of(id.pid);
  if (fd < 0) return std::nullopt;
  if (process_id_of(id.pid) != id) {  // looked at after the descriptor was had: it cannot change under it
    ::close(fd);
    return std::nullopt;
  }
  return WorkerProcess(id, fd, false);
}

WorkerProcess::WorkerProcess(WorkerProcess&& o) noexcept
    : id_(std::move(o.id_)), fd_(std::exchange(o.fd_, -1)), ours_(o.ours_) {}
WorkerProcess& WorkerProcess::operator=(WorkerProcess&& o) noexcept {
  if (this != &o) {
    if (fd_ >= 0) ::close(fd_);
    id_ = std::move(o.id_);
    fd_ = std::exchange(o.fd_, -1);
    ours_ = o.ours_;
  }
  return *this;
}
WorkerProcess::~WorkerProcess() {
  if (fd_ >= 0) ::close(fd_);
}

void WorkerProcess::signal(int number) const noexcept {
  static_cast<void>(::syscall(SYS_pidfd_send_signal, fd_, number, nullptr, 0));
}

std::optional<WorkerProcess::End> WorkerProcess::ended() {
  pollfd p{fd_, POLLIN, 0};
  if (fd_ < 0 || ::poll(&p, 1, 0) != 1) return std::nullopt;
  End end;
  int status = 0;
  end.known = ours_ && ::waitpid(static_cast<pid_t>(id_.pid), &status, WNOHANG) == id_.pid;
  if (end.known) {
    end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  }
  ::close(std::exchange(fd_, -1));
  return end;
}

std::vector<FoundWorker> find_workers(const fs::path& state) {
  std::vector<FoundWorker> found;
  const std::string slots = (state / "slots").string() + "/";
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator("/proc", failed)) {
    if (!to_int<std::int64_t>(entry.path().filename().string())) continue;
    if (auto worker = worker_of(entry.path(), slots)) found.push_back(std::move(*worker));
  }
  return found;
}

}  // namespace gale::node
