#include "internal.h"
#include <stdlib.h>

bool tide_buffer_reserve(tide_buffer *buffer, size_t extra) {
    if (buffer->capacity - buffer->count >= extra) {
        return true;
    }
    if (extra > SIZE_MAX / 2 - buffer->count) {
        buffer->failed = true;
        return false;
    }
    size_t needed = buffer->count + extra;
    size_t capacity = buffer->capacity < SIZE_MAX / 4 ? buffer->capacity * 2 : needed;
    if (capacity < needed) {
        capacity = needed < 64 ? 64 : needed;
    }
    uint8_t *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

bool tide_buffer_append(tide_buffer *buffer, const void *bytes, size_t count) {
    if (!has_room(buffer, count)) {
        return false;
    }
    if (count > 0) {
        memcpy(buffer->bytes + buffer->count, bytes, count);
        buffer->count += count;
    }
    return true;
}

void tide_buffer_free(tide_buffer *buffer) {
    free(buffer->bytes);
    *buffer = (tide_buffer){0};
}
