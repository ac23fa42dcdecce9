// SPDX-License-Identifier: Apache-2.0
//
// Checks: what is submitted is checked by `gale outline` in a process of its own, which loads each plugin in one more.
// The master itself loads none. Several may be under way. Threads: one.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/master/store.hpp"
#include "supervisor/metrics/outline.hpp"
#include "supervisor/process/process.hpp"

#include <filesystem>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace gale::master {

struct Checked {
  std::string request;
  control::Revision revision;
  std::optional<metrics::Outline> outline;  // none: it has faults
  std::string faults;                       // a line each
};

class Checks {
 public:
  /// `program` is gale itself; what is staged goes below `dir`, and is removed.
  Checks(std::string program, std::filesystem::path dir, Store& store, const Clock& clock);
  ~Checks();

  /// Begins to check a revision whose plugins are all in the store. An error: it could not be begun.
  Result<void> begin(const std::string& request, control::Revision revision, const std::string& file_name);
  [[nodiscard]] bool running(const std::string& request) const;
  [[nodiscard]] std::vector<int> fds() const;
  /// The next that has ended, or has taken too long.
  std::optional<Checked> next();

 private:
  struct Check {
    std::string request;
    control::Revision revision;
    std::filesystem::path dir;
    process::Process process;
    TimePoint until;
  };
  Result<void> stage(const control::Revision& revision, const std::filesystem::path& dir);
  static Checked read(const Check& check, const process::Exit& exit);

  const std::string program_;
  const std::filesystem::path dir_;
  Store& store_;
  const Clock& clock_;
  std::list<Check> checks_;
};

}  // namespace gale::master
