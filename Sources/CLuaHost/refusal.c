// Why a value can't leave a script, with the path to the part that can't. Nothing here raises.
#include "state.h"
#include <ctype.h>
#include <stdio.h>

static void add(tide_buffer *text, const char *bytes, size_t count) {
    tide_buffer_append(text, bytes, count);
}

static bool is_name(const char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool letter = isalpha((unsigned char)bytes[i]) || bytes[i] == '_';
        if (!letter && (i == 0 || !isdigit((unsigned char)bytes[i]))) {
            return false;
        }
    }
    return count > 0 && count <= 64;
}

static void add_step(tide_buffer *text, lua_State *L, int index) {
    char number[32];
    size_t count = 0;
    if (lua_type(L, index) == LUA_TSTRING) {
        const char *key = lua_tolstring(L, index, &count);
        if (is_name(key, count)) {
            add(text, ".", 1);
            add(text, key, count);
        } else {
            add(text, "[\"", 2);
            add(text, key, count < 64 ? count : 64);
            add(text, "\"]", 2);
        }
    } else {
        int length = snprintf(number, sizeof number, "[%lld]", (long long)lua_tointeger(L, index));
        add(text, number, length > 0 ? (size_t)length : 0);
    }
}

bool tide_refuse(tide_walk *walk, int depth, const char *reason) {
    tide_buffer *text = &walk->S->refusal;
    text->count = 0;
    walk->S->over_limit = TIDE_FAILURE_RUNTIME;
    add(text, reason, strlen(reason));
    // A cycle's path says the same again and again.
    int shown = depth < 8 ? depth : 8;
    if (shown > 0) {
        add(text, " (at ", 5);
        for (int i = 0; i < shown; i++) {
            add_step(text, walk->L, walk->base + 2 * i + 1);
        }
        add(text, shown < depth ? "...)" : ")", shown < depth ? 4 : 1);
    }
    add(text, "", 1);
    text->count -= text->count > 0;
    return false;
}

bool tide_refuse_type(tide_walk *walk, int depth) {
    char reason[128];
    int index = walk->base + 2 * depth;
    const char *type = tide_object_type(walk->L, index);
    if (type != NULL) {
        snprintf(reason, sizeof reason, "cannot pass a closed %s on", type);
    } else {
        snprintf(reason, sizeof reason, "cannot pass a %s on", luaL_typename(walk->L, index));
    }
    return tide_refuse(walk, depth, reason);
}

bool tide_refuse_keys(tide_walk *walk, int depth) {
    return tide_refuse(walk, depth, "a table's keys must be all strings, or exactly 1 to n");
}

bool tide_refuse_size(tide_walk *walk) {
    return tide_refuse_bytes(walk->S);
}

bool tide_is_marked(lua_State *L, int index) {
    if (!lua_getmetatable(L, index)) {
        return false;
    }
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_ARRAY]);
    bool same = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 2);
    return same;
}

lua_Integer tide_array_count(lua_State *L, int index) {
    lua_Integer count = 0, largest = 0;
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        lua_Integer key = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        if (key < 1) {
            lua_pop(L, 1);
            return -1;
        }
        count += 1;
        largest = key > largest ? key : largest;
    }
    return count == largest ? count : -1;
}
