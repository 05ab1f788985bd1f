// A call from its start to its end: one coroutine for all of them, resumed until it finishes, waits or fails.
// Every step may raise only inside lua_resume, which is a protected call.
#include "state.h"
#include <stdlib.h>

/// Puts handle's body at the bottom of the coroutine's stack, where each call copies it from.
static void pin(tide_state *S) {
    lua_settop(S->thread, 0);
    lua_rawgetp(S->thread, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_BODIES + TIDE_CALL_HANDLE]);
}

static tide_step misuse(tide_state *S, const char *text) {
    bool failed = S->in_flight && S->failed;
    tide_clear_failure(S);
    tide_set_message(S, text);
    tide_fail(S, TIDE_FAILURE_MISUSE);
    S->failed = !S->in_flight || failed;
    return TIDE_STEP_FAILED;
}

static tide_step no_memory(tide_state *S) {
    tide_clear_failure(S);
    tide_set_message(S, "not enough memory");
    tide_fail(S, TIDE_FAILURE_MEMORY);
    return TIDE_STEP_FAILED;
}

static tide_step finish(tide_state *S, int status) {
    lua_State *T = S->thread;
    S->in_flight = false;
    S->inputs = NULL;
    bool handles = S->call == TIDE_CALL_HANDLE || S->call == TIDE_CALL_HANDLE_BATCH;
    if (S->call == TIDE_CALL_HANDLE_BATCH) {
        tide_end_batch(S);
    }
    if (__builtin_expect(status != LUA_OK, 0)) {
        // The bodies catch what a script raises, so this is an error of a body itself and nothing is left to close.
        tide_note_failure(S, T, status);
        lua_resetthread(T);
    }
    if (status != LUA_OK || S->call == TIDE_CALL_LOAD) {
        pin(S);
    }
    if (__builtin_expect(S->stop, 0)) {
        // An interrupt that comes after the end of a run's last value is too late.
        bool done = handles && !S->failed && S->report.input_count == S->input_count;
        tide_settle_stop(S, !done);
    }
    if (__builtin_expect(S->failed, 0)) {
        tide_drop_outputs(S);
        S->report.failed_input_count = 0;
        S->report.broken = S->report.broken || S->report.failure == TIDE_FAILURE_MEMORY;
    }
    S->report.outputs = S->outputs;
    S->report.bytes = S->output.bytes;
    S->report.byte_count = S->output.count;
    S->report.failed_inputs = S->failed_inputs;
    S->report.reasons = S->reasons.bytes;
    S->report.objects = S->held.objects;
    return S->failed ? TIDE_STEP_FAILED : TIDE_STEP_FINISHED;
}

static tide_step go_on(tide_state *S) {
    tide_state *previous = NULL;
    int results = 0;
    S->running = S->thread;
    S->resumptions = NULL;
    S->can_wait = true;
    S->waiting = false;
    tide_enter(S, &previous);
    S->allocator.enforced = true;
    int status = lua_resume(S->thread, NULL, 0, &results);
    S->allocator.enforced = false;
    tide_leave(S, previous);
    if (__builtin_expect(status == LUA_YIELD, 0)) {
        // A stop that came as it began to wait: the signal found nothing to stop, and nothing is worth waiting for.
        return S->stop || tide_is_asked_to_stop(S) ? go_on(S) : TIDE_STEP_WAITING;
    }
    return finish(S, status);
}

static tide_step start(tide_state *S, tide_call call) {
    S->generation += 1;
    S->report.generation = S->generation;
    S->call = call;
    S->report.output_count = 0;
    S->report.input_count = 0;
    S->report.failed_input_count = 0;
    S->reasons.count = 0;
    tide_drop_objects(S, 0);
    S->allocator.refused = false;
    tide_note_position(S);
    tide_begin_value(S);
    S->in_flight = true;
    if (__builtin_expect(S->failed, 0)) {
        tide_clear_failure(S);
    }
    return go_on(S);
}

/// Whether a call may start now; the report says why not.
static bool is_free(tide_state *S) {
    if (__builtin_expect(S->in_flight || S->report.broken, 0)) {
        misuse(S, S->in_flight ? "a call is in flight" : "the state is broken");
        return false;
    }
    return true;
}

tide_step tide_handle(tide_state *S, const tide_input *input) {
    return tide_handle_run(S, input, 1, &S->single_end);
}

/// Whether a call that handles so many values may start now; the report says why not.
static bool may_handle(tide_state *S, tide_call call, size_t count) {
    if (!is_free(S)) {
        return false;
    }
    bool has = S->has[call];
    if (has && count - 1 < TIDE_RUN_LIMIT) {
        return true;
    }
    const char *missing = call == TIDE_CALL_HANDLE ? "the script has no handle function"
                                                   : "the script has no handle_batch function";
    misuse(S, !has ? missing : count == 0 ? "a call without values" : "a call with too many values");
    return false;
}

tide_step tide_handle_run(tide_state *S, const tide_input *inputs, size_t count, size_t *ends) {
    if (!may_handle(S, TIDE_CALL_HANDLE, count)) {
        return TIDE_STEP_FAILED;
    }
    S->inputs = inputs;
    S->input_count = count;
    S->ends = ends;
    lua_pushvalue(S->thread, 1);
    return start(S, TIDE_CALL_HANDLE);
}

static tide_step run_body(tide_state *S, tide_call call) {
    lua_rawgetp(S->thread, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_BODIES + (int)call]);
    return start(S, call);
}

tide_step tide_handle_batch(tide_state *S, const tide_input *inputs, size_t count, size_t *ends) {
    if (!may_handle(S, TIDE_CALL_HANDLE_BATCH, count)) {
        return TIDE_STEP_FAILED;
    }
    if (!tide_begin_batch(S, inputs, count, ends)) {
        return no_memory(S);
    }
    return run_body(S, TIDE_CALL_HANDLE_BATCH);
}

tide_step tide_run(tide_state *S, tide_call call) {
    if (!is_free(S)) {
        return TIDE_STEP_FAILED;
    }
    if (call != TIDE_CALL_INIT && call != TIDE_CALL_CLOSE) {
        return misuse(S, "only init and close run without a value");
    }
    S->report.output_count = 0;
    return S->has[call] ? run_body(S, call) : TIDE_STEP_FINISHED;
}

tide_step tide_load(tide_state *S, const uint8_t *source, size_t count, const char *chunk) {
    if (!is_free(S)) {
        return TIDE_STEP_FAILED;
    }
    if (S->loaded) {
        return misuse(S, "a script is loaded already");
    }
    // "@" in front says that the rest is a file's name.
    size_t length = strlen(chunk);
    S->chunk = malloc(length + 2);
    if (S->chunk == NULL || (S->port_count == 0 && !tide_state_add_port(S, "out", 3, TIDE_FORMAT_FLAT))) {
        return no_memory(S);
    }
    S->chunk[0] = '@';
    memcpy(S->chunk + 1, chunk, length + 1);
    S->loaded = true;
    tide_input input = {.tag = TIDE_STRING, .bytes = source, .count = count};
    S->inputs = &input;
    S->input_count = 1;
    lua_pushcfunction(S->thread, tide_load_body);
    tide_step step = start(S, TIDE_CALL_LOAD);
    S->inputs = NULL;  // the source is compiled, or never will be
    return step;
}

tide_step tide_resume(tide_state *S, tide_answer answer, const uint8_t *_Nullable result, size_t count) {
    if (!S->in_flight) {
        return misuse(S, "no call is waiting");
    }
    S->answer = answer == TIDE_HOST_RETURN ? TIDE_HOST_RETURN : TIDE_HOST_ERROR;
    S->result.count = 0;
    if (count > 0 && !tide_buffer_append(&S->result, result, count)) {
        S->answer = TIDE_HOST_ERROR;
        tide_set_text(&S->result, "not enough memory", 17);
    }
    return go_on(S);
}

tide_step tide_resume_interrupted(tide_state *S) {
    if (!S->in_flight) {
        return misuse(S, "no call is waiting");
    }
    tide_interrupt(S->interrupter, S->generation);
    return go_on(S);
}
