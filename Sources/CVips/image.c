// Images in memory: their headers, pixels and fields.
#include "symbols.h"
#include <stdlib.h>
#include <string.h>

#pragma clang assume_nonnull begin

void tide_image_free(tide_image *image) {
    vips.g_object_unref(image);
}

tide_image_header tide_image_describe(tide_image *image) {
    int format = vips.vips_image_get_format(image);
    tide_image_header header = {
        .width = vips.vips_image_get_width(image),
        .height = vips.vips_image_get_height(image),
        .bands = vips.vips_image_get_bands(image),
        .page_height = vips.vips_image_get_page_height(image),
        .orientation = vips.vips_image_get_orientation(image),
        .has_alpha = vips.vips_image_hasalpha(image) != 0,
        .format = vips.vips_enum_nick(vips.vips_band_format_get_type(), format),
        .interpretation =
            vips.vips_enum_nick(vips.vips_interpretation_get_type(), vips.vips_image_get_interpretation(image)),
    };
    // The file's pages, loaded or not; the pages at hand follow from the height.
    header.pages = vips.vips_image_get_n_pages(image);
    header.bytes = header.width * header.height * header.bands * (int64_t)vips.vips_format_sizeof(format);
    return header;
}

const void *_Nullable tide_image_pixels(tide_image *image) {
    return vips.vips_image_get_data(image);
}

/// An image of the same pixels with fields of its own; as another interpretation, if one is given.
static tide_image *_Nullable copy_as(tide_image *image, const char *_Nullable interpretation) {
    tide_call *call = tide_call_new("copy");
    tide_call_set_image(call, "in", image);
    if (interpretation != NULL) {
        tide_call_set_text(call, "interpretation", interpretation);
    }
    tide_call_want_header(call, "out");
    tide_call_limits limits = {INT64_MAX, INT64_MAX, INT64_MAX};
    tide_call_run(call, limits, NULL, NULL);
    tide_image *copy = tide_call_take_image(call);
    tide_call_free(call);
    return copy;
}

tide_image *_Nullable tide_image_make(
    const void *pixels, size_t size, int width, int height, int bands, int format, const char *interpretation) {
    tide_image *plain = vips.vips_image_new_from_memory_copy(pixels, size, width, height, bands, format);
    if (plain == NULL) {
        return NULL;
    }
    tide_image *image = copy_as(plain, interpretation);
    vips.g_object_unref(plain);
    return image;
}

tide_image *_Nullable tide_image_copy(tide_image *image) {
    return copy_as(image, NULL);
}

void tide_image_fields(tide_image *image, tide_image_field visit, void *_Nullable context) {
    char *_Nullable *fields = vips.vips_image_get_fields(image);
    for (char *_Nullable *field = fields; field != NULL && *field != NULL; field++) {
        visit(context, *field);
    }
    vips.g_strfreev(fields);
}

bool tide_image_has(tide_image *image, const char *name) {
    return vips.vips_image_get_typeof(image, name) != 0;
}

char *_Nullable tide_image_text(tide_image *image, const char *name) {
    char *text = NULL;
    if (!tide_image_has(image, name) || vips.vips_image_get_as_string(image, name, &text) != 0 || text == NULL) {
        return NULL;
    }
    char *copy = strdup(text);
    vips.g_free(text);
    return copy;
}

bool tide_image_integer(tide_image *image, const char *name, int64_t *value) {
    int found = 0;
    if (vips.vips_image_get_typeof(image, name) != G_INT || vips.vips_image_get_int(image, name, &found) != 0) {
        return false;
    }
    *value = found;
    return true;
}

int tide_image_integers(tide_image *image, const char *name, int64_t *values, int capacity) {
    int *found = NULL;
    int count = 0;
    if (vips.vips_image_get_typeof(image, name) != vips.vips_array_int_get_type() ||
        vips.vips_image_get_array_int(image, name, &found, &count) != 0) {
        return -1;
    }
    for (int i = 0; i < count && i < capacity; i++) {
        values[i] = found[i];
    }
    return count;
}

const void *_Nullable tide_image_blob(tide_image *image, const char *name, size_t *size) {
    const void *bytes = NULL;
    if (vips.vips_image_get_typeof(image, name) != vips.vips_blob_get_type() ||
        vips.vips_image_get_blob(image, name, &bytes, size) != 0) {
        return NULL;
    }
    return bytes;
}

void tide_image_set_integer(tide_image *image, const char *name, int64_t value) {
    vips.vips_image_set_int(image, name, (int)value);
}

void tide_image_set_integers(tide_image *image, const char *name, const int64_t *values, int count) {
    int *narrow = calloc((size_t)count + 1, sizeof *narrow);
    for (int i = 0; narrow != NULL && i < count; i++) {
        narrow[i] = (int)values[i];
    }
    if (narrow != NULL) {
        vips.vips_image_set_array_int(image, name, narrow, count);
    }
    free(narrow);
}

void tide_image_remove(tide_image *image, const char *name) {
    vips.vips_image_remove(image, name);
}

const char *_Nullable tide_image_loader(const void *bytes, size_t size) {
    tide_turnstile_enter(&tide_vips_turnstile, vips.vips_error_clear);
    const char *type = vips.vips_foreign_find_load_buffer(bytes, size);
    tide_turnstile_leave(&tide_vips_turnstile);
    return type == NULL ? NULL : vips.vips_nickname_find(vips.g_type_from_name(type));
}

#pragma clang assume_nonnull end
