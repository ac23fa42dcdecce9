// SPDX-License-Identifier: Apache-2.0
#include "raw_note.hpp"

extern "C" __attribute__((visibility("default"))) const gale_plugin* gale_plugin_entry(uint32_t, uint32_t) {
  return nullptr;
}
