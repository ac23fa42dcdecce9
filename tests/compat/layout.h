/* SPDX-License-Identifier: Apache-2.0
 *
 * Where every member of topology-api/include/gale/abi.h stands and what every constant is, once and for all of major 1.
 * Valid C11 and C++20, compiled by both, with every compiler at hand, and with the abi.h of each recorded minor: a
 * member that moved since any of them is refused. A number of this file never changes; a new minor adds lines behind
 * `#if GALE_ABI_MINOR >= N`, and at the end of a struct that grew GALE_SIZE gets an older and a newer half.
 */
#ifndef GALE_TESTS_COMPAT_LAYOUT_H_
#define GALE_TESTS_COMPAT_LAYOUT_H_

#include "gale/abi.h"

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>

#ifdef __cplusplus
#include <type_traits>
static_assert(std::is_same<gale_plugin_entry_fn, const gale_plugin* (*)(uint32_t, uint32_t)>::value,
              "the entry's arguments are frozen");
constexpr bool gale_same_text(const char* a, const char* b) {
  return *a == *b && (*a == 0 || gale_same_text(a + 1, b + 1));
}
static_assert(gale_same_text(GALE_ABI_NOTE_SECTION, ".note.gale"), "the note's section is frozen for ever");
static_assert(gale_same_text(GALE_ABI_ENTRY, "gale_plugin_entry"), "the entry's name is frozen for ever");
#endif

#define GALE_MEMBER(type, member, offset, bytes)                                                              \
  static_assert(offsetof(type, member) == (offset), #type "." #member " has moved: see topology-api/ABI.md"); \
  static_assert(sizeof(((type*)0)->member) == (bytes), #type "." #member " has another size: see topology-api/ABI.md")
#define GALE_SIZE(type, bytes, align)                                                         \
  static_assert(sizeof(type) == (bytes), #type " has another size: see topology-api/ABI.md"); \
  static_assert(alignof(type) == (align), #type " has another alignment")
#define GALE_VALUE(name, value) static_assert((name) == (value), #name " has another value: it may never change")

static_assert(sizeof(void*) == 8 && sizeof(void (*)(void)) == 8, "the boundary is for 64-bit machines");
GALE_VALUE(GALE_ABI_MAJOR, 1);

/* statuses */
GALE_VALUE(GALE_OK, 0);
GALE_VALUE(GALE_THROWN, 1);
GALE_VALUE(GALE_TOO_MUCH, 2);
GALE_VALUE(GALE_CLOSED, 3);
GALE_VALUE(GALE_UNSUPPORTED, 4);
/* component kinds */
GALE_VALUE(GALE_SPOUT, 1);
GALE_VALUE(GALE_BOLT, 2);
GALE_VALUE(GALE_GROUPING, 3);
/* record kinds */
GALE_VALUE(GALE_EMIT, 1);
GALE_VALUE(GALE_ACK, 2);
GALE_VALUE(GALE_FAIL, 3);
GALE_VALUE(GALE_TOUCH, 4);
/* record flags */
GALE_VALUE(GALE_TRACKED, 1);
GALE_VALUE(GALE_REPLAY_BY_ENGINE, 2);
GALE_VALUE(GALE_DIRECT, 4);
GALE_VALUE(GALE_RAISED, 8);
/* verdicts */
GALE_VALUE(GALE_VERDICT_NONE, 0);
GALE_VALUE(GALE_VERDICT_ACKED, 1);
GALE_VALUE(GALE_VERDICT_FAILED, 2);
GALE_VALUE(GALE_VERDICT_KEPT, 3);
/* what next() said */
GALE_VALUE(GALE_NEXT_EMITTED, 0);
GALE_VALUE(GALE_NEXT_UNTIL, 1);
GALE_VALUE(GALE_NEXT_WOKEN, 2);
GALE_VALUE(GALE_NEXT_FINISHED, 3);
GALE_VALUE(GALE_NEXT_EMPTY, 4);
/* log levels */
GALE_VALUE(GALE_LOG_DEBUG, 0);
GALE_VALUE(GALE_LOG_INFO, 1);
GALE_VALUE(GALE_LOG_WARN, 2);
GALE_VALUE(GALE_LOG_ERROR, 3);
/* anchors */
GALE_VALUE(GALE_ANCHOR_NONE, 0xffffffffu);
GALE_VALUE(GALE_ANCHOR_LIST, 0xfffffffeu);
GALE_VALUE(GALE_FIRST_KEPT, 0x100000000ull);
#if GALE_ABI_MINOR >= 3
GALE_VALUE(GALE_CHOSEN, 16);
GALE_VALUE(GALE_REFUSED, 0xffffffffu);
#endif

/* Frozen: no size says how much of them there is, so they may not even grow. */
GALE_MEMBER(gale_str, data, 0, 8);
GALE_MEMBER(gale_str, size, 8, 8);
GALE_SIZE(gale_str, 16, 8);

GALE_MEMBER(gale_text, data, 0, 8);
GALE_MEMBER(gale_text, capacity, 8, 4);
GALE_MEMBER(gale_text, size, 12, 4);
GALE_SIZE(gale_text, 16, 8);

GALE_MEMBER(gale_note, major, 0, 4);
GALE_MEMBER(gale_note, minor, 4, 4);
GALE_MEMBER(gale_note, name_version, 8, 56);
GALE_SIZE(gale_note, 64, 4);

GALE_MEMBER(gale_in_record, size, 0, 4);
GALE_MEMBER(gale_in_record, values_at, 4, 2);
GALE_MEMBER(gale_in_record, input, 6, 2);
GALE_SIZE(gale_in_record, 8, 4);

GALE_MEMBER(gale_out_record, size, 0, 4);
GALE_MEMBER(gale_out_record, values_at, 4, 2);
GALE_MEMBER(gale_out_record, stream, 6, 2);
GALE_MEMBER(gale_out_record, kind, 8, 1);
GALE_MEMBER(gale_out_record, flags, 9, 1);
GALE_MEMBER(gale_out_record, extra, 10, 2);
GALE_MEMBER(gale_out_record, anchor, 12, 4);
GALE_SIZE(gale_out_record, 16, 4);

GALE_MEMBER(gale_kept, handle, 0, 8);
GALE_MEMBER(gale_kept, values, 8, 8);
GALE_MEMBER(gale_kept, size, 16, 8);
GALE_SIZE(gale_kept, 24, 8);

GALE_MEMBER(gale_completion, id, 0, 8);
GALE_MEMBER(gale_completion, acked, 8, 4);
GALE_MEMBER(gale_completion, attempt, 12, 4);
GALE_MEMBER(gale_completion, final, 16, 4);
GALE_MEMBER(gale_completion, reserved, 20, 4);
GALE_MEMBER(gale_completion, reason, 24, 16);
GALE_SIZE(gale_completion, 40, 8);

/* These begin with their size, and may grow at their ends. */
GALE_MEMBER(gale_out, size, 0, 4);
GALE_MEMBER(gale_out, reserved0, 4, 4);
GALE_MEMBER(gale_out, at, 8, 8);
GALE_MEMBER(gale_out, end, 16, 8);
GALE_MEMBER(gale_out, begun, 24, 8);
GALE_MEMBER(gale_out, stop, 32, 4);
GALE_MEMBER(gale_out, reserved, 36, 4);
GALE_MEMBER(gale_out, misuse, 40, 8);
GALE_MEMBER(gale_out, host, 48, 8);
GALE_MEMBER(gale_out, more, 56, 8);
GALE_MEMBER(gale_out, drop, 64, 8);
#if GALE_ABI_MINOR >= 5
GALE_MEMBER(gale_out, running, 72, 8);
GALE_SIZE(gale_out, 80, 8);
#else
GALE_SIZE(gale_out, 72, 8);
#endif

GALE_MEMBER(gale_batch, size, 0, 4);
GALE_MEMBER(gale_batch, count, 4, 4);
GALE_MEMBER(gale_batch, first, 8, 4);
GALE_MEMBER(gale_batch, limit, 12, 4);
GALE_MEMBER(gale_batch, at, 16, 8);
GALE_MEMBER(gale_batch, end, 24, 8);
GALE_MEMBER(gale_batch, verdict, 32, 8);
GALE_MEMBER(gale_batch, source_task, 40, 4);
GALE_MEMBER(gale_batch, reserved, 44, 4);
GALE_SIZE(gale_batch, 48, 8);

GALE_MEMBER(gale_run, size, 0, 4);
GALE_MEMBER(gale_run, limit, 4, 4);
GALE_MEMBER(gale_run, tracked, 8, 4);
GALE_MEMBER(gale_run, state, 12, 4);
GALE_MEMBER(gale_run, until_ns, 16, 8);
GALE_MEMBER(gale_run, calls, 24, 4);
GALE_MEMBER(gale_run, reserved, 28, 4);
GALE_SIZE(gale_run, 32, 8);

GALE_MEMBER(gale_plugin, size, 0, 4);
GALE_MEMBER(gale_plugin, major, 4, 4);
GALE_MEMBER(gale_plugin, minor, 8, 4);
GALE_MEMBER(gale_plugin, count, 12, 4);
GALE_MEMBER(gale_plugin, name, 16, 16);
GALE_MEMBER(gale_plugin, version, 32, 16);
GALE_MEMBER(gale_plugin, build, 48, 16);
GALE_MEMBER(gale_plugin, components, 64, 8);
GALE_SIZE(gale_plugin, 72, 8);

#if GALE_ABI_MINOR >= 2
GALE_MEMBER(gale_targets, size, 0, 4);
GALE_MEMBER(gale_targets, count, 4, 4);
GALE_MEMBER(gale_targets, capacity, 8, 4);
GALE_MEMBER(gale_targets, reserved, 12, 4);
GALE_MEMBER(gale_targets, at, 16, 8);
GALE_SIZE(gale_targets, 24, 8);
#endif

GALE_MEMBER(gale_task, size, 0, 4);
GALE_MEMBER(gale_task, index, 4, 4);
GALE_MEMBER(gale_task, host, 8, 8);
GALE_MEMBER(gale_task, out, 16, 8);
GALE_MEMBER(gale_task, info, 24, 16);
GALE_MEMBER(gale_task, keep, 40, 8);
GALE_MEMBER(gale_task, wake, 48, 8);
GALE_MEMBER(gale_task, log, 56, 8);
GALE_MEMBER(gale_task, now_ns, 64, 8);
GALE_MEMBER(gale_task, counter, 72, 8);
GALE_MEMBER(gale_task, watch_fd, 80, 8);
#if GALE_ABI_MINOR >= 3
GALE_MEMBER(gale_task, choose, 88, 8);
GALE_SIZE(gale_task, 96, 8);
#else
GALE_SIZE(gale_task, 88, 8);
#endif

GALE_MEMBER(gale_component, size, 0, 4);
GALE_MEMBER(gale_component, kind, 4, 4);
GALE_MEMBER(gale_component, name, 8, 16);
GALE_MEMBER(gale_component, describe, 24, 8);
GALE_MEMBER(gale_component, create, 32, 8);
GALE_MEMBER(gale_component, open, 40, 8);
GALE_MEMBER(gale_component, execute, 48, 8);
GALE_MEMBER(gale_component, finish, 56, 8);
GALE_MEMBER(gale_component, tick, 64, 8);
GALE_MEMBER(gale_component, posted, 72, 8);
GALE_MEMBER(gale_component, next, 80, 8);
GALE_MEMBER(gale_component, completed, 88, 8);
GALE_MEMBER(gale_component, choose, 96, 8);
GALE_MEMBER(gale_component, activate, 104, 8);
GALE_MEMBER(gale_component, close, 112, 8);
GALE_MEMBER(gale_component, destroy, 120, 8);
GALE_MEMBER(gale_component, snapshot, 128, 8);
GALE_MEMBER(gale_component, restore, 136, 8);
GALE_MEMBER(gale_component, watermark, 144, 8);
#if GALE_ABI_MINOR >= 1
GALE_MEMBER(gale_component, describe_for, 152, 8);
#endif
#if GALE_ABI_MINOR >= 4
GALE_MEMBER(gale_component, observe, 160, 8);
GALE_SIZE(gale_component, 168, 8);
#elif GALE_ABI_MINOR >= 1
GALE_SIZE(gale_component, 160, 8);
#else
GALE_SIZE(gale_component, 152, 8);
#endif

#if GALE_ABI_MINOR >= 4
GALE_VALUE(GALE_TASK_HOOK, 4);
GALE_VALUE(GALE_WORKER_HOOK, 5);
GALE_VALUE(GALE_EVENT_EMIT, 1);
GALE_VALUE(GALE_EVENT_EXECUTE, 2);
GALE_VALUE(GALE_EVENT_ACK, 3);
GALE_VALUE(GALE_EVENT_FAIL, 4);
GALE_VALUE(GALE_EVENT_ROOT, 0xffffffffu);
GALE_MEMBER(gale_event, size, 0, 4);
GALE_MEMBER(gale_event, kind, 4, 4);
GALE_MEMBER(gale_event, stream, 8, 4);
GALE_MEMBER(gale_event, verdict, 12, 4);
GALE_MEMBER(gale_event, values, 16, 8);
GALE_MEMBER(gale_event, end, 24, 8);
GALE_MEMBER(gale_event, tasks, 32, 8);
GALE_MEMBER(gale_event, count, 40, 4);
GALE_MEMBER(gale_event, roots, 44, 4);
GALE_MEMBER(gale_event, id, 48, 8);
GALE_MEMBER(gale_event, attempt, 56, 4);
GALE_MEMBER(gale_event, final, 60, 4);
GALE_MEMBER(gale_event, tracked, 64, 4);
GALE_MEMBER(gale_event, source_task, 68, 4);
GALE_MEMBER(gale_event, took_ns, 72, 8);
GALE_MEMBER(gale_event, reason, 80, 16);
GALE_SIZE(gale_event, 96, 8);
#endif

#endif /* GALE_TESTS_COMPAT_LAYOUT_H_ */
