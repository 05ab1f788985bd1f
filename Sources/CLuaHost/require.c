// require: a module of the host, or source text that the host's resolver gives for the name. Each is run once.
#include "state.h"
#include <ctype.h>

/// Stands for a module that is being loaded.
static char loading;

static bool is_module_name(const char *name, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool part = isalnum((unsigned char)name[i]) || name[i] == '_' || name[i] == '-';
        bool dot = name[i] == '.' && i > 0 && i + 1 < count && name[i - 1] != '.';
        if (!part && !dot) {
            return false;
        }
    }
    return count > 0 && count <= 200;
}

// The stack of require: name, the table of modules, then what it works on.
enum { NAME = 1, MODULES = 2 };

static int loaded(lua_State *L, int status, lua_KContext context) {
    (void)context;
    bool failed = status != LUA_OK && status != LUA_YIELD;
    lua_pushvalue(L, NAME);
    if (failed) {
        lua_pushnil(L);
    } else if (lua_isnil(L, -2)) {
        lua_pushboolean(L, 1);
    } else {
        lua_pushvalue(L, -2);
    }
    lua_rawset(L, MODULES);
    if (failed) {
        return lua_error(L);
    }
    lua_pushvalue(L, NAME);
    lua_rawget(L, MODULES);
    return 1;
}

int tide_require(lua_State *L) {
    tide_state *S = tide_state_of(L);
    size_t count = 0;
    const char *name = luaL_checklstring(L, NAME, &count);
    luaL_argcheck(L, is_module_name(name, count), NAME, "a module's name has letters, digits, '_', '-' and '.'");
    lua_settop(L, 1);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_MODULES]);
    lua_pushvalue(L, NAME);
    if (lua_rawget(L, MODULES) != LUA_TNIL) {
        if (lua_touserdata(L, -1) == &loading) {
            return luaL_error(L, "module '%s' requires itself, through others or directly", name);
        }
        return 1;
    }
    if (S->resolver < 0) {
        return luaL_error(L, "there is no module '%s'", name);
    }
    lua_settop(L, 2);
    tide_ask(L, S->resolver, "require", name, count, 2);
    lua_settop(L, 4);
    if (lua_type(L, 3) != LUA_TSTRING) {
        return luaL_error(L, "there is no module '%s'", name);
    }
    const char *chunk = lua_type(L, 4) == LUA_TSTRING ? lua_tostring(L, 4) : name;
    lua_pushfstring(L, "@%s", chunk);
    const char *source = lua_tolstring(L, 3, &count);
    if (luaL_loadbufferx(L, source, count, lua_tostring(L, 5), "t") != LUA_OK) {
        return lua_error(L);
    }
    lua_pushvalue(L, NAME);
    lua_pushlightuserdata(L, &loading);
    lua_rawset(L, MODULES);
    lua_pushvalue(L, NAME);
    return loaded(L, lua_pcallk(L, 1, 1, 0, 0, loaded), 0);
}
