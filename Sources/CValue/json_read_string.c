#include "json_read.h"
#include "plain.h"

static int hex_digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    uint8_t lower = byte | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Reads the four digits of `\uXXXX` at `r->at`; negative when they aren't there.
static int32_t read_unit(reader *r) {
    if (r->end - r->at < 4) {
        return -1;
    }
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(r->at[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    r->at += 4;
    return unit;
}

static size_t put_utf8(uint8_t *to, uint32_t scalar) {
    if (scalar < 0x80) {
        to[0] = (uint8_t)scalar;
        return 1;
    }
    if (scalar < 0x800) {
        to[0] = (uint8_t)(0xC0 | scalar >> 6);
        to[1] = (uint8_t)(0x80 | (scalar & 0x3F));
        return 2;
    }
    if (scalar < 0x10000) {
        to[0] = (uint8_t)(0xE0 | scalar >> 12);
        to[1] = (uint8_t)(0x80 | (scalar >> 6 & 0x3F));
        to[2] = (uint8_t)(0x80 | (scalar & 0x3F));
        return 3;
    }
    to[0] = (uint8_t)(0xF0 | scalar >> 18);
    to[1] = (uint8_t)(0x80 | (scalar >> 12 & 0x3F));
    to[2] = (uint8_t)(0x80 | (scalar >> 6 & 0x3F));
    to[3] = (uint8_t)(0x80 | (scalar & 0x3F));
    return 4;
}

/// Reads the escape whose backslash is at `r->at`; it never writes more bytes than it reads.
static bool read_escape(reader *r, uint8_t **to) {
    if (r->end - r->at < 2) {
        return tide_read_fail(r, "the text ends inside a string");
    }
    uint8_t kind = r->at[1];
    static const char forms[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    if (kind != 'u') {
        for (size_t i = 0; i + 1 < sizeof forms; i += 2) {
            if (kind == (uint8_t)forms[i]) {
                *(*to)++ = (uint8_t)forms[i + 1];
                r->at += 2;
                return true;
            }
        }
        return tide_read_fail(r, "unknown escape");
    }
    r->at += 2;
    int32_t unit = read_unit(r);
    if (unit < 0) {
        return tide_read_fail(r, "\\u needs four hexadecimal digits");
    }
    uint32_t scalar = (uint32_t)unit;
    if (unit >= 0xDC00 && unit <= 0xDFFF) {
        return tide_read_fail(r, "a low surrogate without a high one");
    }
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        int32_t low = -1;
        if (r->end - r->at >= 2 && r->at[0] == '\\' && r->at[1] == 'u') {
            r->at += 2;
            low = read_unit(r);
        }
        if (low < 0xDC00 || low > 0xDFFF) {
            return tide_read_fail(r, "a high surrogate without a low one");
        }
        scalar = 0x10000 + ((uint32_t)(unit - 0xD800) << 10) + (uint32_t)(low - 0xDC00);
    }
    *to += put_utf8(*to, scalar);
    return true;
}

/// The length of the string that begins at `from`, up to its closing quote; `count` when none closes it.
static size_t raw_length(const uint8_t *from, size_t count) {
    size_t at = 0;
    while (at < count) {
        const uint8_t *quote = memchr(from + at, '"', count - at);
        if (quote == NULL) {
            return count;
        }
        size_t slashes = 0;
        while (quote - slashes > from && quote[-1 - (ptrdiff_t)slashes] == '\\') {
            slashes += 1;
        }
        if (slashes % 2 == 0) {
            return (size_t)(quote - from);
        }
        at = (size_t)(quote - from) + 1;
    }
    return count;
}

bool tide_read_string_bytes(reader *r) {
    r->at += 1;
    // No escape writes more than it reads, so the raw length is room enough.
    size_t raw = raw_length(r->at, (size_t)(r->end - r->at));
    if (raw == (size_t)(r->end - r->at)) {
        return tide_read_fail(r, "the text ends inside a string");
    }
    if (raw > UINT32_MAX) {
        return tide_read_fail(r, "larger than 4 GiB");
    }
    if (!has_room(r->out, raw + 4)) {
        return tide_read_fail(r, "out of memory");
    }
    uint8_t *start = r->out->bytes + r->out->count + 4, *to = start;
    const uint8_t *quote = r->at + raw;
    while (r->at < quote) {
        size_t plain = copy_plain(to, r->at, (size_t)(quote - r->at));
        to += plain;
        r->at += plain;
        if (r->at >= quote) {
            break;
        }
        if (*r->at == '\\') {
            if (!read_escape(r, &to)) {
                return false;
            }
        } else if (*r->at < 0x20) {
            return tide_read_fail(r, "a control character inside a string");
        } else {
            size_t length = utf8_length(r->at, (size_t)(quote - r->at));
            if (length == 0) {
                return tide_read_fail(r, "not UTF-8");
            }
            memcpy(to, r->at, length);
            to += length;
            r->at += length;
        }
    }
    store_u32(start - 4, (uint32_t)(to - start));
    r->out->count = (size_t)(to - r->out->bytes);
    r->at += 1;
    return true;
}
