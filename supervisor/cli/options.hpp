// SPDX-License-Identifier: Apache-2.0
//
// Options that are read more strictly than Boost.Program_options does by itself. The word in a help text (N, TIME,
// DIR, FILE ...) also tells completions what to offer.
#pragma once

#include "engine/base/clock.hpp"

#include <boost/program_options/value_semantic.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace gale::cli {

/// An integer of `least` to `most`; anything else is a complaint that says so.
boost::program_options::value_semantic* count_option(const char* name, std::optional<std::uint32_t>& to,
                                                     std::uint32_t least, std::uint32_t most);

/// A time, as parse_duration() takes it.
boost::program_options::value_semantic* time_option(const char* name, std::optional<Duration>& to);

}  // namespace gale::cli
