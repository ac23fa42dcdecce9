// SPDX-License-Identifier: Apache-2.0
#include "engine/base/log.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <mutex>
#include <string>

namespace gale::log {
namespace {

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

class FileDescriptor final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}

 private:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    spdlog::memory_buf_t text;
    formatter_->format(msg, text);
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t n = ::write(fd_, text.data() + done, text.size() - done);
      if (n < 0 && errno != EINTR) return;
      if (n > 0) done += static_cast<std::size_t>(n);
    }
  }
  void flush_() override {}
  int fd_;
};

std::shared_ptr<spdlog::logger> make(std::string_view name, int fd) {
  const std::string full = "gale " + std::string(name);
  auto logger = fd == STDERR_FILENO ? spdlog::stderr_color_mt(full)
                                    : std::make_shared<spdlog::logger>(full, std::make_shared<FileDescriptor>(fd));
  logger->set_pattern(name.empty() ? "%H:%M:%S.%e %^%l%$ %v" : "%H:%M:%S.%e %^%l%$ " + std::string(name) + " %v");
  logger->set_level(spdlog::level::warn);
  return logger;
}

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> one = make("", STDERR_FILENO);
  return one;
}

}  // namespace

void start(Level least, std::string_view process_name, int fd) {
  if (!process_name.empty()) logger() = make(process_name, fd);
  logger()->set_level(level_of(least));
}

void line(Level level, std::string_view where, std::string_view text) {
  if (where.empty()) {
    logger()->log(level_of(level), "{}", text);
  } else {
    logger()->log(level_of(level), "[{}] {}", where, text);
  }
}

}  // namespace gale::log
