// SPDX-License-Identifier: Apache-2.0
//
// The SDK's msgpack codec against msgpack-c, the referee, over seeded random values; and against damaged bytes, held in
// buffers of their exact size, so that a read beyond them is found by ASan.
#include "gale/codec/read.hpp"
#include "gale/codec/write.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <msgpack.hpp>
#include <random>

namespace {

using gale::Bytes;
using gale::Value;
using gale::codec::Cursor;
using gale::codec::packed;
using gale::codec::Read;
using gale::codec::Unpack;
using Random = std::mt19937_64;

std::int64_t edge_integer(Random& random) {
  static constexpr std::int64_t kEdges[] = {
      0,    1,    127,    128,    255,       256,       65535,      65536,     -1,        -32,       -33,
      -128, -129, -32768, -32769, INT32_MAX, 1ll << 31, UINT32_MAX, 1ll << 32, INT32_MIN, INT64_MAX, INT64_MIN};
  if (random() % 2 == 0) return kEdges[random() % std::size(kEdges)];
  return static_cast<std::int64_t>(random()) >> (random() % 64);
}

double edge_double(Random& random) {
  static const double kEdges[] = {0.0,
                                  -0.0,
                                  1.0,
                                  -1.0,
                                  0.1,
                                  1e300,
                                  5e-324,
                                  std::numeric_limits<double>::infinity(),
                                  -std::numeric_limits<double>::infinity(),
                                  std::numeric_limits<double>::quiet_NaN()};
  if (random() % 2 == 0) return kEdges[random() % std::size(kEdges)];
  return std::bit_cast<double>(random());
}

std::string text(Random& random) {
  static constexpr std::size_t kLengths[] = {0, 1, 3, 7, 15, 16, 31, 32, 33, 255, 256, 65535, 65536};
  std::string s(random() % 40 == 0 ? kLengths[random() % std::size(kLengths)] : random() % 40, '\0');
  for (char& c : s) c = static_cast<char>(random());
  return s;
}

Value any(Random& random, int depth) {
  switch (random() % (depth > 0 ? 10 : 7)) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<unsigned long long>(random()) | (1ull << 63);
    case 3:
      return edge_double(random);
    case 4:
      return text(random);
    case 5:
      return Bytes{text(random)};
    case 6:
      return static_cast<long long>(edge_integer(random));
    case 7: {
      Value::Map map;
      for (std::uint64_t n = random() % 12; n > 0; --n) map[text(random)] = any(random, depth - 1);
      return map;
    }
    default: {
      Value::Array array;
      for (std::uint64_t n = random() % 12; n > 0; --n) array.push_back(any(random, depth - 1));
      return array;
    }
  }
}

/// The same value as msgpack-c sees it; doubles keep their bits.
Value told_by_referee(const msgpack::object& o) {
  switch (o.type) {
    case msgpack::type::NIL:
      return nullptr;
    case msgpack::type::BOOLEAN:
      return o.via.boolean;
    case msgpack::type::POSITIVE_INTEGER:
      return static_cast<unsigned long long>(o.via.u64);
    case msgpack::type::NEGATIVE_INTEGER:
      return static_cast<long long>(o.via.i64);
    case msgpack::type::FLOAT64:
      return o.via.f64;
    case msgpack::type::STR:
      return std::string(o.via.str.ptr, o.via.str.size);
    case msgpack::type::BIN:
      return Bytes{std::string(o.via.bin.ptr, o.via.bin.size)};
    case msgpack::type::ARRAY: {
      Value::Array array;
      for (std::uint32_t i = 0; i < o.via.array.size; ++i) array.push_back(told_by_referee(o.via.array.ptr[i]));
      return array;
    }
    case msgpack::type::MAP: {
      Value::Map map;
      for (std::uint32_t i = 0; i < o.via.map.size; ++i) {
        const auto& pair = o.via.map.ptr[i];
        map[std::string(pair.key.via.str.ptr, pair.key.via.str.size)] = told_by_referee(pair.val);
      }
      return map;
    }
    default:
      FAIL("msgpack-c sees a type that Gale does not write: " << static_cast<int>(o.type));
      return nullptr;
  }
}

/// Packs by msgpack-c, but for doubles, which it would pack as integers when they are whole.
void pack_by_referee(msgpack::packer<msgpack::sbuffer>& p, const Value& v) {
  if (const auto* b = v.get_if<bool>()) {
    p.pack(*b);
  } else if (const auto* i = v.get_if<std::int64_t>()) {
    p.pack(*i);
  } else if (const auto* u = v.get_if<std::uint64_t>()) {
    p.pack(*u);
  } else if (const auto* s = v.get_if<std::string>()) {
    p.pack(*s);
  } else if (const auto* bytes = v.get_if<Bytes>()) {
    p.pack_bin(static_cast<std::uint32_t>(bytes->data.size()));
    p.pack_bin_body(bytes->data.data(), static_cast<std::uint32_t>(bytes->data.size()));
  } else if (const auto* array = v.get_if<Value::Array>()) {
    p.pack_array(static_cast<std::uint32_t>(array->size()));
    for (const Value& e : *array) pack_by_referee(p, e);
  } else if (const auto* map = v.get_if<Value::Map>()) {
    p.pack_map(static_cast<std::uint32_t>(map->size()));
    for (const auto& [k, e] : *map) {
      p.pack(k);
      pack_by_referee(p, e);
    }
  } else {
    p.pack_nil();
  }
}

bool has_double(const Value& v) {
  if (v.is<double>()) return true;
  if (const auto* array = v.get_if<Value::Array>()) return std::any_of(array->begin(), array->end(), has_double);
  if (const auto* map = v.get_if<Value::Map>())
    return std::any_of(map->begin(), map->end(), [](const auto& e) { return has_double(e.second); });
  return false;
}

template <class T>
Read read(std::string_view bytes, T& into) {
  const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[bytes.size()]);
  std::memcpy(exact.get(), bytes.data(), bytes.size());
  Cursor cursor(exact.get(), exact.get() + bytes.size());
  const Read r = Unpack<T>::read(cursor, into);
  if (r == Read::kOk) CHECK(cursor.left() == 0);
  return r;
}

template <class T>
void round_trip(const T& value) {
  T back{};
  CHECK(read(packed(value), back) == Read::kOk);
  CHECK(back == value);
}

}  // namespace

TEST_CASE("Each type comes back as it was packed") {
  round_trip(true);
  round_trip(false);
  for (const int bits : {0, 5, 7, 8, 15, 16, 31, 32, 62}) {
    for (const std::int64_t off : {-1, 0, 1}) {
      const std::int64_t v = (std::int64_t{1} << bits) + off;
      round_trip(v);
      round_trip(-v);
      round_trip(static_cast<std::uint64_t>(v));
    }
  }
  round_trip(std::int64_t{INT64_MIN});
  round_trip(std::uint64_t{UINT64_MAX});
  round_trip(std::int8_t{-128});
  round_trip(std::uint8_t{255});
  round_trip(std::int16_t{-32768});
  round_trip(std::uint32_t{UINT32_MAX});
  round_trip(3.25);
  round_trip(std::string("caf\xc3\xa9"));
  round_trip(std::string(70000, 'x'));
  round_trip(Bytes{std::string("\0\xff", 2)});
  round_trip(Bytes{std::string(70000, 'b')});
  round_trip(std::optional<int>());
  round_trip(std::optional<int>(7));
  round_trip(std::vector<std::string>{"a", "", "c"});
  round_trip(std::vector<std::int64_t>(70000, -1));
  round_trip(std::map<std::string, double>{{"a", 1.5}, {"b", -2}});
  round_trip(Value(Value::Map{{"deep", Value::Array{1, "two", nullptr, Bytes{"x"}, UINT64_MAX}}}));
}

TEST_CASE("What the codec packs, msgpack-c reads as the same value, and packs as the same bytes") {
  Random random(20261124);
  for (int i = 0; i < 2000; ++i) {
    const Value value = any(random, 3);
    const std::string bytes = packed(value);
    const msgpack::object_handle referee = msgpack::unpack(bytes.data(), bytes.size());
    // Compared as bytes: NaN differs from itself.
    REQUIRE(packed(told_by_referee(referee.get())) == bytes);
    if (has_double(value)) continue;
    msgpack::sbuffer by_referee;
    msgpack::packer<msgpack::sbuffer> packer(by_referee);
    pack_by_referee(packer, value);
    REQUIRE(std::string_view(by_referee.data(), by_referee.size()) == bytes);
  }
}

TEST_CASE("A random value comes back bit by bit, and skip() passes over exactly it") {
  Random random(7);
  for (int i = 0; i < 2000; ++i) {
    const Value value = any(random, 3);
    const std::string bytes = packed(value);
    Value back;
    REQUIRE(read(bytes, back) == Read::kOk);
    REQUIRE(packed(back) == bytes);
    const std::string twice = bytes + "\x01";
    Cursor cursor{std::string_view(twice)};
    REQUIRE(cursor.skip() == Read::kOk);
    REQUIRE(cursor.left() == 1);
  }
}

TEST_CASE("A double is float64, always, and keeps its bits") {
  for (const double d : {1.0, -0.0, 0.0, 1e15, std::nan("")}) {
    const std::string bytes = packed(d);
    CHECK(bytes.size() == 9);
    CHECK(static_cast<std::uint8_t>(bytes[0]) == 0xcb);
    double back = 0;
    CHECK(read(bytes, back) == Read::kOk);
    CHECK(std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(d));
  }
  CHECK(packed(2.5f) == packed(2.5));
}

TEST_CASE("A double takes an integer that it holds exactly, and float32") {
  double d = 0;
  CHECK(read(packed(std::int64_t{1} << 53), d) == Read::kOk);
  CHECK(d == 9007199254740992.0);
  CHECK(read(packed((std::int64_t{1} << 53) + 1), d) == Read::kOutOfRange);
  CHECK(read(packed(std::int64_t{INT64_MIN}), d) == Read::kOk);
  CHECK(read(packed(std::int64_t{INT64_MIN} + 1), d) == Read::kOutOfRange);
  CHECK(read(packed(std::uint64_t{UINT64_MAX}), d) == Read::kOutOfRange);
  CHECK(read(packed(std::uint64_t{1} << 63), d) == Read::kOk);
  CHECK(read(std::string("\xca\x3f\x80\x00\x00", 5), d) == Read::kOk);
  CHECK(d == 1.0);
  CHECK(read(packed("1"), d) == Read::kWrongType);
}

TEST_CASE("An integer that does not fit the asked type is out of range, not cut") {
  std::int8_t small = 0;
  CHECK(read(packed(127), small) == Read::kOk);
  CHECK(read(packed(128), small) == Read::kOutOfRange);
  CHECK(read(packed(-129), small) == Read::kOutOfRange);
  std::uint32_t positive = 0;
  CHECK(read(packed(-1), positive) == Read::kOutOfRange);
  CHECK(read(packed(std::int64_t{1} << 32), positive) == Read::kOutOfRange);
  std::int64_t wide = 0;
  CHECK(read(packed(std::uint64_t{1} << 63), wide) == Read::kOutOfRange);
  CHECK(read(std::string("\xd3\0\0\0\0\0\0\0\x05", 9), wide) == Read::kOk);  // not the shortest form
  CHECK(wide == 5);
  CHECK(read(packed(1.0), wide) == Read::kWrongType);
}

TEST_CASE("Every cut of a packed value is refused, by skip() and by the reader") {
  Random random(11);
  for (int i = 0; i < 300; ++i) {
    const std::string bytes = packed(any(random, 3));
    const std::size_t step = bytes.size() / 200 + 1;
    for (std::size_t n = 0; n < bytes.size(); n += step) {
      Value value;
      REQUIRE(read(std::string_view(bytes).substr(0, n), value) == Read::kMalformed);
      const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[n]);
      std::memcpy(exact.get(), bytes.data(), n);
      REQUIRE(Cursor(exact.get(), exact.get() + n).skip() == Read::kMalformed);
    }
  }
}

TEST_CASE("Random bytes are a value or a refusal") {
  Random random(13);
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(random() % 24, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[bytes.size()]);
    std::memcpy(exact.get(), bytes.data(), bytes.size());
    const std::uint8_t* end = exact.get() + bytes.size();
    Cursor value_cursor(exact.get(), end), skip_cursor(exact.get(), end);
    Value value;
    const Read r = Unpack<Value>::read(value_cursor, value);
    const Read skipped = skip_cursor.skip();
    if (r != Read::kOk) continue;
    ++accepted;
    REQUIRE(skipped == Read::kOk);
    REQUIRE(skip_cursor.at() == value_cursor.at());
  }
  CHECK(accepted > 1000);
}

TEST_CASE("A bomb of depth or of length costs nothing") {
  const std::string deep(10'000'000, '\x91');  // arrays of one within each other
  Value value;
  CHECK(read(deep + "\x01", value) == Read::kMalformed);
  const std::string closed = deep + "\x01";
  Cursor cursor{std::string_view(closed)};
  CHECK(cursor.skip() == Read::kOk);
  CHECK(Cursor(std::string_view(deep)).skip() == Read::kMalformed);
  for (const char* head :
       {"\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xdb\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff"}) {
    const std::string claim = std::string(head, 5) + "\x01\x02";
    CHECK(read(claim, value) == Read::kMalformed);
    CHECK(Cursor(std::string_view(claim)).skip() == Read::kMalformed);
    std::vector<int> list;
    CHECK(read(claim, list) != Read::kOk);
  }
}

TEST_CASE("A Value nests 32 levels, not 33") {
  const auto nested = [](int levels) { return std::string(static_cast<std::size_t>(levels), '\x91') + "\x01"; };
  Value value;
  CHECK(read(nested(32), value) == Read::kOk);
  CHECK(read(nested(33), value) == Read::kMalformed);
}

TEST_CASE("The cursor names each type as error texts do") {
  const auto name = [](const auto& v) {
    const std::string bytes = packed(v);
    return std::string(Cursor{std::string_view(bytes)}.type_name());
  };
  CHECK(name(nullptr) == "nil");
  CHECK(name(true) == "bool");
  CHECK(name(-1) == "integer");
  CHECK(name(1000) == "integer");
  CHECK(name(1.0) == "double");
  CHECK(name("text") == "string");
  CHECK(name(std::string(300, 'x')) == "string");
  CHECK(name(Bytes{"x"}) == "bytes");
  CHECK(name(std::vector<int>{1}) == "array");
  CHECK(name(std::map<std::string, int>{}) == "map");
  CHECK(std::string(Cursor(std::string_view("\xc7")).type_name()) == "extension");
  CHECK(std::string(Cursor(std::string_view()).type_name()) == "nothing");
}
