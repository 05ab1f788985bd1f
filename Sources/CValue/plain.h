// Which bytes of a string JSON writes as they are: printable ASCII but for the quote and the backslash.
// Sixteen at a time where SSE2 is there; never reads a byte outside the string.
#ifndef TIDEMILL_CVALUE_PLAIN_H
#define TIDEMILL_CVALUE_PLAIN_H

#include "internal.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#pragma clang assume_nonnull begin

static inline bool is_plain(uint8_t byte) {
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

#if defined(__SSE2__)
/// A bit for each of the 16 bytes that is not plain.
static inline unsigned special_mask(__m128i block) {
    // As signed bytes, 0x80 and above are negative: one comparison finds them and the control characters.
    __m128i low = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
    __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, slash)));
}
#endif

/// Copies the plain bytes that `from` begins with to `to`, which has room for `count`, and says how many.
static inline size_t copy_plain(uint8_t *to, const uint8_t *from, size_t count) {
    size_t done = 0;
#if defined(__SSE2__)
    while (count - done >= 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(from + done));
        unsigned special = special_mask(block);
        _mm_storeu_si128((__m128i *)(void *)(to + done), block);
        if (special != 0) {
            return done + (size_t)__builtin_ctz(special);
        }
        done += 16;
    }
    // The rest as two overlapping halves in one register: short strings are most of them.
    size_t rest = count - done;
    const uint8_t *tail = from + done;
    uint8_t *target = to + done;
    if (rest >= 8) {
        uint64_t head = load_u64(tail), last = load_u64(tail + rest - 8);
        if (special_mask(_mm_set_epi64x((long long)last, (long long)head)) == 0) {
            memcpy(target, &head, 8);
            memcpy(target + rest - 8, &last, 8);
            return count;
        }
    } else if (rest >= 4) {
        uint32_t head = load_u32(tail), last = load_u32(tail + rest - 4);
        uint64_t both = (uint64_t)last << 32 | head;
        if ((special_mask(_mm_cvtsi64_si128((long long)both)) & 0xFF) == 0) {
            memcpy(target, &head, 4);
            memcpy(target + rest - 4, &last, 4);
            return count;
        }
    }
#endif
    while (done < count && is_plain(from[done])) {
        to[done] = from[done];
        done += 1;
    }
    return done;
}

#pragma clang assume_nonnull end

#endif
