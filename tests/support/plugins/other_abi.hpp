// SPDX-License-Identifier: Apache-2.0
//
// Included before the SDK: what a plugin of another ABI than ours looks like from outside, by its numbers.
#pragma once

#include "gale/abi.h"

#ifdef GALE_PROBE_MAJOR
#undef GALE_ABI_MAJOR
#define GALE_ABI_MAJOR GALE_PROBE_MAJOR
#endif
#ifdef GALE_PROBE_MINOR
#undef GALE_ABI_MINOR
#define GALE_ABI_MINOR GALE_PROBE_MINOR
#endif
