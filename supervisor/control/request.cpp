// SPDX-License-Identifier: Apache-2.0
#include "supervisor/control/request.hpp"

#include "gale/codec/read.hpp"
#include "gale/codec/write.hpp"
#include "supervisor/control/fields.hpp"

#include <sys/random.h>

#include <array>
#include <utility>

namespace gale::control {
namespace {

constexpr std::size_t kMostId = 64;

Result<Value> map_of(std::string_view bytes) {
  codec::Cursor cursor(bytes);
  Value map;
  if (codec::Unpack<Value>::read(cursor, map) != codec::Read::kOk || cursor.left() != 0 || !map.is<Value::Map>())
    return Failed{"no msgpack map"};
  if (number_in(map, "gale") != static_cast<std::uint64_t>(kRequestProtocol)) {
    return Failed{"speaks protocol " + std::to_string(number_in(map, "gale")) + ", this is " +
                  std::to_string(kRequestProtocol)};
  }
  const std::string id = text_in(map, "id");
  if (id.empty() || id.size() > kMostId) return Failed{"has no id"};
  return map;
}

}  // namespace

std::string fresh_id() {
  std::array<unsigned char, 16> bytes{};
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
  }
  std::string hex;
  for (const unsigned char b : bytes) {
    hex += "0123456789abcdef"[b >> 4];
    hex += "0123456789abcdef"[b & 15];
  }
  return hex;
}

std::string encode(const Request& request) {
  return codec::packed(Value(
      Value::Map{{"gale", kRequestProtocol}, {"id", request.id}, {"verb", request.verb}, {"args", request.args}}));
}

std::string encode(const Reply& reply) {
  Value::Map map{{"gale", kRequestProtocol}, {"id", reply.id}};
  if (reply.refused) {
    map.emplace("refused", Value::Map{{"text", reply.refused->text}, {"usage", reply.refused->usage}});
  } else {
    map.emplace("ok", reply.value);
  }
  return codec::packed(Value(std::move(map)));
}

Result<Request> decode_request(std::string_view bytes) {
  const Result<Value> map = map_of(bytes);
  if (!map) return Failed{map.error()};
  Request request{text_in(*map, "id"), text_in(*map, "verb"), map_in(*map, "args")};
  if (request.verb.empty()) return Failed{"has no verb"};
  return request;
}

Result<Reply> decode_reply(std::string_view bytes) {
  const Result<Value> map = map_of(bytes);
  if (!map) return Failed{map.error()};
  Reply reply{text_in(*map, "id"), {}, {}};
  if (const Value* refused = map->find("refused")) {
    reply.refused = Refused{text_in(*refused, "text"), flag_in(*refused, "usage")};
  } else if (const Value* ok = map->find("ok")) {
    reply.value = *ok;
  } else {
    return Failed{"is no answer"};
  }
  return reply;
}

}  // namespace gale::control
