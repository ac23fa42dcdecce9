// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/record.hpp"

#include <array>

namespace gale::master {
namespace {

constexpr std::array<const char*, 4> kStatuses = {"active", "inactive", "rebalancing", "killed"};

}  // namespace

const char* name_of(Status status) { return kStatuses[static_cast<std::size_t>(status)]; }

}  // namespace gale::master
