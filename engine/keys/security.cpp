// SPDX-License-Identifier: Apache-2.0
#include "engine/keys/security.hpp"

#include "engine/keys/key_file.hpp"

#include <utility>

namespace gale::keys {

Result<Security> read_security(const std::filesystem::path& dir, Role own, Role server) {
  Result<KeyPair> pair = read_pair(key_path(dir, own));
  if (!pair) return Failed{pair.error()};
  Result<std::string> other = read_public(public_path(dir, server));
  if (!other) return Failed{other.error()};
  return Security{std::move(*pair), std::move(*other), authorized_path(dir)};
}

Result<void> make_own_keys(const std::filesystem::path& dir, Role own) {
  const KeyPair pair = generate();
  if (Result<void> written = write_pair(dir, own, pair); !written) return written;
  return authorize(dir, std::string(text_of(own)), pair.public_key);
}

}  // namespace gale::keys
