// SPDX-License-Identifier: Apache-2.0
#include "engine/base/log_file.hpp"

#include <spdlog/sinks/rotating_file_sink.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace gale::log {

struct LogFile::Sink {
  Sink(const std::string& path, std::size_t max_bytes, std::size_t older) : file(path, max_bytes, older) {}
  spdlog::sinks::rotating_file_sink_st file;
};

LogFile::LogFile(std::unique_ptr<Sink> sink) : sink_(std::move(sink)) {}
LogFile::LogFile(LogFile&&) noexcept = default;
LogFile::~LogFile() = default;

Result<LogFile> LogFile::open(const std::string& path, std::size_t max_bytes, std::size_t files) {
  try {
    auto sink = std::make_unique<Sink>(path, max_bytes, std::max<std::size_t>(files, 1) - 1);
    sink->file.set_pattern("%v");
    return LogFile(std::move(sink));
  } catch (const std::exception& e) {
    return Failed{"cannot write the log " + path + ": " + e.what()};
  }
}

bool LogFile::put(std::string_view line) {
  try {
    const spdlog::string_view_t text(line.data(), line.size());
    sink_->file.log(spdlog::details::log_msg("", spdlog::level::info, text));
    return true;
  } catch (const std::exception&) {  // no room on the disk
    return false;
  }
}

void LogFile::write(std::string_view line) {
  if (lost_ > 0 && put(std::to_string(lost_) + " lines of this log could not be written")) lost_ = 0;
  if (lost_ > 0 || !put(line)) ++lost_;
}

void LogFile::flush() {
  try {
    sink_->file.flush();
  } catch (const std::exception&) {
    ++lost_;  // of what was in memory at least one
  }
}

}  // namespace gale::log
