// SPDX-License-Identifier: Apache-2.0
#include "resume_file.hpp"

#include "../common/text.hpp"
#include "../common/write_all.hpp"

#include <gale/error.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace gale::stock::file {
namespace {

constexpr std::string_view kFirstLine = "gale-resume 1\n";

bool take_number(std::string_view& line, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  const auto n = static_cast<std::size_t>(end - line.data());
  if (error != std::errc() || n == line.size() || line[n] != ' ') return false;
  line.remove_prefix(n + 1);
  return true;
}

bool unescape(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    if (++i == text.size()) return false;
    const std::string_view from = "ntr\\", to = "\n\t\r\\";
    const std::size_t which = from.find(text[i]);
    if (which == std::string_view::npos) return false;
    out += to[which];
  }
  return !out.empty();
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void cannot_save(const std::string& path, int error) {
  throw Error("cannot save how far the files are read in '" + path + "': " + errno_text(error));
}

/// Beside `path`; its name.
std::string write_new(const std::string& path, std::string_view text) {
  std::string fresh = path + ".new";
  const Descriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.get() < 0 || write_all(file.get(), text) != text.size() || ::fsync(file.get()) != 0)
    cannot_save(path, errno);
  return fresh;
}

}  // namespace

std::string resume_text(const std::vector<FileState>& states) {
  std::string text(kFirstLine);
  for (const FileState& s : states) {
    for (const std::uint64_t n : {s.identity.device, s.identity.inode, s.offset, s.head.size, s.head.hash}) {
      append_number(text, n);
      text += ' ';
    }
    append_escaped(text, s.path);
    text += '\n';
  }
  return text;
}

bool parse_resume(std::string_view text, std::vector<FileState>& states) {
  if (text.substr(0, kFirstLine.size()) != kFirstLine) return false;
  text.remove_prefix(kFirstLine.size());
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    FileState& s = states.emplace_back();
    if (!take_number(line, s.identity.device) || !take_number(line, s.identity.inode) || !take_number(line, s.offset) ||
        !take_number(line, s.head.size) || !take_number(line, s.head.hash) || !unescape(line, s.path))
      return false;
  }
  return true;
}

std::vector<FileState> load_resume(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, error))) return {};
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::vector<FileState> states;
  if (!in || !parse_resume(text, states))
    throw Error("'" + path +
                "' says nothing of how far files were read; move it away to begin anew, or set another "
                "path in 'resume'");
  return states;
}

void save_resume(const std::string& path, const std::vector<FileState>& states) {
  const std::string fresh = write_new(path, resume_text(states));
  if (::rename(fresh.c_str(), path.c_str()) != 0) cannot_save(path, errno);
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const Descriptor dir(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (dir.get() >= 0)
    static_cast<void>(::fsync(dir.get()));  // some file systems cannot; the rename stands all the same
}

}  // namespace gale::stock::file
