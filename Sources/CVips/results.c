// What a call gave.
#include "call.h"
#include <stdlib.h>
#include <string.h>

#pragma clang assume_nonnull begin

const char *tide_call_error(tide_call *call) {
    return call->error == NULL ? "" : call->error;
}

tide_image_header tide_call_refused(tide_call *call) {
    return call->refused;
}

tide_image *_Nullable tide_call_take_image(tide_call *call) {
    tide_image *image = call->image;
    call->image = NULL;
    return image;
}

double tide_call_number(tide_call *call, const char *name) {
    void *class;
    memcpy(&class, call->built, sizeof class);
    g_param *param = vips.g_object_class_find_property(class, name);
    if (param == NULL) {
        return 0;
    }
    g_value value = {0};
    vips.g_value_init(&value, param->value_type);
    vips.g_object_get_property(call->built, name, &value);
    double number = 0;
    switch (param->value_type) {
    case G_DOUBLE: number = vips.g_value_get_double(&value); break;
    case G_INT: number = vips.g_value_get_int(&value); break;
    case G_BOOLEAN: number = vips.g_value_get_boolean(&value); break;
    default: break;
    }
    vips.g_value_unset(&value);
    return number;
}

void *_Nullable tide_call_take_bytes(tide_call *call, const char *name, size_t *size) {
    g_value value = {0};
    vips.g_value_init(&value, vips.vips_blob_get_type());
    vips.g_object_get_property(call->built, name, &value);
    const void *bytes = vips.vips_value_get_blob(&value, size);
    void *copy = bytes == NULL ? NULL : malloc(*size == 0 ? 1 : *size);
    if (copy != NULL) {
        memcpy(copy, bytes, *size);
    }
    vips.g_value_unset(&value);
    return copy;
}

#pragma clang assume_nonnull end
