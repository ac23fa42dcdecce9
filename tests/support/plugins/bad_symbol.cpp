// SPDX-License-Identifier: Apache-2.0
#include "raw_note.hpp"

extern "C" int a_function_that_nobody_defines();
extern "C" __attribute__((visibility("default"))) const gale_plugin* gale_plugin_entry(uint32_t, uint32_t) {
  return a_function_that_nobody_defines() == 0 ? nullptr : nullptr;
}
