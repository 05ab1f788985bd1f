// What the reader's files share.
#ifndef TIDEMILL_CVALUE_JSON_READ_H
#define TIDEMILL_CVALUE_JSON_READ_H

#include "internal.h"

#pragma clang assume_nonnull begin

typedef struct reader {
    const uint8_t *at;
    const uint8_t *end;
    tide_buffer *out;
    const char *_Nullable reason;
} reader;

/// Notes the first reason and returns false.
bool tide_read_fail(reader *r, const char *reason);

/// Reads the string whose opening quote is at `r->at` and appends `u32 count, bytes`.
bool tide_read_string_bytes(reader *r);

/// Reads a number and appends its encoding; anything else at `r->at` is an error.
bool tide_read_number(reader *r);

/// Removes each entry of the table at `start` whose key comes again later. False when memory is out.
bool tide_drop_twins(tide_buffer *out, size_t start, uint32_t *count);

#pragma clang assume_nonnull end

#endif
