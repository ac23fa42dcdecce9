// SPDX-License-Identifier: Apache-2.0
#include "engine/base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
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

std::shared_ptr<spdlog::logger> make(std::string_view name) {
  auto logger = spdlog::stderr_color_mt("gale " + std::string(name));
  logger->set_pattern(name.empty() ? "%H:%M:%S.%e %^%l%$ %v" : "%H:%M:%S.%e %^%l%$ " + std::string(name) + " %v");
  logger->set_level(spdlog::level::warn);
  return logger;
}

std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> one = make("");
  return one;
}

}  // namespace

void start(Level least, std::string_view process_name) {
  if (!process_name.empty()) logger() = make(process_name);
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
