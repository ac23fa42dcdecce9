// SPDX-License-Identifier: Apache-2.0
#include "supervisor/control/peers.hpp"

#include "gale/codec/read.hpp"
#include "gale/codec/write.hpp"
#include "supervisor/control/fields.hpp"

#include <utility>

namespace gale::control {

Value to_value(const std::vector<PeerPlace>& places) {
  Value::Array array;
  for (const PeerPlace& p : places) {
    array.emplace_back(Value::Map{{"place", p.place.value}, {"data", p.data}, {"ack", p.ack}, {"dead", p.dead.value}});
  }
  return array;
}

std::vector<PeerPlace> to_places(const Value& map) {
  std::vector<PeerPlace> places;
  for (const Value& one : array_in(map, "places")) {
    places.push_back({WorkerId(static_cast<std::uint16_t>(number_in(one, "place"))), text_in(one, "data"),
                      text_in(one, "ack"), Incarnation(static_cast<std::uint32_t>(number_in(one, "dead")))});
  }
  return places;
}

std::string encode(const Launch& launch) {
  return codec::packed(Value(Value::Map{{"protocol", std::int64_t{1}},
                                        {"token", launch.token},
                                        {"sets", Value::Array(launch.sets.begin(), launch.sets.end())},
                                        {"places", to_value(launch.places)},
                                        {"phase", name_of(launch.phase)}}));
}

Result<Launch> decode_launch(std::string_view bytes) {
  Value map;
  codec::Cursor cursor(bytes);
  if (codec::Unpack<Value>::read(cursor, map) != codec::Read::kOk || cursor.left() != 0 || !map.is<Value::Map>())
    return Failed{"is no msgpack map"};
  if (number_in(map, "protocol") != 1) return Failed{"is of another gale"};
  return Launch{number_in(map, "token"), texts_in(map, "sets"), to_places(map), phase_of(text_in(map, "phase"))};
}

}  // namespace gale::control
