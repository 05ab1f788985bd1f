// What a call is given before it runs.
#include "call.h"
#include <stdlib.h>
#include <string.h>

#pragma clang assume_nonnull begin

/// Memory that the system refuses ends the process, as it does in Swift.
static void *checked(void *_Nullable memory) {
    if (memory == NULL) {
        abort();
    }
    return memory;
}

tide_call *tide_call_new(const char *operation) {
    tide_call *call = checked(calloc(1, sizeof *call));
    call->operation = checked(strdup(operation));
    return call;
}

static void free_property(tide_property *p) {
    for (size_t i = 0; p->images != NULL && i < p->count; i++) {
        vips.g_object_unref(p->images[i]);
    }
    free(p->images);
    free(p->name);
    free(p->text);
    free(p->numbers);
    free(p);
}

void tide_call_free(tide_call *call) {
    if (call->image != NULL) {
        vips.g_object_unref(call->image);
    }
    if (call->built != NULL) {
        vips.vips_object_unref_outputs(call->built);
        vips.g_object_unref(call->built);
    }
    while (call->properties != NULL) {
        tide_property *next = call->properties->next;
        free_property(call->properties);
        call->properties = next;
    }
    free(call->operation);
    free(call->wanted);
    free(call->error);
    free(call);
}

/// Properties are set in the order in which they were given: some operations look at one when another is set.
static tide_property *add(tide_call *call, const char *name, tide_kind kind) {
    tide_property *property = checked(calloc(1, sizeof *property));
    property->name = checked(strdup(name));
    property->kind = kind;
    tide_property *_Nullable *end = &call->properties;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = property;
    return property;
}

void tide_call_set_integer(tide_call *call, const char *name, int64_t value) {
    add(call, name, KIND_INTEGER)->integer = value;
}

void tide_call_set_number(tide_call *call, const char *name, double value) {
    add(call, name, KIND_NUMBER)->number = value;
}

void tide_call_set_boolean(tide_call *call, const char *name, bool value) {
    add(call, name, KIND_BOOLEAN)->integer = value;
}

void tide_call_set_text(tide_call *call, const char *name, const char *value) {
    add(call, name, KIND_TEXT)->text = checked(strdup(value));
}

void tide_call_set_numbers(tide_call *call, const char *name, const double *values, size_t count) {
    tide_property *property = add(call, name, KIND_NUMBERS);
    property->numbers = checked(calloc(count + 1, sizeof *values));
    memcpy(property->numbers, values, count * sizeof *values);
    property->count = count;
}

void tide_call_set_bytes(tide_call *call, const char *name, const void *bytes, size_t size) {
    tide_property *property = add(call, name, KIND_BYTES);
    property->bytes = bytes;
    property->count = size;
}

static void append(tide_property *property, tide_image *image) {
    property->images = checked(realloc(property->images, (property->count + 1) * sizeof *property->images));
    property->images[property->count] = vips.g_object_ref(image);
    property->count += 1;
}

void tide_call_set_image(tide_call *call, const char *name, tide_image *image) {
    append(add(call, name, KIND_IMAGE), image);
}

void tide_call_add_image(tide_call *call, const char *name, tide_image *image) {
    tide_property *property = call->properties;
    while (property != NULL && (property->kind != KIND_IMAGES || strcmp(property->name, name) != 0)) {
        property = property->next;
    }
    append(property != NULL ? property : add(call, name, KIND_IMAGES), image);
}

static void want(tide_call *call, const char *name, bool header_only) {
    free(call->wanted);
    call->wanted = checked(strdup(name));
    call->header_only = header_only;
}

void tide_call_want(tide_call *call, const char *name) {
    want(call, name, false);
}

void tide_call_want_header(tide_call *call, const char *name) {
    want(call, name, true);
}

#pragma clang assume_nonnull end
