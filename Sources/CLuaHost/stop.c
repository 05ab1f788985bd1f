// How a script is stopped that was interrupted or has used up its instructions. A hook raises an error that nothing of
// the script can catch: each place that catches errors (pcall, a coroutine's end, load) passes it on. So all that runs
// of a script after it was raised are the closing methods of its variables, and those get a grace.
#define _DEFAULT_SOURCE 1  // clock_gettime beside the C standard
#include "state.h"
#include <time.h>

// The grace of all closing methods of a call together: of the thread's own time, and in instructions.
enum { GRACE_NANOSECONDS = 10000000, GRACE_INSTRUCTIONS = 2000000, GRACE_STEP = 1000 };

/// Instructions are counted in steps, each coroutine for itself.
enum { BUDGET_STEP = 100 };

/// How many calls up a closing method is looked for: finding the n-th takes n steps.
enum { CLOSING_DEPTH = 50 };

static int64_t thread_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void note_place(tide_state *S, lua_State *L, lua_Debug *record) {
    if (S->report.line == 0 && lua_getinfo(L, "Sl", record) != 0 && record->currentline > 0) {
        tide_set_text(&S->chunk_seen, record->short_src, strlen(record->short_src));
        S->report.line = record->currentline;
    }
}

/// Each function that catches errors, and how many values of its own lie below the function that it calls. On an error
/// Lua calls closing methods from the same place, but above the variables that they close.
static const struct {
    lua_CFunction function;
    int below;
} catchers[] = {{tide_handle_body, 1}, {tide_batch_body, 1},     {tide_call_body, 1},
                {tide_load_body, 1},   {tide_coroutine_body, 0}, {tide_pcall, 1},
                {tide_xpcall, 3}};

/// Whether the function at this level has caught an error and calls closing methods.
static bool closes_after_error(lua_State *L, lua_Debug *record) {
    lua_getinfo(L, "f", record);
    lua_CFunction function = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    for (size_t i = 0; function != NULL && i < sizeof catchers / sizeof *catchers; i++) {
        if (catchers[i].function == function && lua_getlocal(L, record, catchers[i].below + 1) != NULL) {
            lua_pop(L, 1);
            return true;
        }
    }
    return false;
}

static bool has_closing_method(lua_State *L) {
    lua_Debug record;
    for (int level = 0; level < CLOSING_DEPTH && lua_getstack(L, level, &record) != 0; level++) {
        bool named = lua_getinfo(L, "n", &record) != 0 && record.name != NULL;
        if (named && strcmp(record.namewhat, "metamethod") == 0 && strcmp(record.name, "close") == 0) {
            return true;
        }
        if (level > 0 && closes_after_error(L, &record)) {
            return true;
        }
    }
    return false;
}

/// Whether what runs was called by a closing method, in this coroutine or in one that waits for it.
static bool is_closing(tide_state *S, lua_State *L) {
    if (S->raised || S->closing > 0 || has_closing_method(L)) {
        return true;
    }
    for (const tide_resumption *up = S->resumptions; up != NULL; up = up->up) {
        if (has_closing_method(up->L)) {
            return true;
        }
    }
    return false;
}

static void hook(lua_State *L, lua_Debug *record);

/// Whether closing methods may go on, for one more step.
static bool has_grace(tide_state *S, lua_State *L) {
    if (S->grace_is_over) {
        return false;
    }
    int64_t now = thread_time();
    if (S->grace_end == 0) {
        S->grace_end = now + GRACE_NANOSECONDS;
        S->grace_left = GRACE_INSTRUCTIONS;
    }
    // A coroutine that has just been resumed is charged a whole step at once: it may end before its hook counts one.
    S->grace_left -= GRACE_STEP;
    if (S->grace_left < 0 || now >= S->grace_end) {
        S->grace_is_over = true;
        tide_arm(L);
        return false;
    }
    if (lua_gethookcount(L) != GRACE_STEP) {
        lua_sethook(L, hook, LUA_MASKCOUNT, GRACE_STEP);
    }
    return true;
}

/// Sets the count after which the hook comes by while nothing stops the script; 0 for never.
static void set_count(tide_state *S, lua_State *L, int count) {
    if (count == 0) {
        lua_sethook(L, NULL, 0, 0);
    } else {
        lua_sethook(L, hook, LUA_MASKCOUNT, count);
    }
    // A signal just before has set another hook, which is gone.
    atomic_signal_fence(memory_order_seq_cst);
    if (S->stop != TIDE_STOP_NONE) {
        tide_arm(L);
    }
}

static void charge(tide_state *S, lua_State *L, int64_t instructions) {
    S->instructions_left -= instructions;
    if (S->instructions_left <= 0) {
        S->stop = TIDE_STOP_INSTRUCTIONS;
        tide_arm(L);
    } else if (S->instructions_left < BUDGET_STEP) {
        set_count(S, L, (int)S->instructions_left);
    }
}

static void hook(lua_State *L, lua_Debug *record) {
    tide_state *S = tide_state_of(L);
    if (S->stop == TIDE_STOP_NONE) {
        int count = lua_gethookcount(L);
        // Left over from a call that is over, in a coroutine that the script kept.
        if (S->instruction_limit == 0 || count != BUDGET_STEP) {
            tide_disarm(L);
        }
        if (S->instruction_limit != 0) {
            charge(S, L, count);
        }
        if (S->stop != TIDE_STOP_INSTRUCTIONS) {
            return;
        }
    }
    note_place(S, L, record);
    if (!is_closing(S, L) || !has_grace(S, L)) {
        tide_raise_stop(L);
    }
}

void tide_arm(lua_State *L) {
    lua_sethook(L, hook, LUA_MASKCOUNT, 1);
}

void tide_disarm(lua_State *L) {
    tide_state *S = tide_state_of(L);
    set_count(S, L, S->instruction_limit == 0 ? 0 : BUDGET_STEP);
}

int tide_raise_stop(lua_State *L) {
    tide_state_of(L)->raised = true;
    // "For such errors [LUA_ERRMEM], Lua does not call the message handler." It must not be called: the error comes
    // from a hook, hooks are off until it is caught, and a handler that loops would loop for ever. Lua knows a
    // memory error by its message, which it holds ready, so this takes no memory either.
    lua_pushliteral(L, "not enough memory");
    return lua_error(L);
}

void tide_stop_here(lua_State *L) {
    tide_state *S = tide_state_of(L);
    if (!is_closing(S, L) || !has_grace(S, L)) {
        tide_raise_stop(L);
    }
}

void tide_begin_budget(tide_state *S, lua_State *L) {
    if (S->instruction_limit == 0) {
        return;
    }
    int64_t values = S->call == TIDE_CALL_HANDLE ? 1 : (int64_t)S->input_count;
    bool limited = S->call == TIDE_CALL_HANDLE || S->call == TIDE_CALL_HANDLE_BATCH;
    bool fits = limited && values <= INT64_MAX / S->instruction_limit;
    S->instructions_left = fits ? S->instruction_limit * (values > 0 ? values : 1) : INT64_MAX;
    set_count(S, L, S->instructions_left < BUDGET_STEP ? (int)S->instructions_left : BUDGET_STEP);
}

void tide_charge_coroutine(lua_State *L) {
    tide_state *S = tide_state_of(L);
    if (S->instruction_limit != 0 && S->stop == TIDE_STOP_NONE) {
        charge(S, L, BUDGET_STEP);
    }
}

/// Whether the coroutine of the calls is as it is before any call.
static bool is_clean(const tide_state *S) {
    lua_State *T = S->thread;
    int mask = S->instruction_limit == 0 ? 0 : LUA_MASKCOUNT;
    bool pinned = lua_gettop(T) == 1 && (S->has[TIDE_CALL_HANDLE] ? lua_iscfunction(T, 1) : lua_isnil(T, 1)) != 0;
    return pinned && lua_status(T) == LUA_OK && lua_gethookmask(T) == mask && S->stop == TIDE_STOP_NONE &&
           !S->allocator.enforced;
}

void tide_settle_stop(tide_state *S, bool fails) {
    bool interrupted = S->stop == TIDE_STOP_INTERRUPT;
    // The call is over for signals (tide_leave), so the flag and the hook stay as they are set here.
    S->stop = TIDE_STOP_NONE;
    tide_disarm(S->thread);
    S->raised = false;
    S->grace_is_over = false;
    S->grace_end = 0;
    S->report.broken = S->report.broken || !is_clean(S);
    if (!fails) {
        return;
    }
    tide_forget_verdict(S);
    S->traceback.count = 0;
    if (interrupted) {
        tide_set_message(S, "interrupted");
        tide_fail(S, TIDE_FAILURE_INTERRUPTED);
    } else {
        char text[80];
        snprintf(text, sizeof text, "the budget of %lld instructions is used up", (long long)S->instruction_limit);
        tide_set_message(S, text);
        tide_fail(S, TIDE_FAILURE_INSTRUCTIONS);
    }
}
