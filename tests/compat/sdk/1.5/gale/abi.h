/* SPDX-License-Identifier: Apache-2.0
 *
 * The boundary between a host (the engine, the test kit) and a plugin (spouts, bolts, groupings, hooks in a library).
 * Plain C: no standard library type and no exception crosses it. Plugins are written against the C++ SDK beside this
 * file; only the SDK and topology-api/host speak these structs.
 *
 * Versions. A plugin's major must equal the host's, its minor may not be newer (ABI.md has the promise). A struct that
 * begins with `size` may grow at its end: a member is read only when `size` covers it. Records never change within a
 * major; new kinds and flags may come, and are written only when the other side's minor knows them. What is not hot
 * crosses as one msgpack map.
 *
 * Threads. All calls of one component instance happen on its task's turn, one thread at a time, not always the same
 * one, except `wake` and `log`, which any thread may call between create and destroy. Every function is noexcept. Bytes
 * are little-endian and unaligned: read them with memcpy.
 */
#ifndef GALE_ABI_H_
#define GALE_ABI_H_

#include <stdint.h>

#define GALE_ABI_MAJOR 1
#define GALE_ABI_MINOR 5
#define GALE_ABI_NOTE_SECTION ".note.gale" /* ELF note: owner "Gale", type 1, gale_note below; read before dlopen */
#define GALE_ABI_ENTRY "gale_plugin_entry"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char* data;
  uint64_t size;
} gale_str; /* lent for the call */
typedef struct {
  char* data;
  uint32_t capacity, size;
} gale_text; /* the caller's room for an error text */
typedef struct {
  uint32_t major, minor;
  char name_version[56];
} gale_note;

enum { GALE_OK = 0, GALE_THROWN = 1, GALE_TOO_MUCH = 2, GALE_CLOSED = 3, GALE_UNSUPPORTED = 4 }; /* statuses */
/* component kinds; the hooks since 1.4: an entry leaves them out of its table for a host that is older */
enum { GALE_SPOUT = 1, GALE_BOLT = 2, GALE_GROUPING = 3, GALE_TASK_HOOK = 4, GALE_WORKER_HOOK = 5 };
enum { GALE_EMIT = 1, GALE_ACK = 2, GALE_FAIL = 3, GALE_TOUCH = 4 }; /* record kinds */
/* record flags; GALE_CHOSEN since 1.3 */
enum { GALE_TRACKED = 1, GALE_REPLAY_BY_ENGINE = 2, GALE_DIRECT = 4, GALE_RAISED = 8, GALE_CHOSEN = 16 };
enum { GALE_VERDICT_NONE = 0, GALE_VERDICT_ACKED = 1, GALE_VERDICT_FAILED = 2, GALE_VERDICT_KEPT = 3 };
enum { GALE_NEXT_EMITTED = 0, GALE_NEXT_UNTIL = 1, GALE_NEXT_WOKEN = 2, GALE_NEXT_FINISHED = 3, GALE_NEXT_EMPTY = 4 };
enum { GALE_EVENT_EMIT = 1, GALE_EVENT_EXECUTE = 2, GALE_EVENT_ACK = 3, GALE_EVENT_FAIL = 4 }; /* since 1.4 */
enum { GALE_LOG_DEBUG = 0, GALE_LOG_INFO = 1, GALE_LOG_WARN = 2, GALE_LOG_ERROR = 3 };

#define GALE_ANCHOR_NONE 0xffffffffu   /* no anchor */
#define GALE_ANCHOR_LIST 0xfffffffeu   /* `extra` anchors stand before the values */
#define GALE_REFUSED 0xffffffffu       /* n of CHOSEN: gale_task.choose could not route it, and fails the anchors */
#define GALE_EVENT_ROOT 0xffffffffu    /* `stream` of a spout's ACK and FAIL: of a root, without values */
#define GALE_FIRST_KEPT 0x100000000ull /* an anchor below it is an input's number in the batch, else a kept handle */

/* A tuple going in: 8 bytes, the host's bytes up to values_at (skipped unread), one msgpack array up to size. */
typedef struct {
  uint32_t size;
  uint16_t values_at;
  uint16_t input;
} gale_in_record;

/* What user code did, in order. EMIT: [u64 id if TRACKED][u32 task if DIRECT: its number within the topology]
 * [u32 n, n x u32 if CHOSEN: the tasks that gale_task.choose named] [extra x u64 if anchor is LIST], then the values at
 * values_at. ACK, TOUCH: a u64 kept handle. FAIL: a u64 kept handle
 * (0: the input in `anchor`), then the reason's text. Acks of inputs are verdicts, not records. When an input that was
 * kept fails in the same call (it threw), its handle is void: the bytes stay until it is settled, which then settles
 * nothing. Records stand also when a call returns GALE_THROWN: the fails of kept tuples that the throwing call had
 * settled. */
typedef struct {
  uint32_t size;
  uint16_t values_at, stream;
  uint8_t kind, flags;
  uint16_t extra;
  uint32_t anchor;
} gale_out_record;

/* The buffer the host lends for records. */
typedef struct gale_out {
  uint32_t size, reserved0;
  uint8_t *at, *end; /* written so far; end of the room */
  uint8_t* begun;    /* where the running user call began: all before it is final */
  uint32_t stop;     /* set by the host from any thread: return after this user call */
  uint32_t reserved;
  uint64_t misuse; /* acks or emits of tuples already settled: refused and counted by the SDK */
  void* host;
  /* Takes all, holds [begun, at), lends >= need with begun = at; or GALE_TOO_MUCH, which changes nothing. */
  uint32_t (*more)(struct gale_out*, uint64_t need);
  void (*drop)(struct gale_out*); /* forgets what the running call wrote, the held part too */
  uint32_t* running; /* Since 1.5. Before each execute the SDK writes its input's number there; null: nobody asks */
} gale_out;

typedef struct gale_batch {
  uint32_t size, count; /* inputs in the batch */
  uint32_t first;       /* the next input to run; the SDK moves first and at on */
  uint32_t limit;       /* how many inputs this call may run */
  const uint8_t *at, *end;
  uint8_t* verdict; /* count bytes, zeroed: GALE_VERDICT_... */
  uint32_t source_task, reserved;
} gale_batch;

typedef struct {
  uint64_t handle;
  const uint8_t* values;
  uint64_t size;
} gale_kept; /* the host's bytes until settled */
typedef struct {
  uint64_t id;
  uint32_t acked, attempt, final, reserved;
  gale_str reason;
} gale_completion;

/* Since 1.2. Tasks chosen for one tuple, each once: by a grouping, indices of the component that reads; by
 * gale_task.choose, numbers within the topology. */
typedef struct {
  uint32_t size, count;
  uint32_t capacity, reserved; /* the room at `at`; a grouping has it for all tasks of its reader */
  uint32_t* at;
} gale_targets;

/* Since 1.4. What a task did, for a task hook; all of it lent for the call. A member that its kind does not name is 0.
 * Root: of a spout's tracked tuple. took_ns: EXECUTE: of the call; ACK and FAIL of a root: since it was emitted. */
typedef struct {
  uint32_t size, kind;           /* GALE_EVENT_... */
  uint32_t stream;               /* EMIT: the number of the stream; else of the input, or GALE_EVENT_ROOT */
  uint32_t verdict;              /* EXECUTE: GALE_VERDICT_... */
  const uint8_t *values, *end;   /* one msgpack array, but for a root */
  const uint32_t* tasks;         /* EMIT: `count` tasks that get a copy, by their numbers within the topology */
  uint32_t count, roots;         /* roots: how many wait for the tuple */
  uint64_t id;                   /* of a root: EMIT if TRACKED, ACK, FAIL */
  uint32_t attempt, final;       /* of a root, as id; FAIL: it is not tried again */
  uint32_t tracked, source_task; /* EMIT: of a root; EXECUTE: who emitted the input */
  int64_t took_ns;
  gale_str reason; /* FAIL */
} gale_event;

typedef struct {
  uint32_t size;
  uint32_t limit;           /* how many times next() may be called */
  uint32_t tracked;         /* how many tracked emits may be begun: no next() once reached; 0 means none at all */
  uint32_t state;           /* GALE_NEXT_..., what the last next() said */
  int64_t until_ns;         /* for GALE_NEXT_UNTIL, on now_ns' clock */
  uint32_t calls, reserved; /* how many next() ran */
} gale_run;

typedef struct gale_task { /* host to SDK, lives from create to destroy */
  uint32_t size, index;
  void* host;
  gale_out* out;
  gale_str info; /* msgpack map: topology, component, task, index, tasks, config {}, inputs [{component,stream,fields}];
                  * since 1.2 outputs [{stream,component,first_task,tasks}]: who reads direct streams;
                  * since 1.4 worker (from 1), workers, and for task hooks streams [{component,stream,fields}], by
                  * number: the task's own. A worker hook's has component "", task and index 0, tasks 1 */
  uint32_t (*keep)(const struct gale_task*, uint32_t input, gale_kept*);
  void (*wake)(const struct gale_task*);                               /* any thread: posted() and next() run soon */
  void (*log)(const struct gale_task*, uint32_t level, gale_str text); /* any thread */
  int64_t (*now_ns)(const struct gale_task*);                          /* monotonic */
  uint64_t* (*counter)(const struct gale_task*, gale_str name);        /* a cell: counting is a store */
  uint32_t (*watch_fd)(const struct gale_task*, int fd);               /* readable: next() runs again */
  /* Since 1.3. Routes one msgpack array [values, end) for an emit on `stream` that is written next, with GALE_CHOSEN.
   * GALE_UNSUPPORTED: it cannot be routed, write it with n = GALE_REFUSED. GALE_TOO_MUCH: more than capacity. */
  uint32_t (*choose)(const struct gale_task*, uint32_t stream, const uint8_t* values, const uint8_t* end,
                     gale_targets*);
} gale_task;

typedef struct gale_component { /* a text in the last argument goes with GALE_THROWN */
  uint32_t size, kind;
  gale_str name;
  uint32_t (*describe)(void* into, void (*write)(void* into, gale_str map), gale_text*);
  uint32_t (*create)(const gale_task*, void** self, gale_text*); /* constructs, sets keys, resolves fields */
  uint32_t (*open)(void* self, gale_text*);
  uint32_t (*execute)(void* self, gale_batch*, gale_text*);   /* bolts */
  uint32_t (*finish)(void* self, uint32_t* done, gale_text*); /* bolts */
  uint32_t (*tick)(void* self, int64_t now_ns, gale_text*);
  uint32_t (*posted)(void* self, gale_text*);
  uint32_t (*next)(void* self, gale_run*, gale_text*);                                   /* spouts */
  uint32_t (*completed)(void* self, const gale_completion*, uint32_t count, gale_text*); /* spouts */
  /* Groupings, since 1.2: one msgpack array [values, end). The task's info is that of the component that reads, its
   * index that of the source task, its one input the stream. */
  uint32_t (*choose)(void* self, const uint8_t* values, const uint8_t* end, gale_targets*, gale_text*);
  uint32_t (*activate)(void* self, uint32_t active, gale_text*);
  uint32_t (*close)(void* self, gale_text*);
  void (*destroy)(void* self);
  void *snapshot, *restore, *watermark; /* reserved, null */
  /* Since 1.1. What describe() says of a task with this gale_task.info, whose config and inputs may decide streams,
   * reads and ticks: a map as describe writes it, with no keys. A throw says what is wrong with the configuration. */
  uint32_t (*describe_for)(gale_str info, void* into, void (*write)(void* into, gale_str map), gale_text*);
  /* Task hooks, since 1.4. Their open is prepare, their close cleanup; of a worker hook they are start and stop. */
  uint32_t (*observe)(void* self, const gale_event*, gale_text*);
} gale_component;

typedef struct {
  uint32_t size, major, minor, count;
  gale_str name, version, build;
  const gale_component* const* components;
} gale_plugin;

typedef const gale_plugin* (*gale_plugin_entry_fn)(uint32_t host_major, uint32_t host_minor);

#ifdef __cplusplus
} /* extern "C" */

static_assert(sizeof(gale_in_record) == 8 && sizeof(gale_out_record) == 16, "records are frozen within a major");
static_assert(sizeof(gale_note) == 64, "the note is frozen for ever");
#endif
#endif /* GALE_ABI_H_ */
