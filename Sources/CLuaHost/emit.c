#include "state.h"

static int32_t port_named(lua_State *L, tide_state *S, const char *name, size_t count) {
    for (size_t i = 0; i < S->port_count; i++) {
        if (S->ports[i].count == count && memcmp(S->ports[i].name, name, count) == 0) {
            return (int32_t)i;
        }
    }
    // A port without a name takes what the script returns; nobody can name it.
    luaL_Buffer known;
    luaL_buffinit(L, &known);
    for (size_t i = 0; i < S->port_count; i++) {
        if (S->ports[i].count > 0) {
            luaL_addstring(&known, luaL_bufflen(&known) == 0 ? "" : ", ");
            luaL_addlstring(&known, S->ports[i].name, S->ports[i].count);
        }
    }
    luaL_pushresult(&known);
    const char *names = lua_tostring(L, -1);
    return luaL_error(L, "there is no port '%s' (ports: %s)", name, *names == '\0' ? "none" : names);
}

/// Pushes the option's value.
static int option(lua_State *L, const char *name) {
    lua_pushstring(L, name);
    return lua_rawget(L, 3);
}

/// Which value of the batch the output is for. Of a run it is the one at hand, which needs no name.
static size_t owner(lua_State *L, tide_state *S) {
    if (S->call != TIDE_CALL_HANDLE_BATCH) {
        return 0;
    }
    int is_integer = 0;
    bool is_number = lua_istable(L, 3) && option(L, "of") == LUA_TNUMBER;
    lua_Integer of = is_number ? lua_tointegerx(L, -1, &is_integer) : 0;
    if (!is_integer || of < 1 || (lua_Unsigned)of > S->input_count) {
        luaL_error(L, "ctx:emit in handle_batch takes {of = i}, the place of a value from 1 to %I",
                   (LUAI_UACINT)S->input_count);
    }
    return (size_t)of - 1;
}

static bool put(tide_state *S, lua_State *L, size_t of, int32_t port) {
    return (S->call != TIDE_CALL_HANDLE_BATCH || tide_turn_to(S, of)) && tide_put_output(S, L, 2, port);
}

/// The output stays.
static int keep(tide_state *S, size_t of) {
    if (S->call == TIDE_CALL_HANDLE_BATCH) {
        tide_note_share(S, of);
    }
    return 0;
}

/// ctx:emit(value[, {of=, to=, key=, metadata=}])
int tide_emit(lua_State *L) {
    tide_state *S = tide_state_of(L);
    if (lua_touserdata(L, 1) != S->ctx) {
        return luaL_error(L, "call it as ctx:emit(value)");
    }
    if (S->call != TIDE_CALL_HANDLE && S->call != TIDE_CALL_HANDLE_BATCH) {
        return luaL_error(L, "ctx:emit is for handle and handle_batch only");
    }
    luaL_argcheck(L, !lua_isnoneornil(L, 2), 2, "a value expected, got nil");
    size_t of = owner(L, S);
    if (lua_isnoneornil(L, 3)) {
        return tide_put_output(S, L, 2, 0) ? 0 : tide_raise_refusal(L);
    }
    luaL_argcheck(L, lua_istable(L, 3), 3, "a table of options expected");
    lua_settop(L, 3);
    int32_t port = 0;
    size_t count = 0;
    if (option(L, "to") != LUA_TNIL) {
        luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 3, "'to' must be a string");
        const char *name = lua_tolstring(L, -1, &count);
        port = port_named(L, S, name, count);
    }
    int kind = option(L, "key");
    luaL_argcheck(L, kind == LUA_TNIL || kind == LUA_TSTRING || kind == LUA_TNUMBER, 3, "'key' must be a string");
    const char *key = lua_tolstring(L, -1, &count);
    kind = option(L, "metadata");
    luaL_argcheck(L, kind == LUA_TNIL || kind == LUA_TTABLE, 3, "'metadata' must be a table");
    size_t start = S->output.count;
    if (!put(S, L, of, port)) {
        return tide_raise_refusal(L);
    }
    tide_output *output = &S->outputs[S->report.output_count - 1];
    bool kept = true, fits = true;
    if (key != NULL) {
        output->key_offset = S->output.count;
        output->key_count = count;
        // All of a call's keys count, or one long key on many outputs would be no output at all.
        fits = count <= tide_output_end(S) - S->output.count;
        kept = fits && tide_buffer_append(&S->output, key, count);
    }
    if (kept && kind == LUA_TTABLE) {
        output->metadata_offset = S->output.count;
        kept = tide_encode_flat(S, L, lua_gettop(L), &S->output, tide_output_end(S));
        output->metadata_count = S->output.count - output->metadata_offset;
        if (kept && S->held.count > output->first_object + output->object_count) {
            kept = false;
            tide_set_refusal(S, "'metadata' can't hold an object");
        }
    } else if (!fits) {
        tide_refuse_bytes(S);
    } else if (!kept) {
        tide_set_refusal(S, "not enough memory for the outputs");
    }
    if (kept && kind == LUA_TTABLE && S->output.bytes[output->metadata_offset] != TIDE_TABLE) {
        kept = false;
        tide_set_refusal(S, "'metadata' must have string keys");
    }
    if (!kept) {
        S->report.output_count -= 1;
        S->output.count = start;
        tide_drop_objects(S, output->first_object);
        return tide_raise_refusal(L);
    }
    return keep(S, of);
}
