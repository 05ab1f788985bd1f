#include "state.h"
#include <stdlib.h>

const char tide_keys[TIDE_KEYS];

bool tide_protect(tide_state *S, lua_CFunction body, void *_Nullable argument) {
    lua_State *L = S->main;
    // Neither push takes memory: a light C function and a light userdata on a fresh stack.
    lua_pushcfunction(L, body);
    lua_pushlightuserdata(L, argument);
    int status = lua_pcall(L, 1, 0, 0);
    if (status != LUA_OK) {
        tide_clear_failure(S);
        tide_note_failure(S, L, status);
    }
    lua_settop(L, 0);
    return status == LUA_OK;
}

/// Puts what every call of handle needs at the bottom of the coroutine's stack.
static int open_state(lua_State *L) {
    tide_state *S = tide_state_of(L);
    tide_open_sandbox(L);
    tide_open_catch(L);
    tide_open_loops(L);
    tide_open_coroutine(L);
    tide_open_json(L);
    tide_open_verdict(L);
    tide_open_objects(L);
    tide_open_context(L);
    S->thread = lua_newthread(L);
    // The script's coroutines take the hook over from the one that makes them.
    tide_disarm(S->thread);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_THREAD]);
    lua_pushnil(S->thread);
    return 0;
}

tide_state *_Nullable tide_state_new(const tide_settings *settings) {
    tide_state *S = calloc(1, sizeof *S);
    if (S == NULL) {
        return NULL;
    }
    S->allocator = (tide_allocator){
        .limit = settings->memory_limit, .fail_at = settings->fail_at, .fail_count = settings->fail_count};
    S->output_limit = settings->output_limit;
    S->emission_limit = settings->emission_limit;
    S->instruction_limit = settings->instruction_limit > 0 ? settings->instruction_limit : 0;
    S->chores = S->instruction_limit > 0 ? TIDE_CHORE_BUDGET : 0;
    S->instructions_left = INT64_MAX;
    S->host = settings->host;
    S->context = settings->context;
    S->resolver = settings->resolver;
    S->objects = settings->objects;
    S->interrupter = tide_interrupter_new();
    S->main = S->interrupter == NULL ? NULL : lua_newstate(tide_allocate, &S->allocator);
    if (S->main == NULL) {
        tide_state_close(S);
        return NULL;
    }
    *(tide_state **)lua_getextraspace(S->main) = S;
    if (settings->incremental) {
        lua_gc(S->main, LUA_GCINC, 0, 0, 0);
    } else {
        lua_gc(S->main, LUA_GCGEN, 0, 0);
    }
    if (!tide_protect(S, open_state, NULL)) {
        tide_state_close(S);
        return NULL;
    }
    return S;
}

void tide_state_close(tide_state *S) {
    if (S->in_flight) {
        tide_resume_interrupted(S);
    }
    if (S->main != NULL) {
        lua_close(S->main);
    }
    tide_free_chunks(&S->allocator);
    if (S->interrupter != NULL) {
        tide_interrupter_release(S->interrupter);
    }
    for (size_t i = 0; i < S->port_count; i++) {
        free(S->ports[i].name);
    }
    tide_buffer *buffers[] = {&S->output,  &S->arguments, &S->result, &S->scratch,
                              &S->refusal, &S->message,   &S->traceback, &S->label, &S->info, &S->chunk_seen,
                              &S->reasons};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        tide_buffer_free(buffers[i]);
    }
    tide_drop_objects(S, 0);
    free(S->held.objects);
    free(S->held_sizes);
    free(S->passed.objects);
    free(S->ports);
    free(S->outputs);
    free(S->shares);
    free(S->owners);
    free(S->failed_inputs);
    free(S->chunk);
    free(S);
}

const tide_report *tide_state_report(const tide_state *S) {
    return &S->report;
}

bool tide_state_add_port(tide_state *S, const char *name, size_t count, tide_format format) {
    if (S->in_flight) {
        return false;
    }
    tide_port *ports = realloc(S->ports, (S->port_count + 1) * sizeof *ports);
    if (ports == NULL) {
        return false;
    }
    S->ports = ports;
    char *copy = malloc(count + 1);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, name, count);
    copy[count] = 0;
    ports[S->port_count++] = (tide_port){.name = copy, .count = count, .format = format};
    return true;
}

uint8_t *_Nullable tide_state_take_output(tide_state *S, size_t *count, size_t *capacity) {
    if (!S->in_flight) {
        tide_drop_objects(S, 0);
    }
    uint8_t *bytes = S->output.bytes;
    *count = S->output.count;
    *capacity = S->output.capacity;
    if (S->in_flight || bytes == NULL || *count == 0) {
        *count = 0;
        *capacity = 0;
        return NULL;
    }
    // The next batch is probably as large; far larger ones are not kept in store.
    enum { LARGEST_SPARE = 1 << 20 };
    size_t spare = *capacity < LARGEST_SPARE ? *capacity : LARGEST_SPARE;
    S->output = (tide_buffer){0};
    tide_buffer_reserve(&S->output, spare);
    S->output.failed = false;
    S->output_start = 0;
    S->report.outputs = NULL;
    S->report.output_count = 0;
    S->report.bytes = S->output.bytes;
    S->report.byte_count = 0;
    return bytes;
}
