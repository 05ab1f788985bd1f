// The flat encoding of a JSON-like value and its JSON text, in plain C: no Lua, no threads, no global state.
// The engine (TidemillValue) and the Lua wall (CLuaHost) read and write the same bytes, so a value crosses
// from one Lua state to another, or from a file to a script, as one buffer and never as a tree of objects.
//
//   value  := 0x00                                null
//           | 0x01 | 0x02                         false, true
//           | 0x03 i64                            integer
//           | 0x04 f64                            number (a float stays a float: 1.0 is not 1)
//           | 0x05 u32 count, bytes               string (bytes, not necessarily UTF-8)
//           | 0x06 u32 size, u32 count, value*    array;  size = bytes that follow the size field
//           | 0x07 u32 size, u32 count, entry*    table;  entry := u32 count, key bytes, value
//           | 0x08 u32 count, bytes               JSON text of an array or a table (one line, no newline at its end)
//           | 0x09 u64 address                    an object that the bytes' owner keeps alive; readers know which these are
//
// All numbers little-endian and unaligned. Encodings never leave the process; readers still check every bound.
#ifndef TIDEMILL_CVALUE_H
#define TIDEMILL_CVALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

enum {
    TIDE_NULL = 0x00,
    TIDE_FALSE = 0x01,
    TIDE_TRUE = 0x02,
    TIDE_INTEGER = 0x03,
    TIDE_NUMBER = 0x04,
    TIDE_STRING = 0x05,
    TIDE_ARRAY = 0x06,
    TIDE_TABLE = 0x07,
    TIDE_JSON = 0x08,
    TIDE_OBJECT = 0x09,
};

/// A growable block of malloc'ed memory. A failed growth leaves it as it was and sets `failed`.
typedef struct tide_buffer {
    uint8_t *_Nullable bytes;
    size_t count;
    size_t capacity;
    bool failed;
} tide_buffer;

/// Makes room for `extra` more bytes; false when memory is out (then `failed` is set).
bool tide_buffer_reserve(tide_buffer *buffer, size_t extra);
bool tide_buffer_append(tide_buffer *buffer, const void *bytes, size_t count);
void tide_buffer_free(tide_buffer *buffer);

/// Why a text is not JSON, or a value can't be written as JSON; `offset` counts bytes from the text's start.
typedef struct tide_json_error {
    const char *_Nullable reason;  // a static string
    size_t offset;
} tide_json_error;

/// The deepest nesting that any reader or writer here accepts.
#define TIDE_MAX_DEPTH 64

/// Appends the flat encoding of one JSON text (RFC 8259, nothing after it but white space) to `out`.
/// Integers that fit 64 bits stay integers, others become numbers. Of equal keys in one object the last entry
/// stays, at its own place. Text that is not UTF-8, a lone surrogate, a number out of range and nesting deeper
/// than TIDE_MAX_DEPTH are errors. On failure `out->count` is what it was.
bool tide_json_read(const uint8_t *text, size_t count, tide_buffer *out, tide_json_error *error);

/// Appends one encoded value as JSON text to `out`. Bytes that are not UTF-8 become U+FFFD each; a number that
/// is not finite is an error, and so is an object. TIDE_JSON is copied as it is. On failure `out->count` is what it was.
bool tide_json_write(const uint8_t *value, size_t count, tide_buffer *out, tide_json_error *error);

// The writer's parts, for a caller that walks its own values (the Lua wall). False only when memory is out.
bool tide_json_put_string(tide_buffer *out, const uint8_t *bytes, size_t count);
/// `before` ('{' or ','), a key and a colon.
bool tide_json_put_key(tide_buffer *out, uint8_t before, const uint8_t *key, size_t key_count);
/// `before`, a key, a colon and a string: most of a record, so it's one step.
bool tide_json_put_string_entry(tide_buffer *out, uint8_t before, const uint8_t *key, size_t key_count,
                                const uint8_t *bytes, size_t count);
bool tide_json_put_integer(tide_buffer *out, int64_t value);
/// `value` must be finite. The shortest text that reads back as the same number, always with a point or exponent.
bool tide_json_put_number(tide_buffer *out, double value);

/// The size of the encoded value that starts at `value`, or 0 when the bytes are not a whole value. It takes the
/// same time for any value: the items of an array or a table aren't looked at, so their reader checks each.
size_t tide_value_size(const uint8_t *value, size_t count);

#pragma clang assume_nonnull end

#endif
