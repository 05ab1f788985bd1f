// Lua values to JSON text, in one pass over the tables: the hot way of a record to a file. Nothing here raises.
#include "state.h"
#include <math.h>

static bool put_value(tide_walk *w, int depth);

static bool no_memory(tide_walk *w) {
    return tide_refuse(w, 0, "not enough memory for the value");
}

static inline bool put_text(tide_walk *w, const char *text, size_t count) {
    tide_buffer *out = w->out;
    if (__builtin_expect(out->capacity - out->count < count, 0) && !tide_buffer_reserve(out, count)) {
        return no_memory(w);
    }
    memcpy(out->bytes + out->count, text, count);
    out->count += count;
    return true;
}

static inline bool put_string(tide_walk *w, int index) {
    size_t count = 0;
    const char *bytes = lua_tolstring(w->L, index, &count);
    if (__builtin_expect(w->out->count + count > w->limit, 0)) {
        return tide_refuse_size(w);
    }
    return tide_json_put_string(w->out, (const uint8_t *)bytes, count) || no_memory(w);
}

/// An entry: the key is at `key` on the stack, the value above it.
static bool put_entry(tide_walk *w, uint8_t before, int key, int depth) {
    lua_State *L = w->L;
    size_t key_count = 0, count = 0;
    const char *name = lua_tolstring(L, key, &key_count);
    if (lua_type(L, key + 1) == LUA_TSTRING) {
        const char *bytes = lua_tolstring(L, key + 1, &count);
        if (__builtin_expect(w->out->count + key_count + count > w->limit, 0)) {
            return tide_refuse_size(w);
        }
        return tide_json_put_string_entry(w->out, before, (const uint8_t *)name, key_count, (const uint8_t *)bytes,
                                          count) ||
               no_memory(w);
    }
    if (!tide_json_put_key(w->out, before, (const uint8_t *)name, key_count)) {
        return no_memory(w);
    }
    return put_value(w, depth + 1);
}

static bool put_entries(tide_walk *w, int table, int depth) {
    lua_State *L = w->L;
    uint8_t before = '{';
    do {
        if (lua_type(L, table + 1) != LUA_TSTRING) {
            return tide_refuse_keys(w, depth);
        }
        if (!put_entry(w, before, table + 1, depth)) {
            return false;
        }
        lua_settop(L, table + 1);
        before = ',';
    } while (lua_next(L, table) != 0);
    return put_text(w, "}", 1);
}

/// Items that come in another order than their keys'.
static bool put_shuffled(tide_walk *w, int table, int depth) {
    lua_State *L = w->L;
    lua_settop(L, table);
    lua_Integer total = tide_array_count(L, table);
    if (total < 0) {
        return tide_refuse_keys(w, depth);
    }
    for (lua_Integer i = 1; i <= total; i++) {
        lua_pushinteger(L, i);
        lua_rawgeti(L, table, i);
        if (!put_text(w, i == 1 ? "[" : ",", 1) || !put_value(w, depth + 1)) {
            return false;
        }
        lua_settop(L, table);
    }
    return put_text(w, "]", 1);
}

static bool put_items(tide_walk *w, int table, int depth) {
    lua_State *L = w->L;
    size_t start = w->out->count;
    lua_Integer expected = 1;
    do {
        if (!lua_isinteger(L, table + 1) || lua_tointeger(L, table + 1) != expected) {
            w->out->count = start;
            return put_shuffled(w, table, depth);
        }
        if (!put_text(w, expected == 1 ? "[" : ",", 1) || !put_value(w, depth + 1)) {
            return false;
        }
        lua_settop(L, table + 1);
        expected += 1;
    } while (lua_next(L, table) != 0);
    return put_text(w, "]", 1);
}

static bool put_container(tide_walk *w, int depth) {
    lua_State *L = w->L;
    int table = w->base + 2 * depth;
    if (depth >= TIDE_MAX_DEPTH) {
        return tide_refuse(w, depth, "a cycle, or nesting deeper than 64");
    }
    if (!lua_checkstack(L, 4)) {
        return no_memory(w);
    }
    lua_pushnil(L);
    if (lua_next(L, table) == 0) {
        return put_text(w, tide_is_marked(L, table) ? "[]" : "{}", 2);
    }
    return lua_type(L, table + 1) == LUA_TSTRING ? put_entries(w, table, depth) : put_items(w, table, depth);
}

static bool put_number(tide_walk *w, int index, int depth) {
    if (lua_isinteger(w->L, index)) {
        return tide_json_put_integer(w->out, lua_tointeger(w->L, index)) || no_memory(w);
    }
    lua_Number number = lua_tonumber(w->L, index);
    if (!isfinite(number)) {
        return tide_refuse(w, depth, "a number that is not finite has no JSON text");
    }
    return tide_json_put_number(w->out, number) || no_memory(w);
}

static bool put_object(tide_walk *w, int index, int depth) {
    char reason[128];
    const char *type = tide_object_type(w->L, index);
    if (type == NULL) {
        return tide_refuse_type(w, depth);
    }
    snprintf(reason, sizeof reason, "a value of the type %s has no JSON text", type);
    return tide_refuse(w, depth, reason);
}

static bool put_value(tide_walk *w, int depth) {
    lua_State *L = w->L;
    int index = w->base + 2 * depth;
    if (__builtin_expect(w->out->count > w->limit, 0)) {
        return tide_refuse_size(w);
    }
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        return put_string(w, index);
    case LUA_TNUMBER:
        return put_number(w, index, depth);
    case LUA_TBOOLEAN:
        return lua_toboolean(L, index) ? put_text(w, "true", 4) : put_text(w, "false", 5);
    case LUA_TNIL:
        return put_text(w, "null", 4);
    case LUA_TTABLE:
        return put_container(w, depth);
    case LUA_TLIGHTUSERDATA:
        return lua_touserdata(L, index) == NULL ? put_text(w, "null", 4) : tide_refuse_type(w, depth);
    case LUA_TUSERDATA:
        return put_object(w, index, depth);
    default:
        return tide_refuse_type(w, depth);
    }
}

bool tide_encode_json(tide_state *S, lua_State *L, int index, tide_buffer *out, size_t limit) {
    return tide_walk_value(S, L, index, out, limit, put_value);
}
