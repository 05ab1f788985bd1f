// The trampoline of a host function. It encodes the arguments, calls the host, and raises or yields only after
// the host's frames are gone.
#include "state.h"

static int after_wait(lua_State *L, int status, lua_KContext context);

static const char *name_of(lua_State *L) {
    return lua_tostring(L, lua_upvalueindex(2));
}

static int raise_result(lua_State *L, tide_state *S) {
    luaL_where(L, 1);
    lua_pushlstring(L, (const char *)S->result.bytes, S->result.count);
    lua_concat(L, 2);
    return lua_error(L);
}

static tide_answer ask_host(tide_state *S, int32_t function, int count, bool can_wait) {
    S->result.count = 0;
    S->allocator.enforced = false;
    tide_arguments arguments = {.bytes = S->arguments.bytes,
                                .size = S->arguments.count,
                                .count = count,
                                .objects = S->passed.objects,
                                .object_count = S->passed.count};
    tide_answer answer = S->host(S->context, function, &arguments, can_wait, &S->result);
    S->allocator.enforced = true;
    if (S->result.failed) {
        S->result.failed = false;
        tide_set_text(&S->result, "not enough memory", 17);
        return TIDE_HOST_ERROR;
    }
    return answer;
}

static int answer_script(lua_State *L, tide_state *S, tide_answer answer, bool can_wait, const char *name) {
    if (answer == TIDE_HOST_RETURN) {
        return tide_push_values(L, S->result.bytes, S->result.count);
    }
    if (answer == TIDE_HOST_WAIT && can_wait) {
        if (S->stop) {
            return tide_raise_stop(L);
        }
        S->waiting = true;
        return lua_yieldk(L, 0, 0, after_wait);
    }
    if (answer == TIDE_HOST_ERROR) {
        return raise_result(L, S);
    }
    if (S->stop) {
        return luaL_error(L, "%s can't wait here: the script is being stopped", name);
    }
    return luaL_error(L, "%s can't wait here: no wait inside a metamethod, an iterator, a sort or a gsub", name);
}

static int after_wait(lua_State *L, int status, lua_KContext context) {
    (void)status;
    (void)context;
    tide_state *S = tide_state_of(L);
    if (S->stop) {
        tide_arm(L);
        return tide_raise_stop(L);
    }
    return answer_script(L, S, S->answer, false, name_of(L));
}

static int host_function(lua_State *L) {
    tide_state *S = tide_state_of(L);
    int32_t function = (int32_t)lua_tointeger(L, lua_upvalueindex(1));
    bool method = lua_toboolean(L, lua_upvalueindex(3)) != 0;
    if (method) {
        if (lua_touserdata(L, 1) != S->ctx) {
            return luaL_error(L, "call it as ctx:%s(…)", name_of(L));
        }
        lua_remove(L, 1);
    }
    int count = lua_gettop(L);
    S->arguments.count = 0;
    S->passed.count = 0;
    for (int i = 1; i <= count; i++) {
        if (!tide_encode_flat(S, L, i, &S->arguments, S->output_limit)) {
            lua_pushlstring(L, (const char *)S->refusal.bytes, S->refusal.count);
            // It counts a method's self, which is gone here.
            return luaL_argerror(L, i + method, lua_tostring(L, -1));
        }
    }
    // A closing method of a script that is being stopped has no time for a wait.
    bool can_wait = S->can_wait && lua_isyieldable(L) && !S->stop;
    tide_answer answer = ask_host(S, function, count, can_wait);
    // A function that takes long may have heard of a stop, and given up, before the signal comes.
    tide_stop_if_asked(S);
    if (S->passed.count > 0) {
        tide_charge_objects(L, count);
    }
    return answer_script(L, S, answer, can_wait, name_of(L));
}

void tide_push_function(lua_State *L, int32_t function, const char *name, bool method) {
    lua_pushinteger(L, function);
    lua_pushstring(L, name);
    lua_pushboolean(L, method);
    lua_pushcclosure(L, host_function, 3);
}

void tide_ask(lua_State *L, int32_t function, const char *name, const char *argument, size_t count, int wanted) {
    tide_state *S = tide_state_of(L);
    int top = lua_gettop(L);
    lua_pushlstring(L, argument, count);
    S->arguments.count = 0;
    S->passed.count = 0;
    if (!tide_encode_flat(S, L, top + 1, &S->arguments, SIZE_MAX)) {
        tide_raise_refusal(L);
    }
    lua_settop(L, top);
    answer_script(L, S, ask_host(S, function, 1, false), false, name);
    luaL_checkstack(L, wanted, "a host function's results");
    while (lua_gettop(L) < top + wanted) {
        lua_pushnil(L);
    }
}

/// The global print: its arguments as print writes them, as one line for the host.
static int print(lua_State *L) {
    int count = lua_gettop(L);
    luaL_Buffer line;
    luaL_buffinit(L, &line);
    for (int i = 1; i <= count; i++) {
        if (i > 1) {
            luaL_addchar(&line, '\t');
        }
        luaL_tolstring(L, i, NULL);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    size_t size = 0;
    const char *text = lua_tolstring(L, -1, &size);
    tide_ask(L, (int32_t)lua_tointeger(L, lua_upvalueindex(1)), "print", text, size, 0);
    return 0;
}

void tide_push_print(lua_State *L, int32_t function) {
    lua_pushinteger(L, function);
    lua_pushcclosure(L, print, 1);
}
