// SPDX-License-Identifier: Apache-2.0
//
// KeyPair: a CURVE key pair, both halves in Z85 (40 characters), and the roles that have pairs of their own. Who has a
// role's secret key is that role.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace gale::keys {

inline constexpr std::size_t kKeyChars = 40;

struct KeyPair {
  std::string public_key, secret_key;
};

/// From the system's random numbers.
[[nodiscard]] KeyPair generate();
/// 40 characters of Z85.
[[nodiscard]] bool well_formed(std::string_view key);
/// The other half; nothing when `secret_key` is no key.
[[nodiscard]] std::optional<std::string> public_of(const std::string& secret_key);

enum class Role : std::uint8_t { kMaster, kSupervisor, kWorker, kClient };
inline constexpr Role kRoles[] = {Role::kMaster, Role::kSupervisor, Role::kWorker, Role::kClient};

[[nodiscard]] std::string_view text_of(Role role);
[[nodiscard]] std::optional<Role> role_of(std::string_view text);

/// A set of roles: whom a listener lets in.
class Roles {
 public:
  constexpr Roles(std::initializer_list<Role> roles) noexcept {  // NOLINT(google-explicit-constructor)
    for (const Role role : roles) bits_ |= 1u << static_cast<unsigned>(role);
  }
  [[nodiscard]] constexpr bool has(Role role) const noexcept {
    return (bits_ >> static_cast<unsigned>(role) & 1u) != 0;
  }
  /// "supervisor,client"
  [[nodiscard]] std::string text() const;
  bool operator==(const Roles&) const = default;

 private:
  unsigned bits_ = 0;
};

}  // namespace gale::keys
