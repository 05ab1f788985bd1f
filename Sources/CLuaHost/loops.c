// Functions of the standard library whose loops a script can make as long as it likes, in C, where no hook comes by:
// with a range of its own (table.move), a __len that lies (table.insert, table.remove, table.sort) or nothing to copy
// (string.rep). These stop where a hook would. Pattern matching is left: only giving the state up ends a hostile
// pattern.
#include "state.h"

/// Loops up to here need no care.
enum { SHORT_LOOP = 100000, LOOK_EVERY = 1024, LARGEST_SORT = 1000000 };

/// The function of the standard library, called in this one's place.
static int original(lua_State *L) {
    return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static bool is_plain(lua_State *L, int index) {
    if (!lua_istable(L, index)) {
        return false;
    }
    bool has_metatable = lua_getmetatable(L, index) != 0;
    lua_settop(L, lua_gettop(L) - has_metatable);
    return !has_metatable;
}

/// Moves `count` elements, the first of them first, or last if `backwards`; stoppable.
static void move_elements(lua_State *L, int from, lua_Integer first, int to, lua_Integer start, lua_Integer count,
                          bool backwards) {
    tide_state *S = tide_state_of(L);
    for (lua_Integer done = 0; done < count; done++) {
        lua_Integer i = backwards ? count - 1 - done : done;
        lua_geti(L, from, first + i);
        lua_seti(L, to, start + i);
        if (done % LOOK_EVERY == 0 && __builtin_expect(S->stop != TIDE_STOP_NONE, 0)) {
            tide_stop_here(L);
        }
    }
}

/// table.move(a, f, e, t[, b])
static int move(lua_State *L) {
    lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3), start = luaL_checkinteger(L, 4);
    bool countable = first > 0 || last < LUA_MAXINTEGER + first;
    lua_Integer count = countable && last >= first ? last - first + 1 : 0;
    int to = lua_isnoneornil(L, 5) ? 1 : 5;
    // What is wrong with the arguments it says itself.
    if (count <= SHORT_LOOP || start > LUA_MAXINTEGER - count + 1 || !lua_istable(L, 1) || !lua_istable(L, to)) {
        return original(L);
    }
    bool apart = start > last || start <= first || (to != 1 && !lua_compare(L, 1, to, LUA_OPEQ));
    move_elements(L, 1, first, to, start, count, !apart);
    lua_pushvalue(L, to);
    return 1;
}

/// table.insert(t, pos, value), where #t is what a script says
static int insert(lua_State *L) {
    if (is_plain(L, 1) || lua_gettop(L) != 3 || !lua_istable(L, 1)) {
        return original(L);
    }
    lua_Integer size = luaL_len(L, 1), position = luaL_checkinteger(L, 2);
    if (size <= SHORT_LOOP || size == LUA_MAXINTEGER) {
        return original(L);
    }
    luaL_argcheck(L, position >= 1 && position <= size + 1, 2, "position out of bounds");
    move_elements(L, 1, position, 1, position + 1, size + 1 - position, true);
    lua_seti(L, 1, position);
    return 0;
}

/// table.remove(t, pos), where #t is what a script says
static int take(lua_State *L) {
    if (is_plain(L, 1) || lua_gettop(L) != 2 || !lua_istable(L, 1)) {
        return original(L);
    }
    lua_Integer size = luaL_len(L, 1), position = luaL_checkinteger(L, 2);
    if (size <= SHORT_LOOP || size == LUA_MAXINTEGER || position == size) {
        return original(L);
    }
    luaL_argcheck(L, position >= 1 && position <= size + 1, 2, "position out of bounds");
    lua_geti(L, 1, position);
    move_elements(L, 1, position + 1, 1, position, size - position, false);
    if (position <= size) {
        lua_pushnil(L);
        lua_seti(L, 1, size);
    }
    return 1;
}

/// table.sort, where #t is what a script says: a comparison in C brings no hook by
static int sort(lua_State *L) {
    if (!is_plain(L, 1) && lua_istable(L, 1) && luaL_len(L, 1) > LARGEST_SORT) {
        return luaL_error(L, "too many elements to sort");
    }
    return original(L);
}

/// string.rep: of nothing there is nothing, however often
static int rep(lua_State *L) {
    size_t text = 0, separator = 0;
    luaL_checklstring(L, 1, &text);
    luaL_optlstring(L, 3, "", &separator);
    if (text + separator == 0 && lua_isinteger(L, 2)) {
        lua_pushliteral(L, "");
        return 1;
    }
    return original(L);
}

static void replace(lua_State *L, const char *library, const luaL_Reg *functions) {
    lua_getglobal(L, library);
    for (; functions->name != NULL; functions++) {
        lua_getfield(L, -1, functions->name);
        lua_pushcclosure(L, functions->func, 1);
        lua_setfield(L, -2, functions->name);
    }
    lua_pop(L, 1);
}

void tide_open_loops(lua_State *L) {
    static const luaL_Reg of_tables[] = {
        {"move", move}, {"insert", insert}, {"remove", take}, {"sort", sort}, {NULL, NULL}};
    static const luaL_Reg of_strings[] = {{"rep", rep}, {NULL, NULL}};
    replace(L, LUA_TABLIBNAME, of_tables);
    replace(L, LUA_STRLIBNAME, of_strings);
}
