// A call of an operation, inside.
#pragma once
#include "symbols.h"

#pragma clang assume_nonnull begin

typedef enum tide_kind { KIND_INTEGER, KIND_NUMBER, KIND_BOOLEAN, KIND_TEXT, KIND_NUMBERS, KIND_BYTES, KIND_IMAGE,
                         KIND_IMAGES } tide_kind;

typedef struct tide_property {
    struct tide_property *_Nullable next;
    char *name;
    tide_kind kind;
    int64_t integer;
    double number;
    char *_Nullable text;
    double *_Nullable numbers;
    const void *_Nullable bytes;
    tide_image *_Nullable *_Nullable images;
    size_t count;
} tide_property;

struct tide_call {
    char *operation;
    tide_property *_Nullable properties;
    char *_Nullable wanted;
    bool header_only;

    tide_call_limits limits;
    tide_call_asked _Nullable asked;
    void *_Nullable context;
    bool stopped;

    vips_operation *_Nullable built;
    tide_image *_Nullable image;
    char *_Nullable error;
    tide_image_header refused;
};

/// Sets a property of an operation. False, and a text in the error buffer's stead, where it has no such property or
/// the value isn't one of its.
bool tide_property_set(tide_call *call, vips_operation *operation, const tide_property *property);

/// Whether the call was asked to stop; the answer stays.
bool tide_call_poll(tide_call *call);

/// Polls while `image` and what is computed from it is computed.
void tide_call_watch(tide_call *call, tide_image *image);

/// An image that is `image` for this call alone, and watched.
tide_image *_Nullable tide_call_private(tide_call *call, tide_image *image);

void tide_call_fail(tide_call *call, const char *text, const char *_Nullable detail);

#pragma clang assume_nonnull end
