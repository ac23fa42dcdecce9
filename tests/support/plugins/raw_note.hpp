// SPDX-License-Identifier: Apache-2.0
//
// The Gale note by hand, for libraries that are no plugins but say they are.
#pragma once

#include "gale/abi.h"

struct RawNote {
  uint32_t name_size, body_size, type;
  char owner[8];
  gale_note body;
};
__attribute__((section(GALE_ABI_NOTE_SECTION), used, aligned(4))) static const RawNote raw_note = {
    5, sizeof(gale_note), 1, "Gale", {GALE_ABI_MAJOR, GALE_ABI_MINOR, "raw 1"}};
