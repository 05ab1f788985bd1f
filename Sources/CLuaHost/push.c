#include "state.h"

typedef struct source {
    const uint8_t *at;
    const uint8_t *end;
    const void *_Nullable const *_Nullable objects;  // those that the bytes may refer to
    size_t object_count;
    bool trusted;  // they come from a host function, which answers for them
} source;

static _Noreturn void damaged(lua_State *L) {
    luaL_error(L, "damaged encoding");
    __builtin_unreachable();
}

static uint32_t take_u32(lua_State *L, source *from) {
    if (from->end - from->at < 4) {
        damaged(L);
    }
    uint32_t value;
    memcpy(&value, from->at, sizeof value);
    from->at += 4;
    return value;
}

static void push_bytes(lua_State *L, source *from) {
    uint32_t count = take_u32(L, from);
    if ((size_t)(from->end - from->at) < count) {
        damaged(L);
    }
    lua_pushlstring(L, (const char *)from->at, count);
    from->at += count;
}

/// An address is an object's only if the bytes' owner says so: damaged ones may hold any.
static void push_object(lua_State *L, source *from) {
    const void *object = NULL;
    if ((size_t)(from->end - from->at) < sizeof object) {
        damaged(L);
    }
    memcpy(&object, from->at, sizeof object);
    from->at += sizeof object;
    bool known = from->trusted && object != NULL;
    for (size_t i = 0; !known && i < from->object_count; i++) {
        known = from->objects[i] == object;
    }
    if (!known) {
        damaged(L);
    }
    tide_push_object(L, object);
}

static void push_value(lua_State *L, source *from, int depth);

static void push_container(lua_State *L, source *from, bool table, int depth) {
    uint32_t size = take_u32(L, from);
    if (depth >= TIDE_MAX_DEPTH || size < 4 || (size_t)(from->end - from->at) < size) {
        damaged(L);
    }
    source inner = *from;
    inner.end = from->at + size;
    uint32_t count = take_u32(L, &inner);
    // An item takes a byte at least and an entry five, so a wrong count can't ask for more than the bytes give.
    if (count > (size - 4) / (table ? 5 : 1)) {
        damaged(L);
    }
    int hint = count < INT32_MAX ? (int)count : INT32_MAX;
    luaL_checkstack(L, 4, "a value's nesting");
    lua_createtable(L, table ? 0 : hint, table ? hint : 0);
    for (uint32_t i = 0; i < count; i++) {
        if (table) {
            push_bytes(L, &inner);
            push_value(L, &inner, depth + 1);
            lua_rawset(L, -3);
        } else {
            push_value(L, &inner, depth + 1);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
    }
    if (inner.at != inner.end) {
        damaged(L);
    }
    if (!table && count == 0) {
        lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_ARRAY]);
        lua_setmetatable(L, -2);
    }
    from->at = inner.end;
}

static void push_value(lua_State *L, source *from, int depth) {
    if (from->at >= from->end) {
        damaged(L);
    }
    uint8_t tag = *from->at++;
    int64_t integer;
    double number;
    switch (tag) {
    case TIDE_NULL:
        lua_pushlightuserdata(L, NULL);
        return;
    case TIDE_FALSE:
    case TIDE_TRUE:
        lua_pushboolean(L, tag == TIDE_TRUE);
        return;
    case TIDE_INTEGER:
    case TIDE_NUMBER:
        if (from->end - from->at < 8) {
            damaged(L);
        }
        if (tag == TIDE_INTEGER) {
            memcpy(&integer, from->at, 8);
            lua_pushinteger(L, integer);
        } else {
            memcpy(&number, from->at, 8);
            lua_pushnumber(L, number);
        }
        from->at += 8;
        return;
    case TIDE_STRING:
        push_bytes(L, from);
        return;
    case TIDE_ARRAY:
    case TIDE_TABLE:
        push_container(L, from, tag == TIDE_TABLE, depth);
        return;
    case TIDE_JSON: {
        uint32_t count = take_u32(L, from);
        if ((size_t)(from->end - from->at) < count) {
            damaged(L);
        }
        tide_push_json(L, from->at, count);
        from->at += count;
        return;
    }
    case TIDE_OBJECT:
        push_object(L, from);
        return;
    default:
        damaged(L);
    }
}

int tide_push_values(lua_State *L, const uint8_t *_Nullable bytes, size_t count) {
    if (count == 0 || bytes == NULL) {
        return 0;
    }
    source from = {.at = bytes, .end = bytes + count, .trusted = true};
    int pushed = 0;
    while (from.at < from.end) {
        luaL_checkstack(L, 4, "a function's results");
        push_value(L, &from, 0);
        pushed += 1;
    }
    return pushed;
}

void tide_push_json(lua_State *L, const uint8_t *text, size_t count) {
    tide_state *S = tide_state_of(L);
    tide_buffer *scratch = &S->scratch;
    tide_json_error error;
    scratch->count = 0;
    if (!tide_json_read(text, count, scratch, &error)) {
        luaL_error(L, "not JSON: %s at byte %I", error.reason, (lua_Integer)error.offset);
    }
    size_t size = scratch->count;
    source from = {.at = scratch->bytes, .end = scratch->bytes + size};
    push_value(L, &from, 0);
}

void tide_push_input(lua_State *L, const tide_input *input) {
    switch (input->tag) {
    case TIDE_STRING:
        lua_pushlstring(L, (const char *)input->bytes, input->count);
        return;
    case TIDE_FALSE:
    case TIDE_TRUE:
        lua_pushboolean(L, input->tag == TIDE_TRUE);
        return;
    case TIDE_INTEGER:
        lua_pushinteger(L, input->integer);
        return;
    case TIDE_NUMBER:
        lua_pushnumber(L, input->number);
        return;
    case TIDE_JSON:
        tide_push_json(L, input->bytes, input->count);
        return;
    case TIDE_ARRAY:
    case TIDE_TABLE: {
        source from = {.at = input->bytes,
                       .end = input->bytes + input->count,
                       .objects = input->objects,
                       .object_count = input->object_count};
        push_value(L, &from, 0);
        if (from.at != from.end) {
            damaged(L);
        }
        return;
    }
    case TIDE_OBJECT:
        if (input->object_count == 0) {
            damaged(L);
        }
        tide_push_object(L, input->objects[0]);
        return;
    default:
        lua_pushlightuserdata(L, NULL);
    }
}
