// What runs inside the coroutine: a C function round each of the script's functions. It pushes the arguments and
// encodes the results there, where an error is caught, and it calls the script with lua_pcallk: inside a
// coroutine that costs no setjmp of its own, an error leaves the coroutine alive, <close> variables run with
// hooks on, and the message handler sees the stack of the error.
#include "state.h"

static int load_done(lua_State *L, int status, lua_KContext context);

static void refuse(tide_state *S, const char *text) {
    tide_set_message(S, text);
    tide_fail(S, TIDE_FAILURE_RUNTIME);
}

bool tide_has_failed(tide_state *S, lua_State *L, int status) {
    if (__builtin_expect(status != LUA_OK && status != LUA_YIELD, 0)) {
        tide_note_failure(S, L, status);
        return true;
    }
    return false;
}

static int call_done(lua_State *L, int status, lua_KContext context) {
    (void)context;
    tide_state *S = tide_state_of(L);
    if (tide_has_failed(S, L, status)) {
        return 0;
    }
    // Two results, whatever the script returned.
    if (lua_isnil(L, -2)) {
        if (!lua_isnil(L, -1)) {
            tide_note_reason(S, L);
            tide_fail(S, TIDE_FAILURE_RUNTIME);
        }
        return 0;
    }
    if (S->call == TIDE_CALL_HANDLE && !tide_put_output(S, L, lua_absindex(L, -2), 0)) {
        tide_forget_verdict(S);
        tide_set_text(&S->message, (const char *)S->refusal.bytes, S->refusal.count);
        tide_fail(S, S->over_limit);
    }
    return 0;
}

void tide_prepare(lua_State *L, tide_state *S) {
    if (__builtin_expect(S->chores == 0, 1)) {
        return;
    }
    if ((S->chores & TIDE_CHORE_LAZY) != 0) {
        lua_newtable(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_CACHE]);
        S->chores &= (uint8_t)~TIDE_CHORE_LAZY;
    }
    tide_begin_budget(S, L);
}

int tide_call_body(lua_State *L) {
    tide_state *S = tide_state_of(L);
    tide_prepare(L, S);
    lua_pushcfunction(L, tide_message_handler);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, lua_upvalueindex(2));
    return call_done(L, lua_pcallk(L, 1, 2, 1, 0, call_done), 0);
}

// A run of handle: one value after the other inside one resumption of the coroutine, since entering and leaving it
// costs more than a short handler. A value that fails ends the run; one that waits suspends it and goes on with it.

static int handle_rest(lua_State *L, int status, lua_KContext context);

/// Calls handle with the next value of the run. Only the message handler is on the stack.
static int handle_next(lua_State *L, tide_state *S) {
    lua_settop(L, 1);
    tide_prepare(L, S);
    lua_pushvalue(L, lua_upvalueindex(1));
    tide_push_input(L, &S->inputs[S->report.input_count]);
    lua_pushvalue(L, lua_upvalueindex(2));
    return lua_pcallk(L, 2, 2, 1, 0, handle_rest);
}

/// Whether the run goes on after the value whose call has ended with `status`.
static bool end_value(lua_State *L, tide_state *S, int status) {
    call_done(L, status, 0);
    if (__builtin_expect(S->object_garbage != 0, 0)) {
        lua_settop(L, 1);
        tide_collect_objects(L, S);
    }
    if (__builtin_expect(S->failed || S->stop, 0)) {
        return false;
    }
    S->ends[S->report.input_count++] = S->report.output_count;
    tide_begin_value(S);
    if (S->report.input_count == S->input_count) {
        return false;
    }
    tide_note_position(S);
    atomic_signal_fence(memory_order_seq_cst);
    if (__builtin_expect(S->stop, 0)) {
        tide_reconsider(S, L);
    }
    return true;
}

static int handle_rest(lua_State *L, int status, lua_KContext context) {
    (void)context;
    tide_state *S = tide_state_of(L);
    while (end_value(L, S, status)) {
        status = handle_next(L, S);
    }
    return 0;
}

int tide_handle_body(lua_State *L) {
    lua_pushcfunction(L, tide_message_handler);
    return handle_rest(L, handle_next(L, tide_state_of(L)), 0);
}

int tide_load_body(lua_State *L) {
    tide_state *S = tide_state_of(L);
    lua_pushcfunction(L, tide_message_handler);
    const tide_input *source = S->inputs;
    int status = luaL_loadbufferx(L, (const char *)source->bytes, source->count, S->chunk, "t");
    if (status != LUA_OK) {
        tide_note_failure(S, L, status);
        return 0;
    }
    return load_done(L, lua_pcallk(L, 0, 1, 1, 0, load_done), 0);
}

static lua_CFunction body_of(tide_call call) {
    switch (call) {
    case TIDE_CALL_HANDLE:
        return tide_handle_body;
    case TIDE_CALL_HANDLE_BATCH:
        return tide_batch_body;
    default:
        return tide_call_body;
    }
}

/// Keeps the function at the top, if it is one, as what `call` runs; pops it. False when it's something else.
static bool keep(lua_State *L, tide_call call) {
    tide_state *S = tide_state_of(L);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return true;
    }
    if (!lua_isfunction(L, -1)) {
        return false;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_CONTEXT]);
    lua_pushcclosure(L, body_of(call), 2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_BODIES + (int)call]);
    S->has[call] = true;
    return true;
}

static const char *const info_fields[TIDE_INFO_FIELDS] = {"description", "version", "options", "ports"};

static bool keep_info(lua_State *L, int script) {
    tide_state *S = tide_state_of(L);
    for (int i = 0; i < TIDE_INFO_FIELDS; i++) {
        lua_pushstring(L, info_fields[i]);
        lua_rawget(L, script);
        size_t start = S->info.count;
        if (!lua_isnil(L, -1) && !tide_encode_flat(S, L, lua_gettop(L), &S->info, SIZE_MAX)) {
            lua_pushfstring(L, "the script's %s: %s", info_fields[i], (const char *)S->refusal.bytes);
            refuse(S, lua_tostring(L, -1));
            return false;
        }
        S->info_ranges[i][0] = start;
        S->info_ranges[i][1] = S->info.count - start;
        lua_pop(L, 1);
    }
    return true;
}

static int load_done(lua_State *L, int status, lua_KContext context) {
    (void)context;
    tide_state *S = tide_state_of(L);
    if (tide_has_failed(S, L, status)) {
        return 0;
    }
    int script = lua_gettop(L);
    if (lua_isfunction(L, script)) {
        keep(L, TIDE_CALL_HANDLE);
        return 0;
    }
    if (!lua_istable(L, script)) {
        lua_pushfstring(L, "a script must return a table or a function, not %s", luaL_typename(L, script));
        refuse(S, lua_tostring(L, -1));
        return 0;
    }
    static const struct {
        const char *name;
        tide_call call;
    } functions[] = {{"init", TIDE_CALL_INIT},
                     {"handle", TIDE_CALL_HANDLE},
                     {"handle_batch", TIDE_CALL_HANDLE_BATCH},
                     {"close", TIDE_CALL_CLOSE}};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        lua_pushstring(L, functions[i].name);
        lua_rawget(L, script);
        if (!keep(L, functions[i].call)) {
            lua_pushfstring(L, "the script's %s must be a function, not %s", functions[i].name, luaL_typename(L, -1));
            refuse(S, lua_tostring(L, -1));
            return 0;
        }
    }
    if (keep_info(L, script) && !S->has[TIDE_CALL_HANDLE] && !S->has[TIDE_CALL_HANDLE_BATCH]) {
        refuse(S, "the script's table has neither handle nor handle_batch");
    }
    return 0;
}

bool tide_has(const tide_state *S, tide_call call) {
    return call >= 0 && (int)call < TIDE_CALLS && S->has[call];
}

const uint8_t *_Nullable tide_info(const tide_state *S, const char *field, size_t *count) {
    for (int i = 0; i < TIDE_INFO_FIELDS; i++) {
        if (strcmp(field, info_fields[i]) == 0 && S->info_ranges[i][1] > 0) {
            *count = S->info_ranges[i][1];
            return S->info.bytes + S->info_ranges[i][0];
        }
    }
    *count = 0;
    return NULL;
}
