// SPDX-License-Identifier: Apache-2.0
//
// The values of a tuple as a plugin reads them: every type at every place, then as a tree. What was read as a tree is
// packed again, and that is read as the same.
#include "engine/base/assert.hpp"
#include "gale/codec/read.hpp"
#include "gale/codec/write.hpp"

#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace gale;

template <class T>
void read_as(std::string_view bytes) {
  codec::Cursor cursor(bytes);
  std::uint32_t n = 0;
  if (cursor.array_head(n) != codec::Read::kOk) return;
  for (; n > 0; --n) {
    codec::Cursor here = cursor;
    T value{};
    static_cast<void>(codec::Unpack<T>::read(here, value));
    if (cursor.skip() != codec::Read::kOk) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_as<bool>(bytes);
  read_as<std::int64_t>(bytes);
  read_as<std::uint8_t>(bytes);
  read_as<double>(bytes);
  read_as<std::string_view>(bytes);
  read_as<Bytes>(bytes);
  read_as<std::vector<std::int64_t>>(bytes);
  read_as<std::map<std::string, double>>(bytes);
  codec::Cursor cursor(bytes);
  Value tree;
  if (codec::Unpack<Value>::read(cursor, tree) != codec::Read::kOk) return 0;
  const std::string packed = codec::packed(tree);
  codec::Cursor again(packed);
  Value same;
  ASSERT(codec::Unpack<Value>::read(again, same) == codec::Read::kOk, "what was packed cannot be read");
  ASSERT(codec::packed(same) == packed, "what was packed is read as something else");
  return 0;
}
