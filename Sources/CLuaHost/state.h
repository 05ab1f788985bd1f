// What the files of this target share.
#ifndef TIDEMILL_CLUAHOST_STATE_H
#define TIDEMILL_CLUAHOST_STATE_H

#include "CLuaHost.h"
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#pragma clang assume_nonnull begin

/// Small blocks come in sizes of this many bytes and its multiples.
enum { TIDE_BLOCK_STEP = 16, TIDE_BLOCK_CLASSES = 32 };

typedef struct tide_block {
    struct tide_block *_Nullable next;
} tide_block;

typedef struct tide_allocator {
    tide_block *_Nullable blocks[TIDE_BLOCK_CLASSES];  // free ones, by size
    struct tide_chunk *_Nullable chunks;
    uint8_t *_Nullable next;  // what is left of the newest chunk, a multiple of TIDE_BLOCK_STEP
    size_t left;
    size_t reserved;  // bytes taken from the system
    size_t used;      // bytes that Lua's objects take
    size_t limit;
    bool refused;   // an allocation since the call began
    bool enforced;  // only while script code runs: host work over the limit must not fail
    int64_t asked;
    int64_t fail_at;
    int64_t fail_count;
} tide_allocator;

/// What a script says of itself: description, version, options, ports.
enum { TIDE_INFO_FIELDS = 4 };

typedef struct tide_port {
    char *name;
    size_t count;
    tide_format format;
} tide_port;

/// Why the call at hand is to end. The signal handler sets the first.
enum { TIDE_STOP_NONE, TIDE_STOP_INTERRUPT, TIDE_STOP_INSTRUCTIONS };

/// What is to be done before the next value, one bit each.
enum { TIDE_CHORE_LAZY = 1, TIDE_CHORE_BUDGET = 2 };

/// A value of a run in one word: the call's generation above, the value's index below.
enum { TIDE_INPUT_BITS = 20 };

/// Addresses of objects.
typedef struct tide_object_list {
    const void *_Nullable *_Nullable objects;
    size_t count;
    size_t capacity;
} tide_object_list;

struct tide_interrupter {
    _Atomic uint64_t call;      // which call runs, and whether it is held in place: see interrupt.c
    _Atomic uint64_t request;   // the highest generation that was asked to stop
    _Atomic uint64_t target;    // the highest value of a run that was asked to stop
    _Atomic uint64_t position;  // the value at hand, written only by the thread that runs the call
    _Atomic int references;
    pthread_t thread;  // valid while the call runs
};

/// One level of the coroutines that run: the one that resumed another.
typedef struct tide_resumption {
    lua_State *L;
    struct tide_resumption *_Nullable up;
} tide_resumption;

/// What a value of a batch has given so far.
typedef struct tide_share {
    size_t outputs;
    size_t bytes;
    bool failed;
} tide_share;

struct tide_state {
    tide_report report;
    tide_allocator allocator;
    lua_State *main;
    lua_State *thread;             // the one coroutine that every call runs in
    lua_State *volatile running;   // the innermost coroutine that runs script code: the signal handler arms it
    volatile sig_atomic_t stop;    // a TIDE_STOP: this call is to end, hooks raise while it is set
    volatile uint64_t generation;  // of the call in flight or the last one
    tide_interrupter *interrupter;
    tide_host host;
    void *_Nullable context;
    int32_t resolver;

    // How the script is stopped; see stop.c.
    bool raised;         // the stop was raised: until the call is over only closing methods run
    bool grace_is_over;  // nothing of the script runs any more
    int closing;         // calls of lua_resetthread, which runs closing methods
    int64_t grace_end;   // nanoseconds of the thread's time; 0 before the grace begins
    int64_t grace_left;  // instructions
    int64_t instruction_limit;  // of one value; 0 = none
    int64_t instructions_left;
    tide_resumption *_Nullable resumptions;

    tide_call call;
    bool in_flight;
    bool waiting;   // the call suspended itself in a host function
    bool can_wait;  // every coroutine between the call and the innermost one may yield
    bool failed;
    bool explained;    // the message handler has noted the error already
    uint8_t chores;
    tide_failure over_limit;  // the limit of the outputs that `refusal` is about, or TIDE_FAILURE_RUNTIME
    bool loaded;
    const tide_input *_Nullable inputs;
    size_t input_count;
    size_t *_Nullable ends;  // for each value of a run that is done, the number of outputs so far
    size_t single_end;

    tide_buffer output;
    size_t output_start;  // of the bytes of the value at hand
    size_t first_output;  // of the value at hand
    size_t output_limit;
    tide_output *_Nullable outputs;
    size_t output_capacity;
    size_t emission_limit;
    tide_port *_Nullable ports;
    size_t port_count;

    // Objects; see object.c.
    tide_object_functions objects;
    tide_object_list held;    // what the outputs refer to, a reference for each
    tide_object_list passed;  // what a host function's arguments refer to, without
    size_t first_held;        // of the value at hand
    size_t *_Nullable held_sizes;  // for each of `held`, how much memory it was when it was given
    size_t held_bytes;        // of all of them
    size_t first_held_byte;   // of the value at hand
    size_t object_bytes;      // how much of the used memory is objects'
    size_t object_garbage;    // how much of that came since the collector was run for it

    // Of a batch; see batch.c.
    tide_share *_Nullable shares;  // of each value
    size_t share_capacity;
    uint32_t *_Nullable owners;  // for each output, the value that it is a result of
    size_t owner_capacity;
    tide_failed_input *_Nullable failed_inputs;
    size_t failed_input_capacity;
    tide_buffer reasons;  // the texts of those
    size_t batch_start;   // of the bytes of the batch

    tide_answer answer;     // to a wait
    tide_buffer arguments;  // of a host function
    tide_buffer result;
    tide_buffer scratch;
    tide_buffer refusal;  // why a value was refused; apart from `message`, which <close> variables must not change
    tide_buffer message;
    tide_buffer traceback;
    tide_buffer label;
    tide_buffer info;
    size_t info_ranges[TIDE_INFO_FIELDS][2];  // offset and count
    bool has[TIDE_CALLS];
    char *_Nullable chunk;
    tide_buffer chunk_seen;       // where the error was
    void *_Nullable ctx;          // the ctx object's address
};

/// Every coroutine of a state has the state's address in its extra space: new ones copy the main one's.
static inline tide_state *tide_state_of(lua_State *L) {
    return *(tide_state **)lua_getextraspace(L);
}

// Keys of the registry: addresses.
typedef enum tide_key {
    TIDE_KEY_ARRAY,    // the metatable that marks an array
    TIDE_KEY_CONTEXT,  // the ctx object
    TIDE_KEY_FIELDS,   // ctx's fields
    TIDE_KEY_LAZY,     // lazy fields' function numbers, by name
    TIDE_KEY_CACHE,    // lazy fields read in this call
    TIDE_KEY_MODULES,  // what require gives, by name
    TIDE_KEY_VERDICT,  // the metatable of what ctx:retry and ctx:reject raise
    TIDE_KEY_OBJECTS,  // the metatables of objects, by type; also what marks one
    TIDE_KEY_THREAD,
    TIDE_KEY_BODIES,  // one for each call
    TIDE_KEYS = TIDE_KEY_BODIES + TIDE_CALLS,
} tide_key;
extern const char tide_keys[TIDE_KEYS];

// allocator.c
void *_Nullable tide_allocate(void *allocator, void *_Nullable block, size_t old_size, size_t new_size);

void tide_free_chunks(tide_allocator *allocator);

// state.c
/// Runs `body` protected on the main coroutine, outside any call, with a light userdata: nothing in it may
/// yield. On failure the report says why.
bool tide_protect(tide_state *S, lua_CFunction body, void *_Nullable argument);

// The functions that catch errors; stop.c knows their stacks.
int tide_load_body(lua_State *L);    // body.c
int tide_call_body(lua_State *L);    // body.c
int tide_handle_body(lua_State *L);  // body.c
int tide_batch_body(lua_State *L);   // batch.c
int tide_coroutine_body(lua_State *L);
int tide_pcall(lua_State *L);
int tide_xpcall(lua_State *L);

// Each raises, so they are called protected.
void tide_open_sandbox(lua_State *L);
void tide_open_coroutine(lua_State *L);
void tide_open_json(lua_State *L);
void tide_open_context(lua_State *L);
void tide_open_verdict(lua_State *L);
void tide_open_objects(lua_State *L);
int tide_require(lua_State *L);
int tide_emit(lua_State *L);
int tide_retry(lua_State *L);
int tide_reject(lua_State *L);

// host.c
void tide_push_function(lua_State *L, int32_t function, const char *name, bool method);
void tide_push_print(lua_State *L, int32_t function);
/// Calls the host with one string and leaves its results on the stack, at least `wanted`. It must not wait.
void tide_ask(lua_State *L, int32_t function, const char *name, const char *argument, size_t count, int wanted);

// push.c: flat bytes to Lua values. Raises on damaged bytes and when memory is out.
void tide_push_input(lua_State *L, const tide_input *input);
void tide_push_json(lua_State *L, const uint8_t *text, size_t count);
/// Pushes every value of a sequence and says how many.
int tide_push_values(lua_State *L, const uint8_t *_Nullable bytes, size_t count);

// object.c
/// Pushes a handle of an object. Raises when memory is out.
void tide_push_object(lua_State *L, const void *object);
/// The type's name if the value at `index` is an object.
const char *_Nullable tide_object_type(lua_State *L, int index);
/// Without a name the function is that of the properties.
void tide_define_method(lua_State *L, const char *type, const char *name, int32_t function);
/// The object at `index`; NULL if there is none, or if it is closed.
const void *_Nullable tide_object_at(lua_State *L, int index);
/// Notes that an encoding refers to an object: an output's is held from now on. False if it can't go there, with the
/// reason in `refusal`.
bool tide_pass_object(tide_state *S, const void *object, const tide_buffer *out);
/// Lets go of all objects of outputs but the first `count`.
void tide_drop_objects(tide_state *S, size_t count);
/// Counts what the first `count` values on the stack hold by now, after a host function may have changed it.
void tide_charge_objects(lua_State *L, int count);
/// Runs the collector if much of the objects' memory may be garbage.
void tide_collect_objects(lua_State *L, tide_state *S);

// encode.c, encode_json.c: Lua values to bytes. Neither raises; on failure the buffer and the stack are as they
// were and the reason is in `refusal`. The buffer may grow up to `limit`.
bool tide_encode_flat(tide_state *S, lua_State *L, int index, tide_buffer *out, size_t limit);
bool tide_encode_json(tide_state *S, lua_State *L, int index, tide_buffer *out, size_t limit);

/// A walk over a value: the tables on the way to the current one are at `base`, `base + 2`, … on the stack, the
/// keys between them, so that a refusal can name the path.
typedef struct tide_walk {
    tide_state *S;
    lua_State *L;
    tide_buffer *out;
    size_t limit;
    int base;
} tide_walk;

/// Writes the value at the top of the stack, `depth` tables deep.
typedef bool (*tide_put)(tide_walk *walk, int depth);
/// Walks over the value at `index`, as both encodings do; on failure the buffer and the stack are as they were.
bool tide_walk_value(tide_state *S, lua_State *L, int index, tide_buffer *out, size_t limit, tide_put put);

// refusal.c; those that return bool return false
bool tide_refuse(tide_walk *walk, int depth, const char *reason);
bool tide_refuse_type(tide_walk *walk, int depth);
bool tide_refuse_keys(tide_walk *walk, int depth);
bool tide_refuse_size(tide_walk *walk);
/// Whether the table at `index` has the array mark.
bool tide_is_marked(lua_State *L, int index);
/// The number of entries of a table whose keys are exactly 1..n in some order; -1 when they aren't.
lua_Integer tide_array_count(lua_State *L, int index);

// output.c; on failure the reason is in `refusal`
size_t tide_output_end(const tide_state *S);
bool tide_refuse_bytes(tide_state *S);
bool tide_put_output(tide_state *S, lua_State *L, int index, int32_t port);
/// What is given from here on belongs to another value.
void tide_begin_value(tide_state *S);
/// Takes back what the value at hand gave.
void tide_drop_outputs(tide_state *S);

// body.c
/// Does what is due before a value or a batch.
void tide_prepare(lua_State *L, tide_state *S);
/// Whether the script's function has failed; notes why.
bool tide_has_failed(tide_state *S, lua_State *L, int status);

// batch.c
/// False when memory is out.
bool tide_begin_batch(tide_state *S, const tide_input *inputs, size_t count, size_t *ends);
/// From here on the outputs are one call's again, so that all of them can be dropped.
void tide_end_batch(tide_state *S);
/// The next output is a result of that value: its limits hold. On failure the reason is in `refusal`.
bool tide_turn_to(tide_state *S, size_t input);
/// The last output was put; it is that value's.
void tide_note_share(tide_state *S, size_t input);

// failure.c
void tide_set_text(tide_buffer *buffer, const char *text, size_t count);
void tide_set_message(tide_state *S, const char *text);
void tide_set_refusal(tide_state *S, const char *text);
void tide_fail(tide_state *S, tide_failure failure);
void tide_clear_failure(tide_state *S);
int tide_message_handler(lua_State *L);
/// Notes the failure of a protected call whose error object is on the top of the stack.
void tide_note_failure(tide_state *S, lua_State *L, int status);
/// Notes a reason: the value at the top, or its `message`, and the verdict in it.
void tide_note_reason(tide_state *S, lua_State *L);
/// Raises what `refusal` says, with the position of the running Lua function.
int tide_raise_refusal(lua_State *L);

// verdict.c
void tide_forget_verdict(tide_state *S);
/// Notes the verdict of a reason, the value at `index`. Whether it is what ctx:retry or ctx:reject raise; then its
/// message is noted too.
bool tide_note_verdict(tide_state *S, lua_State *L, int index);
/// Notes the verdict that the fields of a reason make, if it is a table, and says in the message what is wrong in them.
void tide_note_fields(tide_state *S, lua_State *L, int index);

// interrupt.c
tide_interrupter *_Nullable tide_interrupter_new(void);
/// Between these two the thread runs script code and a signal may arm it.
void tide_enter(tide_state *S, tide_state *_Nullable *_Nonnull previous);
void tide_leave(tide_state *S, tide_state *_Nullable previous);
/// Whether a request is for the value at hand.
bool tide_is_asked_to_stop(const tide_state *S);
/// Stops the value at hand if that was asked for, without waiting for the signal.
void tide_stop_if_asked(tide_state *_Nullable S);
/// Decides again whether the value at hand is to stop: the stop may have been for the one before it.
void tide_reconsider(tide_state *S, lua_State *L);

/// Says which value is at hand: readable from any thread, and what the signal handler compares requests with.
static inline void tide_note_position(tide_state *S) {
    uint64_t position = S->generation << TIDE_INPUT_BITS | S->report.input_count;
    atomic_store_explicit(&S->interrupter->position, position, memory_order_relaxed);
}

// stop.c
/// Makes every further Lua instruction of `L` raise the stop.
void tide_arm(lua_State *L);
/// Takes that back: the hook is as it is while nothing stops the script.
void tide_disarm(lua_State *L);
int tide_raise_stop(lua_State *L);
/// Whether the stop goes on outwards from where an error or a yield arrived with `status`. `raised_before`: the
/// place was entered when the stop had been raised already, so by a closing method.
static inline bool tide_passes_stop(tide_state *S, int status, bool raised_before) {
    return __builtin_expect(S->stop != TIDE_STOP_NONE, 0) &&
           (status == LUA_ERRMEM || (S->raised && !raised_before));
}
/// Raises the stop in a loop of C, unless it runs for a closing method that has time left.
void tide_stop_here(lua_State *L);
/// The budget of the value or the batch that begins.
void tide_begin_budget(tide_state *S, lua_State *L);
/// A new coroutine has a count of its own: it is charged what may stay uncounted.
void tide_charge_coroutine(lua_State *L);
/// Ends the stop of a call that is over, and says in the report what it was. The state is broken if anything of it
/// is left.
void tide_settle_stop(tide_state *S, bool fails);

// loops.c
/// Makes the loops of the standard library stoppable that a script can make long.
void tide_open_loops(lua_State *L);

// catch.c
/// pcall and xpcall, which no stop can be caught with.
void tide_open_catch(lua_State *L);

#pragma clang assume_nonnull end

#endif
