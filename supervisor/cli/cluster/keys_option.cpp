// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/cluster/keys_option.hpp"

#include "engine/keys/endpoint.hpp"
#include "engine/keys/key_file.hpp"

#include <cstdlib>
#include <utility>

namespace gale::cli {

std::string keys_folder(const std::string& given, const std::string& endpoint) {
  if (!given.empty()) return given;
  if (const char* set = std::getenv("GALE_KEYS"); set != nullptr && *set != '\0') return set;
  if (keys::is_local(endpoint) || endpoint.starts_with("tcp://localhost:")) return {};
  return keys::default_dir().string();
}

Result<std::optional<keys::Security>> keys_in(const std::string& folder, keys::Role own, keys::Role server) {
  if (folder.empty()) return std::optional<keys::Security>();
  Result<keys::Security> security = keys::read_security(folder, own, server);
  if (!security) return Failed{security.error()};
  return std::optional(std::move(*security));
}

}  // namespace gale::cli
