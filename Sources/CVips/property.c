// Setting a property of an operation by its declared type.
#include "call.h"
#include <stdio.h>
#include <string.h>

#pragma clang assume_nonnull begin

static double number_of(const tide_property *p) {
    return p->kind == KIND_NUMBER ? p->number : (double)p->integer;
}

static bool set_text(tide_call *call, g_value *value, g_type type, const tide_property *p) {
    if (type == G_STRING) {
        vips.g_value_set_string(value, p->text);
        return true;
    }
    if (vips.g_type_is_a(type, vips.vips_interpolate_get_type())) {
        void *interpolate = vips.vips_interpolate_new(p->text);
        if (interpolate == NULL) {
            return false;
        }
        vips.g_value_set_object(value, interpolate);
        vips.g_object_unref(interpolate);
        return true;
    }
    g_type fundamental = vips.g_type_fundamental(type);
    if (fundamental != G_ENUM && fundamental != G_FLAGS) {
        return false;
    }
    int number = vips.vips_enum_from_nick(call->operation, type, p->text);
    if (number < 0) {
        return false;
    }
    vips.g_value_set_enum(value, number);
    return true;
}

static bool set_numbers(g_value *value, g_type type, const tide_property *p) {
    if (type == vips.vips_array_double_get_type()) {
        vips.vips_value_set_array_double(value, p->numbers, (int)p->count);
        return true;
    }
    if (type != vips.vips_array_int_get_type() || p->count > 1024) {
        return false;
    }
    int integers[1024];
    for (size_t i = 0; i < p->count; i++) {
        integers[i] = (int)p->numbers[i];
    }
    vips.vips_value_set_array_int(value, integers, (int)p->count);
    return true;
}

static bool set_images(tide_call *call, g_value *value, g_type type, const tide_property *p) {
    if (type != vips.vips_array_image_get_type()) {
        return false;
    }
    vips.vips_value_set_array_image(value, (int)p->count);
    tide_image *_Nullable *places = vips.vips_value_get_array_image(value, NULL);
    for (size_t i = 0; places != NULL && i < p->count; i++) {
        places[i] = tide_call_private(call, p->images[i]);
        if (places[i] == NULL) {
            return false;
        }
    }
    return places != NULL;
}

static bool set_image(tide_call *call, g_value *value, g_type type, const tide_property *p) {
    tide_image *image = type == vips.vips_image_get_type() ? tide_call_private(call, p->images[0]) : NULL;
    if (image == NULL) {
        return false;
    }
    vips.g_value_set_object(value, image);
    vips.g_object_unref(image);
    return true;
}

static bool set_scalar(g_value *value, g_type type, const tide_property *p) {
    if (type == G_INT && p->kind == KIND_INTEGER && p->integer >= INT32_MIN && p->integer <= INT32_MAX) {
        vips.g_value_set_int(value, (int)p->integer);
    } else if (type == G_UINT64 && p->kind == KIND_INTEGER && p->integer >= 0) {
        vips.g_value_set_uint64(value, (uint64_t)p->integer);
    } else if (type == G_DOUBLE && p->kind != KIND_BOOLEAN) {
        vips.g_value_set_double(value, number_of(p));
    } else if (type == G_BOOLEAN && p->kind == KIND_BOOLEAN) {
        vips.g_value_set_boolean(value, p->integer != 0);
    } else {
        return false;
    }
    return true;
}

static bool fill(tide_call *call, g_value *value, g_type type, const tide_property *p) {
    switch (p->kind) {
    case KIND_TEXT: return set_text(call, value, type, p);
    case KIND_NUMBERS: return set_numbers(value, type, p);
    case KIND_IMAGE: return set_image(call, value, type, p);
    case KIND_IMAGES: return set_images(call, value, type, p);
    case KIND_BYTES:
        if (type != vips.vips_blob_get_type()) {
            return false;
        }
        vips.vips_value_set_blob(value, NULL, p->bytes, p->count);
        return true;
    default: return set_scalar(value, type, p);
    }
}

bool tide_property_set(tide_call *call, vips_operation *operation, const tide_property *property) {
    void *class;
    memcpy(&class, operation, sizeof class);  // a GObject begins with its class
    g_param *param = vips.g_object_class_find_property(class, property->name);
    if (param == NULL) {
        tide_call_fail(call, "has no property", property->name);
        return false;
    }
    g_value value = {0};
    vips.g_value_init(&value, param->value_type);
    bool fits = fill(call, &value, param->value_type, property);
    if (fits) {
        vips.g_object_set_property(operation, property->name, &value);
    } else {
        tide_call_fail(call, "takes no such value as", property->name);
    }
    vips.g_value_unset(&value);
    return fits;
}

#pragma clang assume_nonnull end
