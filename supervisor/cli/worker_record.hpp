// SPDX-License-Identifier: Apache-2.0
//
// WorkerRecord: what a worker process leaves behind when it ends, for whoever started it; nothing when it was given no
// place for it.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/log.hpp"
#include "engine/crash/record.hpp"

#include <string>

namespace gale::cli {

class WorkerRecord {
 public:
  WorkerRecord(const std::string& home, Incarnation incarnation) {
    if (home.empty()) return;
    const crash::Files files{home, incarnation};
    exit_ = files.exit();
    page_ = files.page();
  }
  [[nodiscard]] const std::string& exit() const { return exit_; }
  [[nodiscard]] const std::string& page() const { return page_; }
  void write(crash::Ending ending, int status, const std::string& why = {}) const {
    if (exit_.empty()) return;
    if (Result<void> written = crash::write_exit(exit_, ending, status, why); !written) log::warn("", written.error());
  }

 private:
  std::string exit_, page_;
};

}  // namespace gale::cli
