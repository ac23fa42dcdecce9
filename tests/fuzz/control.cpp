// SPDX-License-Identifier: Apache-2.0
//
// A control message: refused with a text, or understood, and then said again it is understood as the same.
#include "supervisor/control/message.hpp"

#include "engine/base/assert.hpp"

#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gale;
  const Result<control::Message> message = control::decode({reinterpret_cast<const char*>(data), size});
  if (!message) {
    ASSERT(!message.error().empty(), "a refusal without a text");
    return 0;
  }
  const std::string said = control::encode(*message);
  const Result<control::Message> again = control::decode(said);
  ASSERT(again && control::encode(*again) == said, "what was encoded is decoded as something else");
  return 0;
}
