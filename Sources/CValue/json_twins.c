#include "json_read.h"
#include <stdlib.h>

// Keys that come twice in one object: rare, so the reader only looks closer when two keys might be equal.
// Sorting keeps a hostile object of a million keys at n log n.

typedef struct entry {
    const uint8_t *at;  // the key's u32 count
    size_t size;        // of the whole entry
    bool doomed;
} entry;

static int compare_keys(const entry *one, const entry *other) {
    uint32_t a = load_u32(one->at), b = load_u32(other->at);
    if (a != b) {
        return a < b ? -1 : 1;
    }
    return memcmp(one->at + 4, other->at + 4, a);
}

/// Orders by key, and equal keys by place.
static int compare(const void *left, const void *right) {
    const entry *one = *(entry *const *)left, *other = *(entry *const *)right;
    int order = compare_keys(one, other);
    return order != 0 ? order : (one->at < other->at ? -1 : 1);
}

bool tide_drop_twins(tide_buffer *out, size_t start, uint32_t *count) {
    size_t total = *count;
    entry *entries = calloc(total, sizeof *entries);
    entry **sorted = calloc(total, sizeof *sorted);
    if (entries == NULL || sorted == NULL) {
        free(entries);
        free(sorted);
        return false;
    }
    uint8_t *at = out->bytes + start + 9;
    const uint8_t *end = out->bytes + out->count;
    for (size_t i = 0; i < total; i++) {
        size_t key = 4 + (size_t)load_u32(at);
        size_t size = key + tide_value_size(at + key, (size_t)(end - at) - key);
        entries[i] = (entry){.at = at, .size = size};
        sorted[i] = &entries[i];
        at += size;
    }
    qsort(sorted, total, sizeof *sorted, compare);
    for (size_t i = 1; i < total; i++) {
        sorted[i - 1]->doomed = compare_keys(sorted[i - 1], sorted[i]) == 0;
    }
    uint8_t *to = out->bytes + start + 9;
    for (size_t i = 0; i < total; i++) {
        if (entries[i].doomed) {
            *count -= 1;
            continue;
        }
        memmove(to, entries[i].at, entries[i].size);
        to += entries[i].size;
    }
    out->count = (size_t)(to - out->bytes);
    free(entries);
    free(sorted);
    return true;
}
