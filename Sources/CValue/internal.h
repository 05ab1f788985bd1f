// What the files of this target share: unaligned little-endian access and the buffer's fast path.
#ifndef TIDEMILL_CVALUE_INTERNAL_H
#define TIDEMILL_CVALUE_INTERNAL_H

#include "CValue.h"
#include <string.h>

#pragma clang assume_nonnull begin

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the flat encoding is little-endian and this code copies it as it is"
#endif

static inline uint32_t load_u32(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t load_u64(const uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline void store_u32(uint8_t *at, uint32_t value) {
    memcpy(at, &value, sizeof value);
}

static inline bool has_room(tide_buffer *out, size_t extra) {
    return __builtin_expect(out->capacity - out->count >= extra, 1) || tide_buffer_reserve(out, extra);
}

/// The length of the well-formed UTF-8 sequence at `at` (RFC 3629), or 0.
static inline size_t utf8_length(const uint8_t *at, size_t left) {
    uint8_t first = at[0];
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xC2 || first > 0xF4) {
        return 0;
    }
    if (first < 0xE0) {
        return left >= 2 && (at[1] & 0xC0) == 0x80 ? 2 : 0;
    }
    if (first < 0xF0) {
        uint8_t low = first == 0xE0 ? 0xA0 : 0x80, high = first == 0xED ? 0x9F : 0xBF;
        return left >= 3 && at[1] >= low && at[1] <= high && (at[2] & 0xC0) == 0x80 ? 3 : 0;
    }
    uint8_t low = first == 0xF0 ? 0x90 : 0x80, high = first == 0xF4 ? 0x8F : 0xBF;
    bool whole = left >= 4 && at[1] >= low && at[1] <= high;
    return whole && (at[2] & 0xC0) == 0x80 && (at[3] & 0xC0) == 0x80 ? 4 : 0;
}

#pragma clang assume_nonnull end

#endif
