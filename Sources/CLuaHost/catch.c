// pcall and xpcall as the standard library has them, but that a stop goes on through them.
#include "state.h"

/// What the continuation has to know: how many values at the bottom are no results, and whether the call was made
/// by a closing method of a script that was being stopped.
enum { RAISED = 1 << 8 };

static lua_KContext context_of(lua_State *L, int below) {
    return below | (tide_state_of(L)->raised ? RAISED : 0);
}

static int caught(lua_State *L, int status, lua_KContext context) {
    if (tide_passes_stop(tide_state_of(L), status, (context & RAISED) != 0)) {
        tide_arm(L);
        return tide_raise_stop(L);
    }
    if (__builtin_expect(status != LUA_OK && status != LUA_YIELD, 0)) {
        lua_pushboolean(L, 0);
        lua_pushvalue(L, -2);
        return 2;
    }
    return lua_gettop(L) - (int)(context & ~RAISED);
}

int tide_pcall(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 1);
    lua_KContext context = context_of(L, 0);
    return caught(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, context, caught), context);
}

int tide_xpcall(lua_State *L) {
    int count = lua_gettop(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushboolean(L, 1);
    lua_pushvalue(L, 1);
    lua_rotate(L, 3, 2);
    lua_KContext context = context_of(L, 2);
    return caught(L, lua_pcallk(L, count - 2, LUA_MULTRET, 2, context, caught), context);
}

void tide_open_catch(lua_State *L) {
    lua_pushcfunction(L, tide_pcall);
    lua_setglobal(L, "pcall");
    lua_pushcfunction(L, tide_xpcall);
    lua_setglobal(L, "xpcall");
}
