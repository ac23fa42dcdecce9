// SPDX-License-Identifier: Apache-2.0
//
// LocalCluster: a master and a supervisor of this machine, in the background: started, found again by what stands in
// their folder, ended.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gale::cli {

class LocalCluster {
 public:
  explicit LocalCluster(std::filesystem::path dir) : dir_(std::move(dir)) {}

  /// Starts what does not run, and waits until the supervisor has found the master. The error has the last words of
  /// the one that did not start.
  Result<void> up(const std::string& listen, std::uint32_t slots);
  /// Ends the supervisor with its workers, then the master. False: neither ran.
  Result<bool> down();
  [[nodiscard]] const std::filesystem::path& dir() const noexcept { return dir_; }

 private:
  Result<void> start(const std::string& daemon, const std::vector<std::string>& arguments);
  Result<bool> end(const std::string& daemon, int signal, Duration most);
  Result<void> wait_for(const std::string& master);

  const std::filesystem::path dir_;
};

}  // namespace gale::cli
