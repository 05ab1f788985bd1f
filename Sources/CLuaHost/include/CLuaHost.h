// The Lua wall: everything that may raise, yield or jump lives behind these functions, so no Swift frame is
// ever jumped over. Nothing here knows jobs: a state runs one script, one call at a time, and gives bytes back.
//
// Threads: a state belongs to whoever uses it, one thread at a time; only the functions of its
// interrupter may be called from any thread. Memory: what a function returns belongs to the state unless it says
// otherwise and is valid until the next call.
#ifndef TIDEMILL_CLUAHOST_H
#define TIDEMILL_CLUAHOST_H

#include <CValue.h>

#pragma clang assume_nonnull begin

typedef struct tide_state tide_state;
typedef struct tide_interrupter tide_interrupter;

/// How a call stands when the wall gives control back.
typedef enum tide_step : int32_t {
    TIDE_STEP_FINISHED,
    TIDE_STEP_WAITING,  // a host function answered TIDE_HOST_WAIT; go on with tide_resume
    TIDE_STEP_FAILED,   // the report says why
} tide_step;

typedef enum tide_failure : int32_t {
    TIDE_FAILURE_RUNTIME,
    TIDE_FAILURE_SYNTAX,
    TIDE_FAILURE_MEMORY,
    TIDE_FAILURE_INTERRUPTED,
    TIDE_FAILURE_EMISSIONS,     // too many outputs
    TIDE_FAILURE_OUTPUT_BYTES,  // too large ones
    TIDE_FAILURE_INSTRUCTIONS,
    TIDE_FAILURE_MISUSE,  // the host called at the wrong time
} tide_failure;

/// What the script wants to become of the value that failed.
typedef enum tide_verdict : int32_t {
    TIDE_VERDICT_UNSPECIFIED,
    TIDE_VERDICT_RETRY,
    TIDE_VERDICT_NEVER,
    TIDE_VERDICT_REJECT,
} tide_verdict;

/// What a script may define; also the calls that a state takes.
typedef enum tide_call : int32_t {
    TIDE_CALL_LOAD,
    TIDE_CALL_INIT,
    TIDE_CALL_HANDLE,
    TIDE_CALL_HANDLE_BATCH,
    TIDE_CALL_CLOSE,
} tide_call;

enum { TIDE_CALLS = 5 };

typedef enum tide_format : int32_t {
    TIDE_FORMAT_FLAT,
    TIDE_FORMAT_JSON_LINE,  // the value's JSON text and a newline
} tide_format;

/// What the wall has to know of the host's objects, which it counts references of and never looks into.
typedef struct tide_object_functions {
    void (*_Nullable retain)(const void *object);
    void (*_Nullable release)(const void *object);
    size_t (*_Nullable footprint)(const void *object);       // bytes that it holds by now
    const char *_Nonnull (*_Nullable type)(const void *object);  // the name of its type, valid as long as the object
} tide_object_functions;

/// The argument of a call. STRING and JSON: the bytes themselves; ARRAY and TABLE: the whole encoding, which may refer
/// to these objects; OBJECT: the first of these objects.
typedef struct tide_input {
    int32_t tag;
    int64_t integer;
    double number;
    const uint8_t *_Nullable bytes;
    size_t count;
    const void *_Nullable const *_Nullable objects;
    size_t object_count;
} tide_input;

/// One value that a call gave. `offset` and `count` are a place in the output buffer: of a string's bytes, of the
/// whole encoding of an array or a table, or (tag TIDE_JSON, from a JSON line port) of a line with its newline.
/// Other tags are inline. Without a key or metadata the offset of it is SIZE_MAX. The objects that the value refers to,
/// or is (tag TIDE_OBJECT), are a range of the report's.
typedef struct tide_output {
    int32_t port;
    int32_t tag;
    int64_t integer;
    double number;
    size_t offset;
    size_t count;
    size_t key_offset;
    size_t key_count;
    size_t metadata_offset;
    size_t metadata_count;
    uint32_t first_object;
    uint32_t object_count;
} tide_output;

/// A value of a batch that failed alone. The texts are places in the report's `reasons`.
typedef struct tide_failed_input {
    size_t input;
    tide_failure failure;
    tide_verdict verdict;
    double retry_after;  // as in the report
    size_t message_offset;
    size_t message_count;
    size_t label_offset;
    size_t label_count;
} tide_failed_input;

/// What the last call left, at one address for the state's whole life.
typedef struct tide_report {
    const tide_output *_Nullable outputs;
    size_t output_count;
    size_t input_count;  // how many values of a run or a batch are done
    const uint8_t *_Nullable bytes;  // the output buffer
    size_t byte_count;
    tide_failure failure;
    bool broken;  // the state is not to be used again: close it
    const uint8_t *_Nullable message;
    size_t message_count;
    const uint8_t *_Nullable traceback;
    size_t traceback_count;
    const uint8_t *_Nullable chunk;
    size_t chunk_count;
    int32_t line;        // 0 when it isn't known
    uint64_t generation;  // of the call, for tide_interrupt
    tide_verdict verdict;
    double retry_after;  // seconds; negative when the script names none
    const uint8_t *_Nullable label;  // the script's own name for the kind of failure
    size_t label_count;
    const tide_failed_input *_Nullable failed_inputs;  // of a batch that did not fail itself
    size_t failed_input_count;
    const uint8_t *_Nullable reasons;
    const void *_Nullable const *_Nullable objects;  // of the outputs; held until the next call or take
} tide_report;

typedef enum tide_answer : int32_t {
    TIDE_HOST_RETURN,    // `result` holds encoded values, one after the other
    TIDE_HOST_ERROR,     // `result` holds a message
    TIDE_HOST_WAIT,      // suspend the call; only when `can_wait`
    TIDE_HOST_NO_WAIT,   // it would have had to wait, and can't here
} tide_answer;

/// What a host function is called with: `count` encoded values one after the other, and the objects that they refer to.
typedef struct tide_arguments {
    const uint8_t *_Nullable bytes;
    size_t size;
    int32_t count;
    const void *_Nullable const *_Nullable objects;
    size_t object_count;
} tide_arguments;

/// A host function was called. It must not use the state. Objects in its result must live until it is asked the next
/// time, or the call is over.
typedef tide_answer (*tide_host)(void *_Nullable context, int32_t function, const tide_arguments *arguments,
                                 bool can_wait, tide_buffer *result);

typedef struct tide_settings {
    size_t memory_limit;    // bytes that script code may hold
    size_t output_limit;    // bytes of all outputs of one value
    size_t emission_limit;  // outputs of one value
    int64_t instruction_limit;  // Lua instructions of one value, 0 = none
    tide_host host;
    void *_Nullable context;
    tide_object_functions objects;  // without them no object may come in
    int32_t resolver;  // the host function behind require (name → source, chunk name), or -1
    bool incremental;  // garbage collection; generational otherwise
    int64_t fail_at;   // tests: the allocation that fails, counted from 1; 0 = none
    int64_t fail_count;
} tide_settings;

/// What a definition is and where it goes.
typedef enum tide_place : int32_t {
    TIDE_CONTEXT_FUNCTION,  // `name` may have a group: log.info; without one it is called as a method
    TIDE_CONTEXT_VALUE,
    TIDE_CONTEXT_LAZY,  // a field asked of `function` when a script reads it, at most once a call
    TIDE_MODULE_FUNCTION,
    TIDE_MODULE_VALUE,
    TIDE_OBJECT_METHOD,    // of the objects whose type is called as the module
    TIDE_OBJECT_PROPERTY,  // asked for what is no method, with the object and the name; "#" and "tostring" too
    TIDE_PRINT,  // the global print: its line, tabs between the arguments, goes to `function`
} tide_place;

/// NULL when memory is out.
tide_state *_Nullable tide_state_new(const tide_settings *settings);
void tide_state_close(tide_state *state);

const tide_report *tide_state_report(const tide_state *state);

/// False when memory is out or a call is in flight. Ports are numbered as they are added; port 0 takes what a
/// script returns.
bool tide_state_add_port(tide_state *state, const char *name, size_t count, tide_format format);
/// False, with the reason in the report, when it can't. `value` is an encoded value or NULL.
bool tide_state_define(tide_state *state, tide_place place, const char *_Nullable module, const char *name,
                       int32_t function, const uint8_t *_Nullable value, size_t value_count);

/// Compiles and runs a script: text only. `chunk` is its name in messages. Once a state.
tide_step tide_load(tide_state *state, const uint8_t *source, size_t count, const char *chunk);
/// Whether the loaded script defines what `call` runs.
bool tide_has(const tide_state *state, tide_call call);
/// The encoded `description`, `version` or `options` of the script; NULL without it.
const uint8_t *_Nullable tide_info(const tide_state *state, const char *field, size_t *count);

/// Runs init or close; TIDE_STEP_FINISHED when the script has no such function.
tide_step tide_run(tide_state *state, tide_call call);
/// Runs handle on one value. The outputs of the call before are gone, their bytes stay until they are taken.
tide_step tide_handle(tide_state *state, const tide_input *input);
/// The most values of a run or a batch.
enum { TIDE_RUN_LIMIT = 1 << 20 };

/// Runs handle on one value after the other, which costs less than as many calls. `ends[i]` becomes the number of
/// outputs after value i. A value that fails ends the run: `input_count` values before it are done and their outputs
/// are kept, and those behind it were not begun. `inputs` and `ends` must stay where they are until the run is over.
tide_step tide_handle_run(tide_state *state, const tide_input *inputs, size_t count, size_t *ends);
/// Runs handle_batch on an array of values, at most TIDE_RUN_LIMIT. When it has finished, `ends[i]` is the number of
/// outputs up to and including those of value i, and the report says which values failed alone; they have none. It is
/// stopped as a whole, as its value 0. `inputs` and `ends` must stay where they are until the call is over.
tide_step tide_handle_batch(tide_state *state, const tide_input *inputs, size_t count, size_t *ends);

/// Goes on with a waiting call: TIDE_HOST_RETURN and values, or TIDE_HOST_ERROR and a message.
tide_step tide_resume(tide_state *state, tide_answer answer, const uint8_t *_Nullable result, size_t count);
/// Goes on with a waiting call as interrupted.
tide_step tide_resume_interrupted(tide_state *state);

/// Hands the output buffer over: the caller frees the bytes with free(). Between calls only; NULL when empty.
uint8_t *_Nullable tide_state_take_output(tide_state *state, size_t *count, size_t *capacity);

/// The bytes that the state's Lua objects take now.
size_t tide_state_memory(const tide_state *state);
/// How many allocations were asked for since tide_state_new.
int64_t tide_state_allocations(const tide_state *state);

/// The state's interrupter, with a reference for the caller.
tide_interrupter *tide_interrupter_retain(const tide_state *state);
void tide_interrupter_release(tide_interrupter *interrupter);
/// Stops the call of that generation, from any thread: at its next Lua instruction, or when it is resumed. True
/// when it was running. Does nothing to any other call.
bool tide_interrupt(tide_interrupter *interrupter, uint64_t generation);
/// Stops one value of a run: the one with that index, if it is at hand now, also when it waits; it then fails when it
/// is resumed. Does nothing once the run has gone on to the next value. True when the value was running.
bool tide_interrupt_input(tide_interrupter *interrupter, uint64_t generation, size_t input);
/// Which value is at hand, or was last; true when it is running, false when it waits or is over. From any thread.
bool tide_interrupter_position(tide_interrupter *interrupter, uint64_t *generation, size_t *input);
/// Whether the value at hand, or the last one, was asked to stop: for host functions that take long. From any thread.
bool tide_interrupter_is_asked(const tide_interrupter *interrupter);
/// Stops the call that runs now, and every later one as soon as it starts or goes on.
void tide_interrupt_all(tide_interrupter *interrupter);

#pragma clang assume_nonnull end

#endif
