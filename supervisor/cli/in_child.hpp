// SPDX-License-Identifier: Apache-2.0
//
// in_child(): lets code that is not trusted to return run in a process of its own, for its answer alone. Called from a
// process of one thread.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

#include <functional>
#include <string>

namespace gale::cli {

/// What `answer` returns in a child process. What the child prints on stdout goes to stderr. A text when there is no
/// answer: it crashed, ended by itself, or took longer than `most` and was killed.
[[nodiscard]] Result<std::string> in_child(const std::function<std::string()>& answer, Duration most);

}  // namespace gale::cli
