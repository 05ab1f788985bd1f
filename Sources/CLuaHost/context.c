// The ctx object and the definitions of the host: one userdata that stays for the state's life. Its fields are
// a table behind __index; lazy ones come through that table's own __index, so they cost nothing until read.
#include "state.h"

static int refuse_assignment(lua_State *L) {
    return luaL_error(L, "ctx is read-only");
}

/// Pushes a userdata that reads from the table at the top, which it replaces.
static void wrap(lua_State *L) {
    lua_newuserdatauv(L, 0, 1);
    lua_pushvalue(L, -2);
    lua_setiuservalue(L, -2, 1);
    lua_createtable(L, 0, 4);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_assignment);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushliteral(L, "ctx");
    lua_setfield(L, -2, "__name");
    lua_setmetatable(L, -2);
    lua_remove(L, -2);
}

static int lazy_field(lua_State *L) {
    tide_state *S = tide_state_of(L);
    lua_settop(L, 2);
    if (lua_type(L, 2) != LUA_TSTRING) {
        return 0;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_CACHE]);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, 3) != LUA_TNIL) {
        return 1;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_LAZY]);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, 5) == LUA_TNIL) {
        return 0;
    }
    int32_t function = (int32_t)lua_tointeger(L, 6);
    size_t count = 0;
    const char *name = lua_tolstring(L, 2, &count);
    tide_ask(L, function, name, name, count, 1);
    lua_settop(L, 7);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 7);
    S->chores |= TIDE_CHORE_LAZY;
    lua_rawset(L, 3);
    return 1;
}

void tide_open_context(lua_State *L) {
    static const tide_key tables[] = {TIDE_KEY_LAZY, TIDE_KEY_CACHE};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        lua_newtable(L);
        lua_rawsetp(L, LUA_REGISTRYINDEX, &tide_keys[tables[i]]);
    }
    lua_newtable(L);
    lua_pushcfunction(L, tide_emit);
    lua_setfield(L, -2, "emit");
    lua_pushcfunction(L, tide_retry);
    lua_setfield(L, -2, "retry");
    lua_pushcfunction(L, tide_reject);
    lua_setfield(L, -2, "reject");
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, lazy_field);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_FIELDS]);
    wrap(L);
    tide_state_of(L)->ctx = lua_touserdata(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_CONTEXT]);
}

typedef struct definition {
    tide_place place;
    const char *_Nullable module;
    const char *name;
    int32_t function;
    const uint8_t *_Nullable value;
    size_t value_count;
} definition;

/// Pushes the table inside the group of ctx, which it makes if there is none.
static void push_group(lua_State *L, int fields, const char *name, size_t count) {
    lua_pushlstring(L, name, count);
    if (lua_rawget(L, fields) == LUA_TUSERDATA) {
        lua_getiuservalue(L, -1, 1);
        return;
    }
    lua_newtable(L);
    lua_pushlstring(L, name, count);
    lua_pushvalue(L, -2);
    wrap(L);
    lua_rawset(L, fields);
}

static void define_context_function(lua_State *L, const definition *d) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_FIELDS]);
    int fields = lua_gettop(L);
    const char *dot = strchr(d->name, '.');
    if (dot != NULL) {
        push_group(L, fields, d->name, (size_t)(dot - d->name));
    } else {
        lua_pushvalue(L, fields);
    }
    tide_push_function(L, d->function, d->name, dot == NULL);
    lua_setfield(L, -2, dot != NULL ? dot + 1 : d->name);
}

static void push_definition(lua_State *L, const definition *d) {
    if (d->value == NULL) {
        const char *name = d->module == NULL ? d->name : lua_pushfstring(L, "%s.%s", d->module, d->name);
        tide_push_function(L, d->function, name, false);
    } else {
        tide_push_values(L, d->value, d->value_count);
    }
}

static void define_in_module(lua_State *L, const definition *d) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_MODULES]);
    if (lua_getfield(L, -1, d->module) != LUA_TTABLE) {
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setfield(L, -4, d->module);
    }
    int module = lua_gettop(L);
    push_definition(L, d);
    lua_setfield(L, module, d->name);
}

static int define(lua_State *L) {
    const definition *d = lua_touserdata(L, 1);
    switch (d->place) {
    case TIDE_CONTEXT_FUNCTION:
        define_context_function(L, d);
        return 0;
    case TIDE_CONTEXT_VALUE:
        lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_FIELDS]);
        push_definition(L, d);
        lua_setfield(L, 2, d->name);
        return 0;
    case TIDE_CONTEXT_LAZY:
        lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_LAZY]);
        lua_pushinteger(L, d->function);
        lua_setfield(L, -2, d->name);
        return 0;
    case TIDE_MODULE_FUNCTION:
    case TIDE_MODULE_VALUE:
        define_in_module(L, d);
        return 0;
    case TIDE_OBJECT_METHOD:
    case TIDE_OBJECT_PROPERTY:
        tide_define_method(L, d->module, d->place == TIDE_OBJECT_METHOD ? d->name : "", d->function);
        return 0;
    case TIDE_PRINT:
        tide_push_print(L, d->function);
        lua_setglobal(L, "print");
        return 0;
    }
    return luaL_error(L, "unknown place");
}

bool tide_state_define(tide_state *S, tide_place place, const char *_Nullable module, const char *name,
                       int32_t function, const uint8_t *_Nullable value, size_t value_count) {
    bool needs_module = place != TIDE_PRINT && place >= TIDE_MODULE_FUNCTION;
    if (S->in_flight || (needs_module && module == NULL)) {
        return false;
    }
    definition d = {place, needs_module ? module : NULL, name, function, value, value_count};
    return tide_protect(S, define, &d);
}
