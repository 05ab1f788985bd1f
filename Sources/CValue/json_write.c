#include "plain.h"
#include <math.h>

typedef struct writer {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    tide_buffer *out;
    const char *_Nullable reason;
} writer;

static bool fail(writer *w, const char *reason) {
    if (w->reason == NULL) {
        w->reason = reason;
    }
    return false;
}

static bool put_byte(writer *w, uint8_t byte) {
    if (!has_room(w->out, 1)) {
        return fail(w, "out of memory");
    }
    w->out->bytes[w->out->count++] = byte;
    return true;
}

/// Takes a `u32 count, bytes` from the encoding.
static const uint8_t *_Nullable take_bytes(writer *w, const uint8_t *limit, size_t *count) {
    if (limit - w->at < 4) {
        fail(w, "damaged encoding");
        return NULL;
    }
    size_t length = load_u32(w->at);
    const uint8_t *bytes = w->at + 4;
    if (length > (size_t)(limit - bytes)) {
        fail(w, "damaged encoding");
        return NULL;
    }
    w->at = bytes + length;
    *count = length;
    return bytes;
}

static bool write_value(writer *w, const uint8_t *limit, int depth);

static bool write_container(writer *w, const uint8_t *value, const uint8_t *limit, int depth) {
    bool table = value[0] == TIDE_TABLE;
    if (depth >= TIDE_MAX_DEPTH) {
        return fail(w, "nesting deeper than 64");
    }
    uint32_t left = load_u32(value + 5);
    w->at = value + 9;
    if (!put_byte(w, table ? '{' : '[')) {
        return false;
    }
    for (bool first = true; left > 0; left--, first = false) {
        if (!first && !put_byte(w, ',')) {
            return false;
        }
        if (table) {
            size_t count = 0;
            const uint8_t *key = take_bytes(w, limit, &count);
            if (key == NULL) {
                return false;
            }
            if (!tide_json_put_string(w->out, key, count)) {
                return fail(w, "out of memory");
            }
            if (!put_byte(w, ':')) {
                return false;
            }
        }
        if (!write_value(w, limit, depth + 1)) {
            return false;
        }
    }
    return w->at == limit ? put_byte(w, table ? '}' : ']') : fail(w, "damaged encoding");
}

static bool write_scalar(writer *w, const uint8_t *value, size_t size) {
    bool stored = false;
    switch (value[0]) {
    case TIDE_NULL:
        stored = tide_buffer_append(w->out, "null", 4);
        break;
    case TIDE_FALSE:
        stored = tide_buffer_append(w->out, "false", 5);
        break;
    case TIDE_TRUE:
        stored = tide_buffer_append(w->out, "true", 4);
        break;
    case TIDE_INTEGER:
        stored = tide_json_put_integer(w->out, (int64_t)load_u64(value + 1));
        break;
    case TIDE_NUMBER: {
        double number;
        memcpy(&number, value + 1, sizeof number);
        if (!isfinite(number)) {
            return fail(w, "a number that is not finite has no JSON text");
        }
        stored = tide_json_put_number(w->out, number);
        break;
    }
    case TIDE_STRING:
        stored = tide_json_put_string(w->out, value + 5, size - 5);
        break;
    case TIDE_JSON:
        stored = tide_buffer_append(w->out, value + 5, size - 5);
        break;
    case TIDE_OBJECT:
        return fail(w, "a blob or an image has no JSON text");
    default:
        return fail(w, "damaged encoding");
    }
    return stored || fail(w, "out of memory");
}

static bool write_value(writer *w, const uint8_t *limit, int depth) {
    const uint8_t *value = w->at;
    size_t size = tide_value_size(value, (size_t)(limit - value));
    if (size == 0) {
        return fail(w, "damaged encoding");
    }
    if (value[0] == TIDE_ARRAY || value[0] == TIDE_TABLE) {
        return write_container(w, value, value + size, depth);
    }
    w->at = value + size;
    return write_scalar(w, value, size);
}

bool tide_json_write(const uint8_t *value, size_t count, tide_buffer *out, tide_json_error *error) {
    writer w = {.start = value, .at = value, .end = value + count, .out = out, .reason = NULL};
    size_t before = out->count;
    bool written = write_value(&w, w.end, 0);
    if (written && w.at != w.end) {
        written = fail(&w, "bytes after the value");
    }
    *error = (tide_json_error){.reason = w.reason, .offset = (size_t)(w.at - w.start)};
    if (!written) {
        out->count = before;
    }
    return written;
}
