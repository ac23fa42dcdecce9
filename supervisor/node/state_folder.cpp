// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/state_folder.hpp"

#include "engine/base/sha256.hpp"
#include "supervisor/control/request.hpp"
#include "supervisor/node/endpoints.hpp"
#include "supervisor/node/file_name.hpp"
#include "supervisor/node/log_read.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

namespace gale::node {

namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMostRecord = 1u << 20;
constexpr std::size_t kMostName = 200;

std::optional<std::string> sha256_of_file(const fs::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return std::nullopt;
  Sha256 sum;
  std::vector<char> room(1u << 16);
  for (std::size_t n = 0; (n = std::fread(room.data(), 1, room.size(), file)) > 0;) sum.add({room.data(), n});
  const bool whole = std::ferror(file) == 0;
  std::fclose(file);
  return whole ? std::optional(sum.hex()) : std::nullopt;
}

Failed cannot(const char* do_what, const fs::path& path, int error) {
  return {"cannot " + std::string(do_what) + " " + path.string() + ": " + std::strerror(error)};
}

/// Appends and syncs; 0 or an errno.
int append(const fs::path& path, std::uint64_t offset, std::string_view bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  int error = ::ftruncate(fd, static_cast<off_t>(offset)) == 0 ? 0 : errno;
  while (error == 0 && !bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      error = n < 0 ? errno : ENOSPC;
      break;
    }
    offset += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  if (error == 0 && ::fsync(fd) != 0) error = errno;
  if (::close(fd) != 0 && error == 0) error = errno;
  return error;
}

}  // namespace

Result<StateFolder> StateFolder::open(const fs::path& path, Write write) {
  if (Result<void> made = make_folder(path); !made) return Failed{made.error() + "; give another folder with --state"};
  std::error_code failed;
  const fs::path real = fs::canonical(path, failed);
  if (failed) return cannot("use", path, failed.value());
  const fs::path lock = real / "lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    Failed why = cannot("open", lock, errno);
    why.text += "; give another folder with --state";
    return why;
  }
  StateFolder state(real, fd, std::move(write));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const std::string pid = read_small(lock, 64).value_or("");
    return Failed{real.string() + " belongs to another supervisor" + (pid.empty() ? "" : ", pid " + pid) +
                  "; end that one, or give this one another folder with --state"};
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) == 0) static_cast<void>(::pwrite(fd, pid.data(), pid.size(), 0) == 0);  // for people alone
  if (Result<void> ready = state.prepare(); !ready) return Failed{ready.error()};
  return state;
}

StateFolder::StateFolder(StateFolder&& o) noexcept
    : path_(std::move(o.path_)),
      lock_(std::exchange(o.lock_, -1)),
      write_(std::move(o.write_)),
      host_(std::move(o.host_)),
      installed_(std::move(o.installed_)),
      notes_(std::move(o.notes_)) {}

StateFolder::~StateFolder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<void> StateFolder::prepare() {
  for (const char* folder : {"plugins", "topologies", "slots", "run", "logs"}) {
    if (Result<void> made = make_folder(path_ / folder); !made) return made;
  }
  const fs::path file = path_ / "host-id";
  std::error_code failed;
  if (fs::exists(file, failed)) {
    host_ = read_small(file, 64).value_or("");
    if (host_.size() == 32 && file_name_of(host_) == host_) {
      find_installed();
      return {};
    }
    notes_.push_back("the id of this host cannot be read; it was set aside as " + set_aside(file).string() +
                     ", and the host is a new one to the master");
  }
  host_ = control::fresh_id();
  find_installed();
  return write_(file, host_, 0600);
}

std::uint64_t StateFolder::free_bytes() const {
  struct statvfs about {};
  return ::statvfs(path_.c_str(), &about) == 0 ? std::uint64_t{about.f_bavail} * about.f_frsize : 0;
}

// ---- slots

std::optional<SlotRecord> StateFolder::record(std::uint16_t port) {
  const fs::path folder = path_ / "slots" / std::to_string(port);
  const fs::path file = folder / "record";
  const fs::path before = folder / "record.before";
  std::error_code failed;
  if (fs::exists(fs::symlink_status(file, failed))) {
    if (auto record = decode_record(read_small(file, kMostRecord).value_or(""))) return record;
    notes_.push_back("the record of slot " + std::to_string(port) + " cannot be read; it was set aside as " +
                     set_aside(file).string());
  }
  auto record = decode_record(read_small(before, kMostRecord).value_or(""));
  if (!record) return std::nullopt;
  if (control::count_of(record->incarnation) < control::kMostCount) ++record->incarnation.value;
  record->ended = false;
  record->process = {};
  return record;
}

Result<void> StateFolder::write_record(std::uint16_t port, const SlotRecord& record) {
  const fs::path folder = path_ / "slots" / std::to_string(port);
  const fs::path file = folder / "record";
  const std::string bytes = encode(record);
  if (Result<void> made = make_folder(folder); !made) return made;
  const auto present = decode_record(read_small(file, kMostRecord).value_or(""));
  if (present && present->incarnation != record.incarnation) {
    if (Result<void> kept = write_(folder / "record.before", encode(*present), 0600); !kept) return kept;
  }
  return write_(file, bytes, 0600);
}

fs::path StateFolder::launch_file(std::uint16_t port) const {
  return path_ / "slots" / std::to_string(port) / "launch";
}

Result<void> StateFolder::write_launch(std::uint16_t port, std::string_view bytes) {
  if (Result<void> made = make_folder(launch_file(port).parent_path()); !made) return made;
  return write_(launch_file(port), bytes, 0600);
}

fs::path StateFolder::suspects_file(const std::string& topology) const {
  return path_ / "topologies" / file_name_of(topology) / "suspects";
}

std::string StateFolder::suspects(const std::string& topology) const {
  return read_small(suspects_file(topology), kMostRecord).value_or("");
}

Result<void> StateFolder::write_suspects(const std::string& topology, std::string_view text) {
  return write_(suspects_file(topology), text, 0600);
}

Result<fs::path> StateFolder::run_folder_of(const std::string& topology, std::uint32_t revision) {
  const fs::path folder = run_folder(run().string(), topology, revision);
  if (Result<void> made = make_folder(folder); !made) return Failed{made.error()};
  return folder;
}

Result<fs::path> StateFolder::log_file(const std::string& topology, WorkerId place) {
  fs::path file = log_path(logs(), topology, place);
  if (Result<void> made = make_folder(file.parent_path()); !made) return Failed{made.error()};
  return file;
}

void StateFolder::remove_old_logs(const std::set<std::string>& topologies, std::chrono::hours age) {
  std::error_code failed;
  const auto now = fs::file_time_type::clock::now();
  std::vector<fs::path> old;
  for (const auto& folder : fs::directory_iterator(logs(), failed)) {
    const auto topology = text_of_file_name(folder.path().filename().string());
    bool fresh = !topology || topologies.contains(*topology);
    std::error_code unreadable;
    for (const auto& file : fs::directory_iterator(folder.path(), unreadable)) {
      const auto written = fs::last_write_time(file.path(), unreadable);
      fresh = fresh || unreadable || now - written < age;
    }
    if (!fresh) old.push_back(folder.path());
  }
  for (const fs::path& folder : old) fs::remove_all(folder, failed);
}

// ---- plugins

fs::path StateFolder::plugin_file(const std::string& sha256) const { return path_ / "plugins" / (sha256 + ".so"); }

bool StateFolder::has_plugin(const std::string& sha256) const {
  std::error_code failed;
  return is_sha256(sha256) && fs::is_regular_file(plugin_file(sha256), failed);
}

std::uint64_t StateFolder::part_of(const std::string& sha256) const {
  std::error_code failed;
  const std::uintmax_t size = fs::file_size(path_ / "plugins" / (sha256 + ".part"), failed);
  return failed ? 0 : size;
}

Result<void> StateFolder::add_to_plugin(const control::PluginFile& plugin, std::uint64_t offset,
                                        std::string_view bytes) {
  if (!is_sha256(plugin.sha256)) return Failed{"plugin '" + plugin.name + "' has no SHA-256"};
  const fs::path part = path_ / "plugins" / (plugin.sha256 + ".part");
  if (const int error = append(part, offset, bytes); error != 0) return cannot("write", part, error);
  if (offset + bytes.size() < plugin.bytes) return {};
  std::error_code failed;
  if (sha256_of_file(part) != plugin.sha256) {
    fs::remove(part, failed);
    return Failed{"plugin '" + plugin.name + "' has come with other bytes than the master names (SHA-256 " +
                  plugin.sha256.substr(0, 12) + "...); it is fetched anew"};
  }
  if (::chmod(part.c_str(), 0444) != 0 || ::rename(part.c_str(), plugin_file(plugin.sha256).c_str()) != 0)
    return cannot("install", plugin_file(plugin.sha256), errno);
  return sync_folder(path_ / "plugins");
}

std::vector<std::string> StateFolder::plugins() const {
  std::set<std::string> all;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(path_ / "plugins", failed)) {
    const std::string stem = entry.path().filename().stem().string();
    if (is_sha256(stem)) all.insert(stem);
  }
  return {all.begin(), all.end()};
}

void StateFolder::remove_plugin(const std::string& sha256) {
  std::error_code ignored;
  fs::remove(plugin_file(sha256), ignored);
  fs::remove(path_ / "plugins" / (sha256 + ".part"), ignored);
}

Result<void> StateFolder::check_plugin(const control::PluginFile& plugin) {
  const fs::path file = plugin_file(plugin.sha256);
  if (sha256_of_file(file) == plugin.sha256) return {};
  const std::string there = set_aside(file).string();
  notes_.push_back("plugin '" + plugin.name + "' is not what it was: set aside as " + there + ", it is fetched anew");
  return Failed{notes_.back()};
}

// ---- revisions

fs::path StateFolder::revision_folder(const RevisionId& id) const {
  return path_ / "topologies" / file_name_of(id.first) / std::to_string(id.second);
}
fs::path StateFolder::topology_file(const std::string& topology, std::uint32_t revision) const {
  return revision_folder({topology, revision}) / "topology.yaml";
}
fs::path StateFolder::plugin_folder(const std::string& topology, std::uint32_t revision) const {
  return revision_folder({topology, revision}) / "plugins";
}

Result<void> StateFolder::install(const control::Revision& revision) {
  const RevisionId id{revision.topology, revision.number};
  if (installed_.contains(id)) return {};
  if (revision.topology.empty() || file_name_of(revision.topology).size() > kMostName)
    return Failed{"the id of topology '" + revision.topology + "' cannot be the name of a folder"};
  const fs::path folder = revision_folder(id);
  const fs::path beside = folder.string() + ".new";
  std::error_code failed;
  fs::remove_all(beside, failed);
  if (Result<void> made = make_folder(beside / "plugins"); !made) return made;
  for (const control::PluginFile& plugin : revision.plugins) {
    if (Result<void> sound = check_plugin(plugin); !sound) return sound;
    const fs::path link = beside / "plugins" / (file_name_of(plugin.name) + ".so");
    if (::symlink(("../../../../plugins/" + plugin.sha256 + ".so").c_str(), link.c_str()) != 0)
      return cannot("make", link, errno);
  }
  if (Result<void> done = write_(beside / "topology.yaml", revision.file, 0400); !done) return done;
  if (Result<void> done = sync_folder(beside / "plugins"); !done) return done;
  fs::remove_all(folder, failed);
  if (::rename(beside.c_str(), folder.c_str()) != 0) return cannot("install", folder, errno);
  if (Result<void> done = sync_folder(folder.parent_path()); !done) return done;
  installed_.insert(id);
  return {};
}

void StateFolder::find_installed() {
  std::error_code failed;
  for (const auto& topology : fs::directory_iterator(path_ / "topologies", failed)) {
    const auto name = text_of_file_name(topology.path().filename().string());
    std::error_code unreadable;
    for (const auto& revision : fs::directory_iterator(topology.path(), unreadable)) {
      const std::string number = revision.path().filename().string();
      std::uint32_t n = 0;
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), n);
      const bool whole = fs::is_regular_file(revision.path() / "topology.yaml", unreadable);
      if (name && error == std::errc() && end == number.data() + number.size() && whole) installed_.emplace(*name, n);
    }
  }
}

void StateFolder::remove(const RevisionId& id) {
  std::error_code ignored;
  installed_.erase(id);
  const fs::path folder = revision_folder(id);
  fs::remove_all(folder, ignored);
  const auto others = [&](const RevisionId& other) { return other.first == id.first; };
  if (std::none_of(installed_.begin(), installed_.end(), others)) fs::remove_all(folder.parent_path(), ignored);
  fs::remove_all(run_folder(run().string(), id.first, id.second), ignored);
}

}  // namespace gale::node
