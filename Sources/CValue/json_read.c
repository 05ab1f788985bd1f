#include "json_read.h"
#include "plain.h"

bool tide_read_fail(reader *r, const char *reason) {
    if (r->reason == NULL) {
        r->reason = reason;
    }
    return false;
}

static void skip_space(reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) {
        r->at += 1;
    }
}

static bool read_word(reader *r, const char *word, size_t count, uint8_t tag) {
    if ((size_t)(r->end - r->at) < count || memcmp(r->at, word, count) != 0) {
        return tide_read_fail(r, "not a JSON value");
    }
    r->at += count;
    return tide_buffer_append(r->out, &tag, 1) || tide_read_fail(r, "out of memory");
}

static bool read_value(reader *r, int depth);

/// Which of 256 classes a key falls in: two keys in different classes differ.
static unsigned key_class(const uint8_t *key, size_t count) {
    uint64_t mix = count;
    if (count >= 8) {
        mix ^= load_u64(key) ^ load_u64(key + count - 8) << 1;
    } else if (count >= 4) {
        mix ^= load_u32(key) ^ (uint64_t)load_u32(key + count - 4) << 32;
    } else if (count > 0) {
        mix ^= (uint64_t)key[0] << 8 | (uint64_t)key[count / 2] << 16 | (uint64_t)key[count - 1] << 24;
    }
    return (unsigned)(mix * 0x9E3779B97F4A7C15u >> 56);
}

static bool read_entry(reader *r, int depth, uint64_t seen[4], bool *twins) {
    if (r->at >= r->end || *r->at != '"') {
        return tide_read_fail(r, "an object's key must be a string");
    }
    size_t key = r->out->count;
    if (!tide_read_string_bytes(r)) {
        return false;
    }
    unsigned class = key_class(r->out->bytes + key + 4, r->out->count - key - 4);
    *twins = *twins || (seen[class >> 6] >> (class & 63) & 1) != 0;
    seen[class >> 6] |= (uint64_t)1 << (class & 63);
    skip_space(r);
    if (r->at >= r->end || *r->at != ':') {
        return tide_read_fail(r, "a colon must follow an object's key");
    }
    r->at += 1;
    skip_space(r);
    return read_value(r, depth + 1);
}

static bool read_container(reader *r, uint8_t tag, int depth) {
    if (depth >= TIDE_MAX_DEPTH) {
        return tide_read_fail(r, "nesting deeper than 64");
    }
    if (!has_room(r->out, 9)) {
        return tide_read_fail(r, "out of memory");
    }
    size_t start = r->out->count;
    r->out->bytes[start] = tag;
    r->out->count += 9;
    r->at += 1;
    uint8_t close = tag == TIDE_TABLE ? '}' : ']';
    uint64_t seen[4] = {0};
    bool twins = false;
    uint32_t count = 0;
    skip_space(r);
    if (r->at < r->end && *r->at == close) {
        r->at += 1;
    } else {
        for (;;) {
            skip_space(r);
            if (!(tag == TIDE_TABLE ? read_entry(r, depth, seen, &twins) : read_value(r, depth + 1))) {
                return false;
            }
            count += 1;
            skip_space(r);
            if (r->at >= r->end) {
                return tide_read_fail(r, "the text ends inside an array or an object");
            }
            uint8_t next = *r->at;
            if (next != ',' && next != close) {
                return tide_read_fail(r, "a comma or the closing bracket must follow");
            }
            r->at += 1;
            if (next == close) {
                break;
            }
        }
    }
    if (twins && !tide_drop_twins(r->out, start, &count)) {
        return tide_read_fail(r, "out of memory");
    }
    size_t size = r->out->count - start - 5;
    if (size > UINT32_MAX) {
        return tide_read_fail(r, "larger than 4 GiB");
    }
    store_u32(r->out->bytes + start + 1, (uint32_t)size);
    store_u32(r->out->bytes + start + 5, count);
    return true;
}

static bool read_value(reader *r, int depth) {
    if (r->at >= r->end) {
        return tide_read_fail(r, "the text ends where a value must be");
    }
    switch (*r->at) {
    case '{':
        return read_container(r, TIDE_TABLE, depth);
    case '[':
        return read_container(r, TIDE_ARRAY, depth);
    case '"':
        if (!has_room(r->out, 1)) {
            return tide_read_fail(r, "out of memory");
        }
        r->out->bytes[r->out->count++] = TIDE_STRING;
        return tide_read_string_bytes(r);
    case 't':
        return read_word(r, "true", 4, TIDE_TRUE);
    case 'f':
        return read_word(r, "false", 5, TIDE_FALSE);
    case 'n':
        return read_word(r, "null", 4, TIDE_NULL);
    default:
        return tide_read_number(r);
    }
}

bool tide_json_read(const uint8_t *text, size_t count, tide_buffer *out, tide_json_error *error) {
    reader r = {.at = text, .end = text + count, .out = out, .reason = NULL};
    size_t before = out->count;
    skip_space(&r);
    bool whole = read_value(&r, 0);
    if (whole) {
        skip_space(&r);
        whole = r.at == r.end || tide_read_fail(&r, "something follows the value");
    }
    *error = (tide_json_error){.reason = r.reason, .offset = (size_t)(r.at - text)};
    if (!whole) {
        out->count = before;
    }
    return whole;
}
