// Lua values to the flat encoding. Nothing here raises: lua_next only does for a key that isn't in the table.
#include "state.h"

static bool put_value(tide_walk *w, int depth);

static bool no_memory(tide_walk *w) {
    return tide_refuse(w, 0, "not enough memory for the value");
}

static inline uint8_t *_Nullable room(tide_walk *w, size_t count) {
    tide_buffer *out = w->out;
    if (__builtin_expect(out->capacity - out->count < count, 0) && !tide_buffer_reserve(out, count)) {
        return NULL;
    }
    return out->bytes + out->count;
}

static bool put_tag(tide_walk *w, uint8_t tag) {
    uint8_t *to = room(w, 1);
    if (to == NULL) {
        return no_memory(w);
    }
    *to = tag;
    w->out->count += 1;
    return true;
}

static bool put_eight(tide_walk *w, uint8_t tag, const void *bytes) {
    uint8_t *to = room(w, 9);
    if (to == NULL) {
        return no_memory(w);
    }
    *to = tag;
    memcpy(to + 1, bytes, 8);
    w->out->count += 9;
    return true;
}

/// The string at `index` as `u32 count, bytes`, after the tag if there is one.
static bool put_string(tide_walk *w, int index, bool tagged) {
    size_t count = 0;
    const char *bytes = lua_tolstring(w->L, index, &count);
    if (count > UINT32_MAX || w->out->count + count > w->limit) {
        return tide_refuse_size(w);
    }
    uint8_t *to = room(w, count + 5);
    if (to == NULL) {
        return no_memory(w);
    }
    if (tagged) {
        *to++ = TIDE_STRING;
    }
    uint32_t length = (uint32_t)count;
    memcpy(to, &length, 4);
    memcpy(to + 4, bytes, count);
    w->out->count += count + 4 + tagged;
    return true;
}

/// Entries whose keys are strings; the first one is on the stack.
static bool put_entries(tide_walk *w, int table, int depth, uint32_t *count) {
    lua_State *L = w->L;
    do {
        if (lua_type(L, table + 1) != LUA_TSTRING) {
            return tide_refuse_keys(w, depth);
        }
        if (!put_string(w, table + 1, false) || !put_value(w, depth + 1)) {
            return false;
        }
        lua_settop(L, table + 1);
        *count += 1;
    } while (lua_next(L, table) != 0);
    return true;
}

/// Items that come in another order than their keys'.
static bool put_shuffled(tide_walk *w, int table, int depth, uint32_t *count) {
    lua_State *L = w->L;
    lua_settop(L, table);
    lua_Integer total = tide_array_count(L, table);
    if (total < 0) {
        return tide_refuse_keys(w, depth);
    }
    for (lua_Integer i = 1; i <= total; i++) {
        lua_pushinteger(L, i);
        lua_rawgeti(L, table, i);
        if (!put_value(w, depth + 1)) {
            return false;
        }
        lua_settop(L, table);
    }
    *count = (uint32_t)total;
    return true;
}

/// Items that lua_next gives in order, as it does for those in a table's array part.
static bool put_items(tide_walk *w, int table, int depth, uint32_t *count) {
    lua_State *L = w->L;
    size_t start = w->out->count;
    lua_Integer expected = 1;
    do {
        if (!lua_isinteger(L, table + 1) || lua_tointeger(L, table + 1) != expected) {
            w->out->count = start;
            return put_shuffled(w, table, depth, count);
        }
        if (!put_value(w, depth + 1)) {
            return false;
        }
        lua_settop(L, table + 1);
        expected += 1;
    } while (lua_next(L, table) != 0);
    *count = (uint32_t)(expected - 1);
    return true;
}

static bool put_container(tide_walk *w, int depth) {
    lua_State *L = w->L;
    int table = w->base + 2 * depth;
    size_t start = w->out->count;
    if (depth >= TIDE_MAX_DEPTH) {
        return tide_refuse(w, depth, "a cycle, or nesting deeper than 64");
    }
    if (!lua_checkstack(L, 4) || room(w, 9) == NULL) {
        return no_memory(w);
    }
    w->out->count += 9;
    uint32_t count = 0;
    uint8_t tag = TIDE_TABLE;
    lua_pushnil(L);
    if (lua_next(L, table) == 0) {
        tag = tide_is_marked(L, table) ? TIDE_ARRAY : TIDE_TABLE;
    } else if (lua_type(L, table + 1) == LUA_TSTRING) {
        if (!put_entries(w, table, depth, &count)) {
            return false;
        }
    } else {
        tag = TIDE_ARRAY;
        if (!put_items(w, table, depth, &count)) {
            return false;
        }
    }
    size_t size = w->out->count - start - 5;
    if (size > UINT32_MAX) {
        return tide_refuse_size(w);
    }
    uint32_t length = (uint32_t)size;
    uint8_t *head = w->out->bytes + start;
    head[0] = tag;
    memcpy(head + 1, &length, 4);
    memcpy(head + 5, &count, 4);
    return true;
}

static bool put_value(tide_walk *w, int depth) {
    lua_State *L = w->L;
    int index = w->base + 2 * depth;
    if (w->out->count > w->limit) {
        return tide_refuse_size(w);
    }
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        return put_string(w, index, true);
    case LUA_TNUMBER:
        if (lua_isinteger(L, index)) {
            lua_Integer integer = lua_tointeger(L, index);
            return put_eight(w, TIDE_INTEGER, &integer);
        } else {
            lua_Number number = lua_tonumber(L, index);
            return put_eight(w, TIDE_NUMBER, &number);
        }
    case LUA_TBOOLEAN:
        return put_tag(w, lua_toboolean(L, index) ? TIDE_TRUE : TIDE_FALSE);
    case LUA_TNIL:
        return put_tag(w, TIDE_NULL);
    case LUA_TTABLE:
        return put_container(w, depth);
    case LUA_TLIGHTUSERDATA:
        return lua_touserdata(L, index) == NULL ? put_tag(w, TIDE_NULL) : tide_refuse_type(w, depth);
    case LUA_TUSERDATA: {
        const void *object = tide_object_at(L, index);
        if (object == NULL) {
            return tide_refuse_type(w, depth);
        }
        return tide_pass_object(w->S, object, w->out) && put_eight(w, TIDE_OBJECT, &object);
    }
    default:
        return tide_refuse_type(w, depth);
    }
}

bool tide_walk_value(tide_state *S, lua_State *L, int index, tide_buffer *out, size_t limit, tide_put put) {
    size_t before = out->count, held = S->held.count;
    int top = lua_gettop(L);
    tide_walk walk = {.S = S, .L = L, .out = out, .limit = limit, .base = top + 1};
    if (!lua_checkstack(L, 4)) {
        tide_set_refusal(S, "stack overflow");
        return false;
    }
    lua_pushvalue(L, index);
    bool done = put(&walk, 0);
    lua_settop(L, top);
    if (!done) {
        out->count = before;
        tide_drop_objects(S, held);
    }
    return done;
}

bool tide_encode_flat(tide_state *S, lua_State *L, int index, tide_buffer *out, size_t limit) {
    return tide_walk_value(S, L, index, out, limit, put_value);
}
