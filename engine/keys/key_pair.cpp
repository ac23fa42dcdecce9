// SPDX-License-Identifier: Apache-2.0
#include "engine/keys/key_pair.hpp"

#include "engine/base/assert.hpp"

#include <zmq.h>
#include <array>
#include <utility>

namespace gale::keys {
namespace {

constexpr std::pair<Role, std::string_view> kNames[] = {
    {Role::kMaster, "master"}, {Role::kSupervisor, "supervisor"}, {Role::kWorker, "worker"}, {Role::kClient, "client"}};
using Text = std::array<char, kKeyChars + 1>;  // with its NUL

}  // namespace

KeyPair generate() {
  Text open{}, secret{};
  ASSERT(zmq_has("curve") == 1 && zmq_curve_keypair(open.data(), secret.data()) == 0,
         "this ZeroMQ was built without CURVE");
  return {open.data(), secret.data()};
}

bool well_formed(std::string_view key) {
  constexpr std::string_view kZ85 =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
  if (key.size() != kKeyChars || key.find_first_not_of(kZ85) != std::string_view::npos) return false;
  std::array<std::uint8_t, 32> bytes{};  // five characters can say more than four bytes hold: ZeroMQ knows
  return zmq_z85_decode(bytes.data(), std::string(key).c_str()) != nullptr;
}

std::optional<std::string> public_of(const std::string& secret_key) {
  Text open{};
  if (!well_formed(secret_key) || zmq_curve_public(open.data(), secret_key.c_str()) != 0) return std::nullopt;
  return open.data();
}

std::string_view text_of(Role role) {
  for (const auto& [known, text] : kNames) {
    if (known == role) return text;
  }
  return "";
}

std::optional<Role> role_of(std::string_view text) {
  for (const auto& [role, known] : kNames) {
    if (known == text) return role;
  }
  return std::nullopt;
}

std::string Roles::text() const {
  std::string all;
  for (const Role role : kRoles) {
    if (has(role)) all += (all.empty() ? "" : ",") + std::string(text_of(role));
  }
  return all;
}

}  // namespace gale::keys
