// SPDX-License-Identifier: Apache-2.0
//
// ASSERT(condition, "text"): for our own bugs alone; data from a peer or a user never asserts. On in every build.
#pragma once

#include <cstdio>
#include <cstdlib>

#define ASSERT(condition, text)                                                                    \
  do {                                                                                             \
    if (__builtin_expect(!(condition), 0)) {                                                       \
      std::fprintf(stderr, "gale: bug: %s (%s) at %s:%d\n", text, #condition, __FILE__, __LINE__); \
      std::abort();                                                                                \
    }                                                                                              \
  } while (0)
