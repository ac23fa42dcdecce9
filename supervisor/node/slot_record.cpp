// SPDX-License-Identifier: Apache-2.0
//
// The bytes: 64 hex digits, the SHA-256 of the rest; a newline; a msgpack map.
#include "supervisor/node/slot_record.hpp"

#include "engine/base/sha256.hpp"
#include "gale/codec/read.hpp"
#include "gale/codec/write.hpp"
#include "supervisor/control/fields.hpp"

#include <utility>

namespace gale::node {
namespace {

constexpr std::size_t kHead = 65;

Value of_former(const Former& f) {
  return Value::Map{{"topology", f.topology}, {"place", f.place.value}, {"incarnation", f.incarnation.value}};
}
std::uint32_t u32(const Value& map, std::string_view key) {
  return static_cast<std::uint32_t>(control::number_in(map, key));
}
WorkerId place_in(const Value& map) { return WorkerId(static_cast<std::uint16_t>(control::number_in(map, "place"))); }

}  // namespace

std::string encode(const SlotRecord& r) {
  Value::Array former;
  for (const Former& f : r.former) former.push_back(of_former(f));
  const std::string body = codec::packed(Value(Value::Map{{"topology", r.assignment.topology},
                                                          {"revision", r.assignment.revision},
                                                          {"place", r.assignment.place.value},
                                                          {"generation", r.assignment.generation},
                                                          {"incarnation", r.incarnation.value},
                                                          {"ended", r.ended},
                                                          {"pid", r.process.pid},
                                                          {"start_time", r.process.start_time},
                                                          {"boot", r.process.boot},
                                                          {"former", std::move(former)}}));
  return sha256_hex(body) + "\n" + body;
}

std::optional<SlotRecord> decode_record(std::string_view bytes) {
  if (bytes.size() < kHead || bytes[kHead - 1] != '\n') return std::nullopt;
  const std::string_view body = bytes.substr(kHead);
  if (sha256_hex(body) != bytes.substr(0, kHead - 1)) return std::nullopt;
  Value map;
  codec::Cursor cursor(body);
  if (codec::Unpack<Value>::read(cursor, map) != codec::Read::kOk || !map.is<Value::Map>()) return std::nullopt;
  SlotRecord r;
  r.assignment = {control::text_in(map, "topology"), u32(map, "revision"), place_in(map), u32(map, "generation")};
  r.incarnation = Incarnation(u32(map, "incarnation"));
  r.ended = control::flag_in(map, "ended");
  r.process = {static_cast<std::int64_t>(control::number_in(map, "pid")), control::number_in(map, "start_time"),
               control::text_in(map, "boot")};
  for (const Value& f : control::array_in(map, "former"))
    r.former.push_back({control::text_in(f, "topology"), place_in(f), Incarnation(u32(f, "incarnation"))});
  return r;
}

}  // namespace gale::node
