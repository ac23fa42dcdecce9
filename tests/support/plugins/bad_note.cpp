// SPDX-License-Identifier: Apache-2.0
extern "C" __attribute__((visibility("default"))) int a_library_but_no_plugin() { return 1; }
