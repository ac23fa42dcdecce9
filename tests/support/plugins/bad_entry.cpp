// SPDX-License-Identifier: Apache-2.0
#include "raw_note.hpp"

extern "C" int not_the_entry() { return 1; }
