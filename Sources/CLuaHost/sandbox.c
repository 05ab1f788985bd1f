// What a script finds: the standard library without the parts that reach files, processes, bytecode or the
// machinery of this wall.
#include "state.h"

/// load, for text only: "Lua does not check the consistency of binary chunks", so none is ever loaded.
static int load_text(lua_State *L) {
    if (lua_gettop(L) < 3) {
        lua_settop(L, 3);
    }
    lua_pushliteral(L, "t");
    lua_replace(L, 3);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    tide_state *S = tide_state_of(L);
    bool raised = S->raised;
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    // The function that gives the text was stopped, and load has caught that as an error of it.
    if (tide_passes_stop(S, LUA_OK, raised)) {
        return tide_raise_stop(L);
    }
    return lua_gettop(L);
}

/// setmetatable, but for __gc: finalizers run with hooks off, so nothing could interrupt them. Lua only heeds a
/// __gc that is there when the metatable is set.
static int set_metatable(lua_State *L) {
    if (lua_istable(L, 2)) {
        lua_pushliteral(L, "__gc");
        if (lua_rawget(L, 2) != LUA_TNIL) {
            return luaL_error(L, "__gc is not available to scripts; use a <close> variable");
        }
        lua_pop(L, 1);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

static int collect_garbage(lua_State *L) {
    static const char *const options[] = {"count", "step", NULL};
    if (luaL_checkoption(L, 1, NULL, options) == 0) {
        lua_pushnumber(L, (lua_Number)lua_gc(L, LUA_GCCOUNT) + (lua_Number)lua_gc(L, LUA_GCCOUNTB) / 1024);
    } else {
        lua_pushboolean(L, lua_gc(L, LUA_GCSTEP, 0));
    }
    return 1;
}

static void forget(lua_State *L, int table, const char *const *names) {
    for (; *names != NULL; names++) {
        lua_pushnil(L);
        lua_setfield(L, table, *names);
    }
}

/// Replaces the function of that name by `function` with the old one as its upvalue.
static void wrap(lua_State *L, int table, const char *name, lua_CFunction function) {
    lua_getfield(L, table, name);
    lua_pushcclosure(L, function, 1);
    lua_setfield(L, table, name);
}

static void open_os(lua_State *L) {
    static const char *const kept[] = {"time", "date", "clock", "difftime", NULL};
    luaL_requiref(L, LUA_OSLIBNAME, luaopen_os, 0);
    int all = lua_gettop(L);
    lua_newtable(L);
    for (const char *const *name = kept; *name != NULL; name++) {
        lua_getfield(L, all, *name);
        lua_setfield(L, -2, *name);
    }
    lua_setglobal(L, "os");
    lua_settop(L, all - 1);
}

void tide_open_sandbox(lua_State *L) {
    static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},         {LUA_TABLIBNAME, luaopen_table},
                                         {LUA_MATHLIBNAME, luaopen_math},   {LUA_UTF8LIBNAME, luaopen_utf8},
                                         {LUA_STRLIBNAME, luaopen_string}};
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
        lua_pop(L, 1);
    }
    open_os(L);
    lua_pushglobaltable(L);
    int globals = lua_gettop(L);
    static const char *const absent[] = {"dofile", "loadfile", "print", "warn", NULL};
    forget(L, globals, absent);
    wrap(L, globals, "load", load_text);
    wrap(L, globals, "setmetatable", set_metatable);
    lua_pushcfunction(L, collect_garbage);
    lua_setfield(L, globals, "collectgarbage");
    lua_getfield(L, globals, "string");
    static const char *const no_bytecode[] = {"dump", NULL};
    forget(L, lua_gettop(L), no_bytecode);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_MODULES]);
    lua_pushcfunction(L, tide_require);
    lua_setfield(L, globals, "require");
    lua_settop(L, globals - 1);
}
