// SPDX-License-Identifier: Apache-2.0
//
// The build itself refuses a layout that moved; that C agrees, other compilers, and the recorded minors, is abi.py's.
#include "tests/compat/layout.h"
