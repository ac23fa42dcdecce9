// SPDX-License-Identifier: Apache-2.0
//
// Request and Reply: what commands and supervisors ask the master, one msgpack map each (PROTOCOL.md). A request has an
// id of its own; asked again with the same id, a verb is done once and answered alike.
#pragma once

#include "engine/base/result.hpp"
#include "gale/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gale::control {

inline constexpr std::int64_t kRequestProtocol = 1;

struct Request {
  std::string id;  // 32 hex digits, random
  std::string verb;
  Value args = Value::Map{};
};

/// What went wrong, for the one who asked: `usage` as exit status 2, else 1.
struct Refused {
  std::string text;
  bool usage = false;
};

struct Reply {
  std::string id;
  Value value;  // when not refused
  std::optional<Refused> refused;
};

/// 128 random bits as hex.
[[nodiscard]] std::string fresh_id();

[[nodiscard]] std::string encode(const Request& request);
[[nodiscard]] std::string encode(const Reply& reply);
[[nodiscard]] Result<Request> decode_request(std::string_view bytes);
[[nodiscard]] Result<Reply> decode_reply(std::string_view bytes);

}  // namespace gale::control
