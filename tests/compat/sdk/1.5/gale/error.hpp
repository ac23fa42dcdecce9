// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace gale {

/// What user code throws, and what the SDK throws at user code. In execute it fails the running tuple with this text
/// as the reason; in open the task does not start and says why.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gale
