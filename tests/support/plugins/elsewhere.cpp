// SPDX-License-Identifier: Apache-2.0
//
// A library that the plugin bad_library is linked with and that is missing when it runs.
extern "C" int gale_elsewhere() { return 0; }
