// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/upload.hpp"
#include "engine/base/sha256.hpp"

namespace gale::master {
namespace {

std::string of(std::uint64_t n) { return std::to_string(n); }

}  // namespace

Result<Taken> take_part(const std::string& sha256, const std::optional<Upload>& have, std::uint64_t total,
                        std::uint64_t offset, std::string_view part) {
  if (!is_sha256(sha256)) return Failed{"a plugin is named by its SHA-256, 64 hex digits in lower case"};
  const std::string plugin = "plugin " + sha256.substr(0, 12);
  if (total == 0) return Failed{plugin + " is empty; build it again"};
  if (total > kMostPluginBytes) {
    return Failed{plugin + " has " + of(total) + " bytes, and " + of(kMostPluginBytes) + " are the most; strip it"};
  }
  if (offset > total || part.size() > total - offset) {
    return Failed{plugin + ": bytes " + of(offset) + " to " + of(offset + part.size()) + " are past its " + of(total)};
  }
  const bool same = have && have->total == total;
  if (have && !same && (have->complete() || offset != 0)) {
    return Failed{plugin + " was announced with " + of(have->total) + " bytes, not " + of(total) +
                  "; send it again from its first byte"};
  }
  const std::uint64_t there = same ? have->bytes : 0;
  if (offset > there) return Failed{plugin + ": byte " + of(there) + " comes next, not " + of(offset)};
  const std::uint64_t known = there - offset;
  return Taken{known >= part.size() ? std::string_view{} : part.substr(known), have && !same};
}

Failed other_hash(const std::string& sha256, const std::string& found) {
  return {"plugin " + sha256.substr(0, 12) + " has the SHA-256 " + found + ", not " + sha256 +
          ": it was changed on the way, or while it was read; submit again"};
}

Failed no_plugin(const std::string& sha256) {
  return {"plugin " + sha256.substr(0, 12) + " is not here; submit the topology again"};
}

}  // namespace gale::master
