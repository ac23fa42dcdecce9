// SPDX-License-Identifier: Apache-2.0
#include "topology-api/host/describe.hpp"

#include "gale/codec/read.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <stdexcept>

namespace gale::host {
namespace {

constexpr std::array kKeyTypes = {"bool", "integer", "double", "string", "list", "map", "value"};

struct Bad : std::runtime_error {  // stays within this file
  using std::runtime_error::runtime_error;
};

template <class T>
const T& as(const Value& v, const std::string& where, const char* wanted) {
  if (const T* t = v.get_if<T>()) return *t;
  throw Bad(where + " wants " + wanted + ", is " + v.type_name());
}

const Value& member(const Value& map, const char* key, const std::string& where) {
  if (const Value* v = map.find(key)) return *v;
  throw Bad(where + " lacks '" + key + "'");
}

std::string text(const Value& map, const char* key, const std::string& where) {
  return as<std::string>(member(map, key, where), where + "." + key, "string");
}

std::vector<std::string> names(const Value& list, const std::string& where) {
  std::vector<std::string> all;
  for (const Value& one : as<Value::Array>(list, where, "array")) {
    const auto& name = as<std::string>(one, where + "[]", "string");
    if (name.empty()) throw Bad(where + " holds an empty name");
    all.push_back(name);
  }
  return all;
}

void refuse_twice(const std::vector<std::string>& all, const std::string& what) {
  std::set<std::string_view> seen;
  for (const std::string& name : all) {
    if (!seen.insert(name).second) throw Bad(what + " '" + name + "' is declared twice");
  }
}

KeyDescription decode_key(const Value& map) {
  KeyDescription key;
  key.name = text(map, "name", "a key");
  const std::string where = "key '" + key.name + "'";
  if (key.name.empty()) throw Bad("a key has an empty name");
  key.type = text(map, "type", where);
  if (std::find(kKeyTypes.begin(), kKeyTypes.end(), key.type) == kKeyTypes.end())
    throw Bad(where + " is of type '" + key.type + "', which this gale does not know");
  key.doc = text(map, "doc", where);
  key.default_value = member(map, "default", where);
  if (const Value* required = map.find("required")) key.required = as<bool>(*required, where + ".required", "bool");
  return key;
}

StreamDescription decode_stream(const Value& map) {
  StreamDescription stream;
  stream.name = text(map, "name", "a stream");
  if (stream.name.empty()) throw Bad("a stream has an empty name");
  const std::string where = "stream '" + stream.name + "'";
  stream.fields = names(member(map, "fields", where), where + ".fields");
  refuse_twice(stream.fields, where + ": field");
  if (const Value* direct = map.find("direct")) stream.direct = as<bool>(*direct, where + ".direct", "bool");
  return stream;
}

void decode(std::string_view bytes, ComponentDescription& into) {
  Value map;
  codec::Cursor cursor(bytes);
  if (codec::Unpack<Value>::read(cursor, map) != codec::Read::kOk) throw Bad("its description is malformed");
  as<Value::Map>(map, "its description", "map");
  const std::string where = "its description";
  into.doc = text(map, "doc", where);
  std::vector<std::string> all;
  for (const Value& one : as<Value::Array>(member(map, "keys", where), "keys", "array"))
    all.push_back(into.keys.emplace_back(decode_key(one)).name);
  refuse_twice(all, "key");
  all.clear();
  for (const Value& one : as<Value::Array>(member(map, "streams", where), "streams", "array"))
    all.push_back(into.streams.emplace_back(decode_stream(one)).name);
  refuse_twice(all, "stream");
  if (const Value* reads = map.find("reads")) into.reads = names(*reads, "reads");
  if (const Value* tick = map.find("tick_ms")) {
    const auto ms = as<std::int64_t>(*tick, "tick_ms", "integer");
    if (ms < 0 || ms > INT32_MAX) throw Bad("tick_ms is " + std::to_string(ms) + ", wants 0 to 2147483647");
    into.tick_ms = static_cast<std::uint32_t>(ms);
  }
}

}  // namespace

std::string decode_description(std::string_view map, ComponentDescription& into) {
  try {
    decode(map, into);
    return {};
  } catch (const Bad& bad) {
    return bad.what();
  }
}

}  // namespace gale::host
