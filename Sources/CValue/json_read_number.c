#include "json_read.h"
#include <locale.h>
#include <math.h>
#include <stdlib.h>

static bool is_digit(const reader *r, const uint8_t *at) {
    return at < r->end && *at >= '0' && *at <= '9';
}

static bool put_word(reader *r, uint8_t tag, const void *eight_bytes) {
    if (!has_room(r->out, 9)) {
        return tide_read_fail(r, "out of memory");
    }
    uint8_t *to = r->out->bytes + r->out->count;
    to[0] = tag;
    memcpy(to + 1, eight_bytes, 8);
    r->out->count += 9;
    return true;
}

/// The C library's correctly rounded reading. It wants a terminated text and the thread's decimal point.
static bool read_slowly(reader *r, const uint8_t *text, size_t count, double *value) {
    char local[64];
    char *copy = count + 8 <= sizeof local ? local : malloc(count + 8);
    if (copy == NULL) {
        return tide_read_fail(r, "out of memory");
    }
    memcpy(copy, text, count);
    copy[count] = 0;
    char *end = NULL;
    *value = strtod(copy, &end);
    char *point = memchr(copy, '.', count);
    if (end != copy + count && point != NULL) {
        const char *own = localeconv()->decimal_point;
        size_t length = strlen(own);
        if (length > 0 && length < 8) {
            memmove(point + length, point + 1, count - (size_t)(point - copy));
            memcpy(point, own, length);
            *value = strtod(copy, NULL);
        }
    }
    if (copy != local) {
        free(copy);
    }
    return true;
}

bool tide_read_number(reader *r) {
    const uint8_t *start = r->at, *at = start;
    bool negative = at < r->end && *at == '-';
    at += negative;
    if (!is_digit(r, at)) {
        return tide_read_fail(r, "not a JSON value");
    }
    // Up to 19 digits fit 64 bits; beyond that only the slow way is exact.
    uint64_t digits = 0;
    const uint8_t *first = at;
    for (; is_digit(r, at); at++) {
        digits = digits * 10 + (uint64_t)(*at - '0');
    }
    size_t whole = (size_t)(at - first);
    if (*first == '0' && whole > 1) {
        return tide_read_fail(r, "a number must not begin with a zero");
    }
    size_t decimals = 0;
    bool integer = true;
    if (at < r->end && *at == '.') {
        integer = false;
        const uint8_t *point = at++;
        for (; is_digit(r, at); at++) {
            digits = digits * 10 + (uint64_t)(*at - '0');
        }
        decimals = (size_t)(at - point) - 1;
        if (decimals == 0) {
            r->at = at;
            return tide_read_fail(r, "a digit must follow the decimal point");
        }
    }
    bool exponent = at < r->end && (*at | 0x20) == 'e';
    if (exponent) {
        integer = false;
        at += 1;
        at += at < r->end && (*at == '+' || *at == '-');
        if (!is_digit(r, at)) {
            r->at = at;
            return tide_read_fail(r, "a number's exponent needs a digit");
        }
        while (is_digit(r, at)) {
            at += 1;
        }
    }
    r->at = at;
    if (integer && whole <= 19 && digits <= (uint64_t)INT64_MAX + negative) {
        int64_t value = (int64_t)(negative ? 0 - digits : digits);
        return put_word(r, TIDE_INTEGER, &value);
    }
    // Both the digits and the power of ten are exact doubles here, so the quotient is correctly rounded.
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                    1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
    double value = 0;
    if (!exponent && whole + decimals <= 18 && digits <= (uint64_t)1 << 53) {
        value = (double)digits / powers[decimals];
        value = negative ? -value : value;
    } else if (!read_slowly(r, start, (size_t)(at - start), &value)) {
        return false;
    }
    if (!isfinite(value)) {
        return tide_read_fail(r, "a number out of range");
    }
    return put_word(r, TIDE_NUMBER, &value);
}
