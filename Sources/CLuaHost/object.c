// Objects of the host in scripts: full userdata that hold a reference each, with methods from the module of their type.
// What an object holds counts as the state's memory, and Lua's collector, which sees a few bytes only, is run when much
// of it may be garbage.
#include "state.h"
#include <stdlib.h>

typedef struct handle {
    const void *_Nullable object;  // NULL once it is closed
    size_t charged;                // bytes that count as the state's memory
} handle;

/// As much may become garbage before the collector is run for it.
enum { GARBAGE_LIMIT = 1 << 20 };

static handle *_Nullable handle_at(lua_State *L, int index) {
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) {
        return NULL;
    }
    bool marked = lua_rawgetp(L, -1, &tide_keys[TIDE_KEY_OBJECTS]) != LUA_TNIL;
    lua_pop(L, 2);
    return marked ? lua_touserdata(L, index) : NULL;
}

const void *_Nullable tide_object_at(lua_State *L, int index) {
    handle *h = handle_at(L, index);
    return h == NULL ? NULL : h->object;
}

const char *_Nullable tide_object_type(lua_State *L, int index) {
    if (handle_at(L, index) == NULL) {
        return NULL;
    }
    luaL_getmetafield(L, index, "__name");
    const char *name = lua_tostring(L, -1);
    lua_pop(L, 1);
    return name;
}

// Memory

static void drop(lua_State *L, handle *h) {
    tide_state *S = tide_state_of(L);
    if (h->object != NULL) {
        S->objects.release(h->object);
        h->object = NULL;
        S->allocator.used -= h->charged;
        S->object_bytes -= h->charged;
        h->charged = 0;
    }
}

/// Raises that memory is out, as an allocation over the limit does.
static void raise_no_memory(lua_State *L) {
    lua_newuserdatauv(L, tide_state_of(L)->allocator.limit + 1, 0);
}

static void collect(lua_State *L, tide_state *S) {
    // A finalizer whose frame gets no memory isn't called again: its object would never be let go.
    bool enforced = S->allocator.enforced;
    S->allocator.enforced = false;
    lua_gc(L, LUA_GCCOLLECT);
    S->allocator.enforced = enforced;
    S->object_garbage = 0;
}

static bool fits(tide_state *S, size_t bytes) {
    tide_allocator *a = &S->allocator;
    return !a->enforced || (bytes <= a->limit && a->used <= a->limit - bytes);
}

/// Counts what the object holds by now; false if that is over the limit of memory, and then it isn't counted.
static bool charge(lua_State *L, handle *h) {
    tide_state *S = tide_state_of(L);
    size_t bytes = S->objects.footprint(h->object);
    if (bytes > h->charged && !fits(S, bytes - h->charged)) {
        collect(L, S);
        if (!fits(S, bytes - h->charged)) {
            return false;
        }
    }
    S->object_garbage += bytes > h->charged ? bytes - h->charged : 0;
    S->allocator.used += bytes - h->charged;
    S->object_bytes += bytes - h->charged;
    h->charged = bytes;
    return true;
}

void tide_charge_objects(lua_State *L, int count) {
    for (int i = 1; i <= count; i++) {
        handle *h = handle_at(L, i);
        if (h != NULL && h->object != NULL && !charge(L, h)) {
            raise_no_memory(L);
        }
    }
}

void tide_collect_objects(lua_State *L, tide_state *S) {
    // A large heap takes long to walk, so it takes as much garbage to make that worth while.
    if (S->object_garbage > GARBAGE_LIMIT && S->object_garbage > S->allocator.used - S->object_bytes) {
        collect(L, S);
    }
}

// The userdata

static int close_object(lua_State *L) {
    handle *h = handle_at(L, 1);
    if (h != NULL) {
        drop(L, h);
    }
    return 0;
}

/// Asks the type's property function; nothing without one.
static int ask_property(lua_State *L, const char *_Nullable key) {
    lua_settop(L, 2);
    if (lua_getfield(L, lua_upvalueindex(1), "property") != LUA_TFUNCTION) {
        return 0;
    }
    lua_pushvalue(L, 1);
    if (key == NULL) {
        lua_pushvalue(L, 2);
    } else {
        lua_pushstring(L, key);
    }
    lua_call(L, 2, 1);
    return 1;
}

static int index_object(lua_State *L) {
    lua_settop(L, 2);
    lua_getfield(L, lua_upvalueindex(1), "methods");
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) != LUA_TNIL) {
        return 1;
    }
    return ask_property(L, NULL);
}

static int length_of_object(lua_State *L) {
    return ask_property(L, "#");
}

static int text_of_object(lua_State *L) {
    handle *h = handle_at(L, 1);
    if (h == NULL || h->object == NULL || ask_property(L, "tostring") == 0 || lua_type(L, -1) != LUA_TSTRING) {
        lua_pushstring(L, tide_object_type(L, 1));
    }
    return 1;
}

static int are_equal(lua_State *L) {
    handle *left = handle_at(L, 1), *right = handle_at(L, 2);
    lua_pushboolean(L, left != NULL && right != NULL && left->object == right->object);
    return 1;
}

/// Pushes the metatable of a type, which is made when it is wanted first.
static void push_metatable(lua_State *L, const char *type) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_OBJECTS]);
    if (lua_getfield(L, -1, type) == LUA_TNIL) {
        static const luaL_Reg metamethods[] = {
            {"__index", index_object}, {"__len", length_of_object}, {"__tostring", text_of_object},
            {"__gc", close_object},    {"__close", close_object},   {"__eq", are_equal},
            {NULL, NULL}};
        lua_pop(L, 1);
        lua_newtable(L);
        int table = lua_gettop(L);
        for (const luaL_Reg *m = metamethods; m->name != NULL; m++) {
            lua_pushvalue(L, table);
            lua_pushcclosure(L, m->func, 1);
            lua_setfield(L, table, m->name);
        }
        lua_pushstring(L, type);
        lua_setfield(L, table, "__name");
        lua_pushboolean(L, 0);
        lua_setfield(L, table, "__metatable");
        lua_newtable(L);
        lua_setfield(L, table, "methods");
        lua_pushboolean(L, 1);
        lua_rawsetp(L, table, &tide_keys[TIDE_KEY_OBJECTS]);
        lua_pushvalue(L, table);
        lua_setfield(L, table - 1, type);
    }
    lua_remove(L, -2);
}

void tide_push_object(lua_State *L, const void *object) {
    tide_state *S = tide_state_of(L);
    if (S->objects.type == NULL) {
        luaL_error(L, "this state takes no objects");
    }
    handle *h = lua_newuserdatauv(L, sizeof *h, 0);
    *h = (handle){0};
    push_metatable(L, S->objects.type(object));
    lua_setmetatable(L, -2);
    S->objects.retain(object);
    h->object = object;
    if (!charge(L, h)) {
        drop(L, h);
        raise_no_memory(L);
    }
}

void tide_define_method(lua_State *L, const char *type, const char *name, int32_t function) {
    push_metatable(L, type);
    const char *full = lua_pushfstring(L, "%s.%s", type, name);
    bool property = *name == '\0';
    if (!property) {
        lua_getfield(L, -2, "methods");
    }
    tide_push_function(L, function, property ? type : full, false);
    lua_setfield(L, property ? -3 : -2, property ? "property" : name);
}

void tide_open_objects(lua_State *L) {
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tide_keys[TIDE_KEY_OBJECTS]);
}

// Objects in encodings

static bool add(tide_object_list *list, const void *object) {
    if (list->count == list->capacity) {
        size_t capacity = list->count == 0 ? 8 : list->count * 2;
        const void **objects = realloc(list->objects, capacity * sizeof *objects);
        if (objects == NULL) {
            return false;
        }
        list->objects = objects;
        list->capacity = capacity;
    }
    list->objects[list->count++] = object;
    return true;
}

static bool refuse_memory(tide_state *S) {
    tide_set_refusal(S, "not enough memory for the value");
    return false;
}

/// What the outputs of a value hold counts as their bytes: the script need not have it any more.
static bool hold(tide_state *S, const void *object) {
    size_t bytes = S->objects.footprint(object), before = S->held_bytes - S->first_held_byte;
    if (bytes > S->output_limit || before > S->output_limit - bytes) {
        return tide_refuse_bytes(S);
    }
    size_t *sizes = realloc(S->held_sizes, (S->held.count + 1) * sizeof *sizes);
    if (sizes == NULL) {
        return refuse_memory(S);
    }
    S->held_sizes = sizes;
    if (!add(&S->held, object)) {
        return refuse_memory(S);
    }
    sizes[S->held.count - 1] = bytes;
    S->held_bytes += bytes;
    S->objects.retain(object);
    return true;
}

bool tide_pass_object(tide_state *S, const void *object, const tide_buffer *out) {
    if (out == &S->output) {
        return hold(S, object);
    }
    if (out != &S->arguments) {
        tide_set_refusal(S, "an object can't go there");
        return false;
    }
    return add(&S->passed, object) || refuse_memory(S);
}

void tide_drop_objects(tide_state *S, size_t count) {
    while (S->held.count > count) {
        S->held.count -= 1;
        S->held_bytes -= S->held_sizes[S->held.count];
        S->objects.release(S->held.objects[S->held.count]);
    }
}
