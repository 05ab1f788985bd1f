// The script's coroutines. They know which one runs (for the interrupt), pass a host function's wait on through
// every coroutine above it, and pass a stop on outwards.
#include "state.h"

static int resumed(lua_State *L, int status, lua_KContext context);
static int wrapped(lua_State *L, int status, lua_KContext context);

enum { FAILED = -1, WAITS = -2 };

/// From here on `L` runs. A signal may have come just before and armed the other one.
static void enter(tide_state *S, lua_State *L) {
    S->running = L;
    atomic_signal_fence(memory_order_seq_cst);
    if (__builtin_expect(S->stop != TIDE_STOP_NONE, 0)) {
        tide_arm(L);
    }
}

/// Runs the closing methods that are left in `co`. Its status and, on an error, the error object at its top.
static int reset(lua_State *L, lua_State *co) {
    tide_state *S = tide_state_of(L);
    bool raised = S->raised;
    S->closing += 1;
    enter(S, co);
    int status = lua_resetthread(co);
    enter(S, L);
    S->closing -= 1;
    if (tide_passes_stop(S, status, raised)) {
        tide_raise_stop(L);
    }
    return status;
}

/// Runs `co` with `arguments` values of its own stack. Its results, or one error object, come to the top of `L`.
static int run(lua_State *L, lua_State *co, int arguments) {
    tide_state *S = tide_state_of(L);
    bool could_wait = S->can_wait;
    bool raised = S->raised;
    int results = 0;
    tide_resumption here = {L, S->resumptions};
    S->can_wait = could_wait && lua_isyieldable(L);
    S->resumptions = &here;
    enter(S, co);
    int status = lua_resume(co, L, arguments, &results);
    enter(S, L);
    S->resumptions = here.up;
    S->can_wait = could_wait;
    if (tide_passes_stop(S, status, raised)) {
        tide_raise_stop(L);
    }
    if (status == LUA_YIELD && S->waiting) {
        return WAITS;
    }
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return FAILED;
    }
    if (!lua_checkstack(L, results + 1)) {
        lua_pop(co, results);
        lua_pushliteral(L, "too many results to resume");
        return FAILED;
    }
    lua_xmove(co, L, results);
    return results;
}

static lua_State *to_coroutine(lua_State *L) {
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co, 1, "coroutine");
    return co;
}

typedef enum state { RUNNING, DEAD, SUSPENDED, NORMAL } state;
static const char *const state_names[] = {"running", "dead", "suspended", "normal"};

static state state_of(lua_State *L, lua_State *co) {
    if (L == co) {
        return RUNNING;
    }
    lua_Debug record;
    switch (lua_status(co)) {
    case LUA_YIELD:
        return SUSPENDED;
    case LUA_OK:
        if (lua_getstack(co, 0, &record)) {
            return NORMAL;
        }
        return lua_gettop(co) == 0 || co == tide_state_of(L)->thread ? DEAD : SUSPENDED;
    default:
        return DEAD;
    }
}

/// Moves the arguments over and runs; FAILED with a message when `co` can't be resumed.
static int begin(lua_State *L, lua_State *co, int arguments) {
    state now = state_of(L, co);
    if (now != SUSPENDED) {
        lua_pushfstring(L, "cannot resume %s coroutine", now == DEAD ? "dead" : "non-suspended");
        return FAILED;
    }
    if (!lua_checkstack(co, arguments)) {
        lua_pushliteral(L, "too many arguments to resume");
        return FAILED;
    }
    lua_xmove(L, co, arguments);
    // Before its first resumption the script's function is an argument of the coroutine's body.
    return run(L, co, lua_status(co) == LUA_OK ? arguments + 1 : arguments);
}

static int end_resume(lua_State *L, int results) {
    if (results == WAITS) {
        return lua_yieldk(L, 0, 0, resumed);
    }
    lua_pushboolean(L, results >= 0);
    int count = results >= 0 ? results : 1;
    lua_insert(L, -(count + 1));
    return count + 1;
}

static int resumed(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    return end_resume(L, run(L, to_coroutine(L), 0));
}

static int resume(lua_State *L) {
    lua_State *co = to_coroutine(L);
    return end_resume(L, begin(L, co, lua_gettop(L) - 1));
}

static int end_wrap(lua_State *L, lua_State *co, int results) {
    if (results == WAITS) {
        return lua_yieldk(L, 0, 0, wrapped);
    }
    if (results >= 0) {
        return results;
    }
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) {
        // As the standard library does: an error in a wrapped coroutine closes it.
        reset(L, co);
        lua_xmove(co, L, 1);
    }
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int wrapped(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    return end_wrap(L, co, run(L, co, 0));
}

static int call_wrapped(lua_State *L) {
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    return end_wrap(L, co, begin(L, co, lua_gettop(L)));
}

static int body_done(lua_State *L, int status, lua_KContext context) {
    (void)context;
    return status == LUA_OK || status == LUA_YIELD ? lua_gettop(L) : lua_error(L);
}

/// What every coroutine runs: it calls the script's function, its first argument. An error is caught here once, so
/// that closing methods run with hooks on; they are off in a coroutine that died of an error that a hook raised.
int tide_coroutine_body(lua_State *L) {
    return body_done(L, lua_pcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 0, body_done), 0);
}

static int create(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    tide_charge_coroutine(L);
    lua_State *co = lua_newthread(L);
    lua_pushcfunction(co, tide_coroutine_body);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

static int wrap(lua_State *L) {
    create(L);
    lua_pushcclosure(L, call_wrapped, 1);
    return 1;
}

static int yield(lua_State *L) {
    if (L == tide_state_of(L)->thread) {
        return luaL_error(L, "attempt to yield from outside a coroutine");
    }
    return lua_yield(L, lua_gettop(L));
}

static int status(lua_State *L) {
    lua_pushstring(L, state_names[state_of(L, to_coroutine(L))]);
    return 1;
}

static int is_yieldable(lua_State *L) {
    lua_State *co = lua_isnone(L, 1) ? L : to_coroutine(L);
    lua_pushboolean(L, co != tide_state_of(L)->thread && lua_isyieldable(co));
    return 1;
}

static int running(lua_State *L) {
    lua_pushthread(L);
    lua_pushboolean(L, L == tide_state_of(L)->thread);
    return 2;
}

static int close_coroutine(lua_State *L) {
    lua_State *co = to_coroutine(L);
    tide_state *S = tide_state_of(L);
    state now = state_of(L, co);
    if ((now != DEAD && now != SUSPENDED) || co == S->thread) {
        return luaL_error(L, "cannot close a %s coroutine", state_names[now]);
    }
    int result = reset(L, co);
    lua_pushboolean(L, result == LUA_OK);
    if (result == LUA_OK) {
        return 1;
    }
    lua_xmove(co, L, 1);
    return 2;
}

void tide_open_coroutine(lua_State *L) {
    static const luaL_Reg functions[] = {{"create", create},   {"resume", resume},
                                         {"wrap", wrap},       {"yield", yield},
                                         {"status", status},   {"isyieldable", is_yieldable},
                                         {"running", running}, {"close", close_coroutine},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_setglobal(L, "coroutine");
}
