/* SPDX-License-Identifier: Apache-2.0
 *
 * What abidw sees of abi.h: its debug information holds every struct, since this function reaches them all. Never run.
 */
#include "gale/abi.h"

__attribute__((visibility("default"))) void gale_abi_probe(const gale_plugin* plugin, gale_plugin_entry_fn entry,
                                                           const gale_note* note, const gale_in_record* in,
                                                           const gale_out_record* out) {
  (void)plugin, (void)entry, (void)note, (void)in, (void)out;
}
