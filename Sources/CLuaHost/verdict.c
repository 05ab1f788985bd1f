// What a script wants to become of the value at hand: ctx:retry and ctx:reject end the handler by raising a userdata
// that only they make, and an error that is a table may say it in its fields `retry` and `kind`. It is noted where
// the error leaves the script: one that the script catches and keeps to itself counts for nothing.
#include "state.h"
#include <math.h>

enum { LABEL_LIMIT = 64 };

/// A year: what is longer is a mistake.
static const double longest = 31536000;

typedef struct verdict {
    tide_verdict kind;
    double after;
} verdict;

void tide_forget_verdict(tide_state *S) {
    S->report.verdict = TIDE_VERDICT_UNSPECIFIED;
    S->report.retry_after = -1;
    S->label.count = 0;
}

static const verdict *_Nullable to_verdict(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) {
        return NULL;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_VERDICT]);
    bool same = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 2);
    return same ? lua_touserdata(L, index) : NULL;
}

static const char *default_reason(const verdict *v) {
    return v->kind == TIDE_VERDICT_RETRY ? "the script asks for a retry" : "the script rejects it";
}

static int to_text(lua_State *L) {
    const verdict *v = to_verdict(L, 1);
    if (v == NULL) {
        return 0;
    }
    if (lua_getiuservalue(L, 1, 1) != LUA_TSTRING) {
        lua_pushstring(L, default_reason(v));
    }
    return 1;
}

static bool is_delay(double seconds) {
    return seconds >= 0 && seconds <= longest;
}

static void check_call(lua_State *L, const char *name) {
    tide_state *S = tide_state_of(L);
    if (S->ctx == NULL || lua_touserdata(L, 1) != S->ctx) {
        luaL_error(L, "call it as ctx:%s(…)", name);
    }
    if (S->call != TIDE_CALL_HANDLE && S->call != TIDE_CALL_HANDLE_BATCH) {
        luaL_error(L, "ctx:%s is for handle and handle_batch only", name);
    }
}

/// Raises it, with the reason at `index` if there is one.
static int raise_verdict(lua_State *L, tide_verdict kind, double after, int index) {
    lua_settop(L, index);
    if (!lua_isnil(L, index) && lua_type(L, index) != LUA_TSTRING) {
        return luaL_error(L, "the reason must be a string, not %s", luaL_typename(L, index));
    }
    verdict *v = lua_newuserdatauv(L, sizeof *v, 1);
    *v = (verdict){kind, after};
    lua_pushvalue(L, index);
    lua_setiuservalue(L, -2, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_VERDICT]);
    lua_setmetatable(L, -2);
    return lua_error(L);
}

/// ctx:retry([after_seconds[, reason]])
int tide_retry(lua_State *L) {
    check_call(L, "retry");
    if (lua_isnoneornil(L, 2)) {
        return raise_verdict(L, TIDE_VERDICT_RETRY, -1, 3);
    }
    if (lua_type(L, 2) != LUA_TNUMBER) {
        return luaL_error(L, "ctx:retry takes a number of seconds, not %s", luaL_typename(L, 2));
    }
    double after = lua_tonumber(L, 2);
    if (!is_delay(after)) {
        const char *problem = isnan(after) ? "not a number" : after < 0 ? "negative" : "more than a year";
        return luaL_error(L, "ctx:retry can't wait for that many seconds: it's %s", problem);
    }
    return raise_verdict(L, TIDE_VERDICT_RETRY, after, 3);
}

/// ctx:reject([reason])
int tide_reject(lua_State *L) {
    check_call(L, "reject");
    return raise_verdict(L, TIDE_VERDICT_REJECT, -1, 2);
}

static bool is_absent(lua_State *L, int index) {
    // json.null is a light userdata without an address.
    return lua_isnil(L, index) || (lua_islightuserdata(L, index) && lua_touserdata(L, index) == NULL);
}

/// Whether `retry` at the top is a verdict or absent; notes it.
static bool note_retry(tide_state *S, lua_State *L) {
    if (is_absent(L, -1)) {
        return true;
    }
    bool delay = lua_type(L, -1) == LUA_TNUMBER && is_delay(lua_tonumber(L, -1));
    if (!delay && !lua_isboolean(L, -1)) {
        return false;
    }
    S->report.verdict = delay || lua_toboolean(L, -1) ? TIDE_VERDICT_RETRY : TIDE_VERDICT_NEVER;
    S->report.retry_after = delay ? lua_tonumber(L, -1) : -1;
    return true;
}

/// Whether `kind` at the top is a label or absent; notes it.
static bool note_label(tide_state *S, lua_State *L) {
    if (is_absent(L, -1)) {
        return true;
    }
    size_t count = 0;
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &count) : NULL;
    if (text == NULL || count == 0 || count > LABEL_LIMIT) {
        return false;
    }
    tide_set_text(&S->label, text, count);
    return true;
}

typedef bool (*note)(tide_state *S, lua_State *L);

static bool note_field(tide_state *S, lua_State *L, int index, const char *name, note note) {
    lua_pushstring(L, name);
    lua_rawget(L, index);
    bool noted = note(S, L);
    lua_pop(L, 1);
    return noted;
}

bool tide_note_verdict(tide_state *S, lua_State *L, int index) {
    tide_forget_verdict(S);
    const verdict *v = to_verdict(L, index);
    if (v == NULL) {
        return false;
    }
    S->report.verdict = v->kind;
    S->report.retry_after = v->after;
    lua_getiuservalue(L, index, 1);
    size_t count = 0;
    const char *text = lua_tolstring(L, -1, &count);
    if (text != NULL) {
        tide_set_text(&S->message, text, count);
    } else {
        tide_set_message(S, default_reason(v));
    }
    S->over_limit = TIDE_FAILURE_RUNTIME;
    lua_pop(L, 1);
    return true;
}

void tide_note_fields(tide_state *S, lua_State *L, int index) {
    if (!lua_istable(L, index)) {
        return;
    }
    const char *problem = NULL;
    if (!note_field(S, L, index, "retry", note_retry)) {
        problem = " (its 'retry' is neither a boolean nor a number of seconds up to a year)";
    } else if (!note_field(S, L, index, "kind", note_label)) {
        problem = " (its 'kind' is not a string of 1 to 64 bytes)";
    }
    if (problem != NULL) {
        size_t count = S->message.count;
        if (tide_buffer_append(&S->message, problem, strlen(problem) + 1)) {
            S->message.count = count + strlen(problem);
        } else {
            S->message.count = count;
        }
    }
}

void tide_open_verdict(lua_State *L) {
    lua_createtable(L, 0, 3);
    lua_pushcfunction(L, to_text);
    lua_setfield(L, -2, "__tostring");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "verdict");
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_VERDICT]);
}
