// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/log_read.hpp"

#include "supervisor/control/fields.hpp"
#include "supervisor/node/file_name.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string_view>
#include <utility>

namespace gale::node {

namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMostName = 200;
constexpr std::size_t kChunk = 64u << 10;

/// A regular file below a folder, reached without links.
class LogFileReader {
 public:
  LogFileReader(const fs::path& folder, const fs::path& below) {
    const int root = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return;
    open_how how{};
    how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    fd_ = static_cast<int>(::syscall(SYS_openat2, root, below.c_str(), &how, sizeof how));
    if (fd_ < 0 && errno == ENOSYS)  // before Linux 5.6; what is below was made of encoded names
      fd_ = ::openat(root, below.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    ::close(root);
    struct stat about {};
    if (fd_ < 0 || ::fstat(fd_, &about) != 0 || !S_ISREG(about.st_mode)) return;
    size_ = static_cast<std::uint64_t>(about.st_size);
    number_ = about.st_ino;
  }
  ~LogFileReader() {
    if (fd_ >= 0) ::close(fd_);
  }
  LogFileReader(const LogFileReader&) = delete;
  LogFileReader& operator=(const LogFileReader&) = delete;

  [[nodiscard]] bool there() const noexcept { return number_ != 0; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] std::string read(std::uint64_t from, std::size_t most) const {
    std::string bytes(most, '\0');
    const ssize_t n = ::pread(fd_, bytes.data(), most, static_cast<off_t>(from));
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }

 private:
  int fd_ = -1;
  std::uint64_t size_ = 0, number_ = 0;
};

/// The last lines that match, within both bounds.
class Tail {
 public:
  explicit Tail(const LogAsk& ask) : grep_(ask.grep), most_(std::clamp(ask.lines, 1u, kMostLogLines)) {}

  /// All whole lines from `from`; returns behind the last of them. A line that is longer than all we may tell is cut.
  std::uint64_t take(const LogFileReader& file, std::uint64_t from) {
    std::string rest;
    std::uint64_t at = from;
    for (;;) {
      const std::string bytes = file.read(at, kChunk);
      if (bytes.empty()) break;
      at += bytes.size();
      rest += bytes;
      std::size_t begin = 0;
      for (std::size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1)
        add(std::string_view(rest).substr(begin, end - begin));
      rest.erase(0, begin);
      if (rest.size() > kMostLogBytes / 2) {
        add(rest);
        rest.clear();
      }
    }
    return at - rest.size();
  }
  void put(LogPart& part) {
    for (const std::string& line : lines_) part.text += line + "\n";
    part.cut = cut_;
  }

 private:
  void add(std::string_view line) {
    if (!grep_.empty() && line.find(grep_) == std::string_view::npos) return;
    lines_.emplace_back(line);
    bytes_ += line.size() + 1;
    while (lines_.size() > most_ || bytes_ > kMostLogBytes) {
      bytes_ -= lines_.front().size() + 1;
      lines_.pop_front();
      cut_ = true;
    }
  }

  const std::string grep_;
  const std::size_t most_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
  bool cut_ = false;
};

fs::path below(const std::string& topology, WorkerId place, bool before) {
  return fs::path(file_name_of(topology).substr(0, kMostName)) /
         ("worker-" + std::to_string(place.value + 1) + (before ? ".1" : "") + ".log");
}

}  // namespace

fs::path log_path(const fs::path& logs, const std::string& topology, WorkerId place, bool before) {
  return logs / below(topology, place, before);
}

Result<LogPart> read_log(const fs::path& logs, const LogAsk& ask) {
  const LogFileReader file(logs, below(ask.topology, ask.place, false));
  if (!file.there() || ask.topology.empty()) {
    return Failed{"there is no log of worker " + std::to_string(ask.place.value + 1) + " of " + ask.topology +
                  " on this host"};
  }
  Tail tail(ask);
  std::uint64_t from = 0;
  if (ask.offset && ask.file == file.number() && *ask.offset <= file.size()) {
    from = *ask.offset;
  } else if (ask.offset) {
    const LogFileReader before(logs, below(ask.topology, ask.place, true));
    if (before.there() && before.number() == ask.file && *ask.offset <= before.size()) tail.take(before, *ask.offset);
  }
  LogPart part;
  part.offset = tail.take(file, from);
  part.file = file.number();
  tail.put(part);
  return part;
}

LogAsk to_log_ask(const Value& map) {
  LogAsk ask;
  ask.topology = control::text_in(map, "topology");
  ask.place = WorkerId(static_cast<std::uint16_t>(control::number_in(map, "place")));
  if (map.find("lines") != nullptr)
    ask.lines = static_cast<std::uint32_t>(std::min<std::uint64_t>(control::number_in(map, "lines"), kMostLogLines));
  ask.grep = control::text_in(map, "grep");
  if (map.find("offset") != nullptr) ask.offset = control::number_in(map, "offset");
  ask.file = control::number_in(map, "file");
  return ask;
}

Value to_value(const LogPart& part) {
  Value::Map map;
  map.emplace("text", Bytes{part.text});
  map.emplace("file", part.file);
  map.emplace("offset", part.offset);
  map.emplace("cut", part.cut);
  return Value(std::move(map));
}

}  // namespace gale::node
