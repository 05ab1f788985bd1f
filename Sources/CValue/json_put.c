// The texts of single values: strings, integers, numbers.
#include "plain.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/// Writes the byte or UTF-8 sequence at `from`, which is not plain, and says how many bytes it took. `to` has
/// room for 6 bytes.
static size_t put_special(uint8_t **to, const uint8_t *from, size_t left) {
    static const char short_forms[0x20] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char digits[] = "0123456789abcdef";
    uint8_t *o = *to;
    uint8_t byte = *from;
    size_t taken = 1;
    if (byte >= 0x80) {
        size_t length = utf8_length(from, left);
        if (length > 0) {
            memcpy(o, from, length);
            o += length;
            taken = length;
        } else {
            memcpy(o, "\xEF\xBF\xBD", 3);
            o += 3;
        }
    } else if (byte >= 0x20) {
        *o++ = '\\';
        *o++ = byte;
    } else if (short_forms[byte] != 0) {
        *o++ = '\\';
        *o++ = (uint8_t)short_forms[byte];
    } else {
        memcpy(o, "\\u00", 4);
        o[4] = (uint8_t)digits[byte >> 4];
        o[5] = (uint8_t)digits[byte & 15];
        o += 6;
    }
    *to = o;
    return taken;
}

bool tide_json_put_string(tide_buffer *out, const uint8_t *bytes, size_t count) {
    // The room left is always what the rest needs if it is plain, one escape and the closing quote.
    enum { SPARE = 8 };
    if (count > SIZE_MAX / 2 || !has_room(out, count + SPARE)) {
        return false;
    }
    size_t before = out->count;
    uint8_t *to = out->bytes + out->count;
    *to++ = '"';
    const uint8_t *from = bytes, *end = bytes + count;
    while (from < end) {
        size_t plain = copy_plain(to, from, (size_t)(end - from));
        to += plain;
        from += plain;
        while (from < end && !is_plain(*from)) {
            from += put_special(&to, from, (size_t)(end - from));
            out->count = (size_t)(to - out->bytes);
            if (!has_room(out, (size_t)(end - from) + SPARE)) {
                out->count = before;
                return false;
            }
            to = out->bytes + out->count;
        }
    }
    *to++ = '"';
    out->count = (size_t)(to - out->bytes);
    return true;
}

/// Writes a string of plain bytes; NULL, with some bytes written in vain, when it has others.
static inline uint8_t *_Nullable put_plain(uint8_t *to, const uint8_t *bytes, size_t count) {
    *to++ = '"';
    if (copy_plain(to, bytes, count) < count) {
        return NULL;
    }
    to += count;
    *to++ = '"';
    return to;
}

static bool put_byte(tide_buffer *out, uint8_t byte) {
    return tide_buffer_append(out, &byte, 1);
}

bool tide_json_put_key(tide_buffer *out, uint8_t before, const uint8_t *key, size_t key_count) {
    if (key_count >= SIZE_MAX / 2 || !has_room(out, key_count + 4)) {
        return false;
    }
    uint8_t *to = out->bytes + out->count;
    *to++ = before;
    uint8_t *end = put_plain(to, key, key_count);
    if (__builtin_expect(end == NULL, 0)) {
        return put_byte(out, before) && tide_json_put_string(out, key, key_count) && put_byte(out, ':');
    }
    *end++ = ':';
    out->count = (size_t)(end - out->bytes);
    return true;
}

bool tide_json_put_string_entry(tide_buffer *out, uint8_t before, const uint8_t *key, size_t key_count,
                                const uint8_t *bytes, size_t count) {
    bool sane = key_count < SIZE_MAX / 4 && count < SIZE_MAX / 4;
    if (!sane || !has_room(out, key_count + count + 6)) {
        return false;
    }
    uint8_t *to = out->bytes + out->count;
    *to++ = before;
    to = put_plain(to, key, key_count);
    if (__builtin_expect(to != NULL, 1)) {
        *to++ = ':';
        uint8_t *end = put_plain(to, bytes, count);
        if (__builtin_expect(end != NULL, 1)) {
            out->count = (size_t)(end - out->bytes);
            return true;
        }
    }
    return tide_json_put_key(out, before, key, key_count) && tide_json_put_string(out, bytes, count);
}

static const char digit_pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354"
    "5556575859606162636465666768697071727374757677787980818283848586878889909192939495969798"
    "99";

/// Writes the digits of `value` so that they end before `end`; the first one's place.
static uint8_t *digits_before(uint8_t *end, uint64_t value) {
    while (value >= 100) {
        end -= 2;
        memcpy(end, digit_pairs + value % 100 * 2, 2);
        value /= 100;
    }
    if (value >= 10) {
        end -= 2;
        memcpy(end, digit_pairs + value * 2, 2);
    } else {
        *--end = (uint8_t)('0' + value);
    }
    return end;
}

bool tide_json_put_integer(tide_buffer *out, int64_t value) {
    uint8_t text[24];
    uint8_t *end = text + sizeof text;
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint8_t *start = digits_before(end, size);
    if (value < 0) {
        *--start = '-';
    }
    return tide_buffer_append(out, start, (size_t)(end - start));
}

/// `-123.45` from 12345 and 2 decimals.
static bool put_decimal(tide_buffer *out, bool negative, uint64_t digits, int decimals) {
    uint8_t text[48];
    uint8_t *end = text + sizeof text;
    uint8_t *start = digits_before(end, digits);
    while (end - start <= decimals) {
        *--start = '0';
    }
    size_t whole = (size_t)(end - start) - (size_t)decimals;
    memmove(start - 1, start, whole);
    start -= 1;
    start[whole] = '.';
    if (negative) {
        *--start = '-';
    }
    return tide_buffer_append(out, start, (size_t)(end - start));
}

/// The shortest of 15, 16 and 17 digits that reads back as `value`. The C library's formatting follows the
/// thread's locale, so a decimal comma is possible and undone.
static bool put_formatted(tide_buffer *out, double value) {
    char text[40];
    int length = 0;
    for (int digits = 15; digits <= 17; digits++) {
        length = snprintf(text, sizeof text, "%.*g", digits, value);
        if (length <= 0 || length >= (int)sizeof text) {
            return false;
        }
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    bool marked = false;
    int kept = 0;
    for (int i = 0; i < length; i++) {
        char c = text[i];
        bool known = (c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'e';
        if (known || !marked) {
            text[kept++] = known ? c : '.';
        }
        marked = marked || !known || c == 'e';
    }
    return tide_buffer_append(out, text, (size_t)kept) && (marked || tide_buffer_append(out, ".0", 2));
}

bool tide_json_put_number(tide_buffer *out, double value) {
    bool negative = signbit(value) != 0;
    double size = fabs(value);
    if (size < 1e15 && size == (double)(uint64_t)size) {
        return put_decimal(out, negative, (uint64_t)size * 10, 1);
    }
    // A quotient of two exact doubles is correctly rounded, so when it gives `value` back, so does reading the
    // decimal text; the first number of decimals that does is the shortest.
    static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
    for (int decimals = 1; decimals <= 8 && size >= 1e-3; decimals++) {
        double scaled = size * powers[decimals];
        if (scaled >= 1e15) {
            break;
        }
        uint64_t digits = (uint64_t)(scaled + 0.5);
        if ((double)digits / powers[decimals] == size) {
            return put_decimal(out, negative, digits, decimals);
        }
    }
    return put_formatted(out, value);
}
