// The built-in module json: null, array, encode, decode.
#include "state.h"

/// json.array{…}: marks a table, so that it is an array even while it is empty.
static int array(lua_State *L) {
    if (lua_isnone(L, 1)) {
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_ARRAY]);
    lua_setmetatable(L, 1);
    return 1;
}

static int encode(lua_State *L) {
    tide_state *S = tide_state_of(L);
    luaL_checkany(L, 1);
    S->scratch.count = 0;
    if (!tide_encode_json(S, L, 1, &S->scratch, S->output_limit)) {
        return tide_raise_refusal(L);
    }
    lua_pushlstring(L, (const char *)S->scratch.bytes, S->scratch.count);
    return 1;
}

static int decode(lua_State *L) {
    size_t count = 0;
    const char *text = luaL_checklstring(L, 1, &count);
    tide_push_json(L, (const uint8_t *)text, count);
    return 1;
}

void tide_open_json(lua_State *L) {
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "array");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_ARRAY]);

    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_MODULES]);
    static const luaL_Reg functions[] = {{"array", array}, {"encode", encode}, {"decode", decode}, {NULL, NULL}};
    luaL_newlib(L, functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_setfield(L, -2, "json");
    lua_pop(L, 1);
}
