#include "state.h"
#include <stdlib.h>

void tide_drop_outputs(tide_state *S) {
    S->output.count = S->output_start;
    S->report.output_count = S->first_output;
    tide_drop_objects(S, S->first_held);
}

void tide_begin_value(tide_state *S) {
    S->output_start = S->output.count;
    S->first_output = S->report.output_count;
    S->first_held = S->held.count;
    S->first_held_byte = S->held_bytes;
    S->explained = false;
    S->over_limit = TIDE_FAILURE_RUNTIME;
}

size_t tide_output_end(const tide_state *S) {
    return S->output_limit < SIZE_MAX - S->output_start ? S->output_start + S->output_limit : SIZE_MAX;
}

bool tide_refuse_bytes(tide_state *S) {
    tide_set_refusal(S, "the outputs of one value are over their limit of bytes");
    S->over_limit = TIDE_FAILURE_OUTPUT_BYTES;
    return false;
}

static tide_output *_Nullable next_output(tide_state *S) {
    size_t count = S->report.output_count;
    if (__builtin_expect(count - S->first_output >= S->emission_limit, 0)) {
        tide_set_refusal(S, "the outputs of one value are over their limit");
        S->over_limit = TIDE_FAILURE_EMISSIONS;
        return NULL;
    }
    if (__builtin_expect(count == S->output_capacity, 0)) {
        size_t capacity = count == 0 ? 8 : count * 2;
        tide_output *outputs = realloc(S->outputs, capacity * sizeof *outputs);
        if (outputs == NULL) {
            tide_set_refusal(S, "not enough memory for the outputs");
            return NULL;
        }
        S->outputs = outputs;
        S->output_capacity = capacity;
    }
    tide_output *output = &S->outputs[count];
    output->key_offset = SIZE_MAX;
    output->metadata_offset = SIZE_MAX;
    output->first_object = (uint32_t)S->held.count;
    output->object_count = 0;
    return output;
}

static bool put_line(tide_state *S, lua_State *L, int index, tide_output *output, size_t limit) {
    tide_buffer *out = &S->output;
    size_t start = out->count;
    if (!tide_encode_json(S, L, index, out, limit)) {
        return false;
    }
    if (!tide_buffer_append(out, "\n", 1)) {
        out->count = start;
        tide_set_refusal(S, "not enough memory for the outputs");
        return false;
    }
    output->tag = TIDE_JSON;
    output->offset = start;
    output->count = out->count - start;
    return true;
}

static bool put_bytes(tide_state *S, lua_State *L, int index, tide_output *output, size_t limit) {
    size_t count = 0;
    const char *bytes = lua_tolstring(L, index, &count);
    tide_buffer *out = &S->output;
    if (count > limit || out->count > limit - count) {
        return tide_refuse_bytes(S);
    }
    output->tag = TIDE_STRING;
    output->offset = out->count;
    output->count = count;
    if (!tide_buffer_append(out, bytes, count)) {
        tide_set_refusal(S, "not enough memory for the outputs");
        return false;
    }
    return true;
}

static bool put_flat(tide_state *S, lua_State *L, int index, tide_output *output, size_t limit) {
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        return put_bytes(S, L, index, output, limit);
    case LUA_TBOOLEAN:
        output->tag = lua_toboolean(L, index) ? TIDE_TRUE : TIDE_FALSE;
        return true;
    case LUA_TNUMBER:
        output->tag = lua_isinteger(L, index) ? TIDE_INTEGER : TIDE_NUMBER;
        output->integer = lua_tointeger(L, index);
        output->number = lua_tonumber(L, index);
        return true;
    default:
        output->offset = S->output.count;
        if (!tide_encode_flat(S, L, index, &S->output, limit)) {
            return false;
        }
        output->count = S->output.count - output->offset;
        output->tag = S->output.bytes[output->offset];
        output->object_count = (uint32_t)(S->held.count - output->first_object);
        return true;
    }
}

bool tide_put_output(tide_state *S, lua_State *L, int index, int32_t port) {
    tide_output *output = next_output(S);
    if (output == NULL) {
        return false;
    }
    size_t limit = tide_output_end(S);
    output->port = port;
    bool line = S->ports[port].format == TIDE_FORMAT_JSON_LINE;
    if (!(line ? put_line : put_flat)(S, L, index, output, limit)) {
        return false;
    }
    S->report.output_count += 1;
    return true;
}
