// What is used of GLib, GObject and libvips: prototypes of our own, all part of their stable ABI.
#pragma once
#include "CVips.h"


typedef size_t g_type;

/// GValue.
typedef struct g_value {
    g_type type;
    uint64_t data[2];
} g_value;

/// The public head of GParamSpec.
typedef struct g_param {
    void *class;
    const char *name;
    int flags;
    g_type value_type;
} g_param;

/// The public head of VipsProgress.
typedef struct vips_progress {
    tide_image *image;
} vips_progress;

typedef struct vips_operation vips_operation;
typedef void (*g_log_function)(const char *, int, const char *, void *);
typedef void (*g_callback)(void);

// The fundamental types of GObject that properties of operations have.
enum { G_BOOLEAN = 5 << 2, G_INT = 6 << 2, G_UINT64 = 11 << 2, G_ENUM = 12 << 2, G_FLAGS = 13 << 2, G_DOUBLE = 15 << 2,
       G_STRING = 16 << 2, G_OBJECT = 20 << 2 };

#define TIDE_SYMBOLS(X) \
    X(void, g_free, (void *)) \
    X(void, g_strfreev, (char * *)) \
    X(unsigned, g_log_set_handler, (const char *, int, g_log_function, void *)) \
    X(int, g_type_is_a, (g_type, g_type)) \
    X(g_type, g_type_fundamental, (g_type)) \
    X(g_value *, g_value_init, (g_value *, g_type)) \
    X(void, g_value_unset, (g_value *)) \
    X(void, g_value_set_boolean, (g_value *, int)) \
    X(void, g_value_set_int, (g_value *, int)) \
    X(void, g_value_set_uint64, (g_value *, uint64_t)) \
    X(void, g_value_set_double, (g_value *, double)) \
    X(void, g_value_set_string, (g_value *, const char *)) \
    X(void, g_value_set_enum, (g_value *, int)) \
    X(void, g_value_set_flags, (g_value *, unsigned)) \
    X(void, g_value_set_object, (g_value *, void *)) \
    X(int, g_value_get_boolean, (const g_value *)) \
    X(int, g_value_get_int, (const g_value *)) \
    X(double, g_value_get_double, (const g_value *)) \
    X(void *, g_value_dup_object, (const g_value *)) \
    X(void, g_object_set_property, (void *, const char *, const g_value *)) \
    X(void, g_object_get_property, (void *, const char *, g_value *)) \
    X(void *, g_object_ref, (void *)) \
    X(void, g_object_unref, (void *)) \
    X(g_param *, g_object_class_find_property, (void *, const char *)) \
    X(unsigned long, g_signal_connect_data, (void *, const char *, g_callback, void *, void *, int)) \
    X(int, vips_init, (const char *)) \
    X(int, vips_version, (int)) \
    X(void, vips_cache_set_max, (int)) \
    X(void, vips_concurrency_set, (int)) \
    X(void, vips_block_untrusted_set, (int)) \
    X(void, vips_thread_shutdown, (void)) \
    X(size_t, vips_tracked_get_mem, (void)) \
    X(char *, vips_error_buffer_copy, (void)) \
    X(void, vips_error_clear, (void)) \
    X(int, vips_enum_from_nick, (const char *, g_type, const char *)) \
    X(const char *, vips_enum_nick, (g_type, int)) \
    X(const char *, vips_nickname_find, (g_type)) \
    X(g_type, vips_type_find, (const char *, const char *)) \
    X(const char *, vips_foreign_find_load_buffer, (const void *, size_t)) \
    X(g_type, g_type_from_name, (const char *)) \
    X(vips_operation *, vips_operation_new, (const char *)) \
    X(int, vips_object_build, (vips_operation *)) \
    X(void, vips_object_unref_outputs, (vips_operation *)) \
    X(void *, vips_interpolate_new, (const char *)) \
    X(g_type, vips_interpolate_get_type, (void)) \
    X(g_type, vips_image_get_type, (void)) \
    X(g_type, vips_blob_get_type, (void)) \
    X(g_type, vips_array_double_get_type, (void)) \
    X(g_type, vips_array_int_get_type, (void)) \
    X(g_type, vips_array_image_get_type, (void)) \
    X(g_type, vips_band_format_get_type, (void)) \
    X(g_type, vips_interpretation_get_type, (void)) \
    X(void, vips_value_set_array_double, (g_value *, const double *, int)) \
    X(void, vips_value_set_array_int, (g_value *, const int *, int)) \
    X(void, vips_value_set_array_image, (g_value *, int)) \
    X(tide_image * *, vips_value_get_array_image, (const g_value *, int *)) \
    X(void, vips_value_set_blob, (g_value *, void *, const void *, size_t)) \
    X(void *, vips_value_get_blob, (const g_value *, size_t *)) \
    X(tide_image *, vips_image_new_memory, (void)) \
    X(tide_image *, vips_image_new_from_memory_copy, (const void *, size_t, int, int, int, int)) \
    X(int, vips_image_pipeline_array, (tide_image *, int, tide_image * *)) \
    X(int, vips_image_write_line, (tide_image *, int, const void *)) \
    X(void *, vips_region_new, (tide_image *)) \
    X(void *, vips_region_fetch, (void *, int, int, int, int, size_t *)) \
    X(void, vips_image_set_progress, (tide_image *, int)) \
    X(void, vips_image_set_kill, (tide_image *, int)) \
    X(const void *, vips_image_get_data, (tide_image *)) \
    X(int, vips_image_get_width, (tide_image *)) \
    X(int, vips_image_get_height, (tide_image *)) \
    X(int, vips_image_get_bands, (tide_image *)) \
    X(int, vips_image_get_format, (tide_image *)) \
    X(int, vips_image_get_interpretation, (tide_image *)) \
    X(int, vips_image_get_page_height, (tide_image *)) \
    X(int, vips_image_get_n_pages, (tide_image *)) \
    X(int, vips_image_get_orientation, (tide_image *)) \
    X(int, vips_image_hasalpha, (tide_image *)) \
    X(uint64_t, vips_format_sizeof, (int)) \
    X(char * *, vips_image_get_fields, (tide_image *)) \
    X(g_type, vips_image_get_typeof, (tide_image *, const char *)) \
    X(int, vips_image_get_as_string, (tide_image *, const char *, char * *)) \
    X(int, vips_image_get_int, (tide_image *, const char *, int *)) \
    X(int, vips_image_get_array_int, (tide_image *, const char *, int * *, int *)) \
    X(int, vips_image_get_blob, (tide_image *, const char *, const void * *, size_t *)) \
    X(void, vips_image_set_blob_copy, (tide_image *, const char *, const void *, size_t)) \
    X(void, vips_image_set_int, (tide_image *, const char *, int)) \
    X(void, vips_image_set_array_int, (tide_image *, const char *, const int *, int)) \
    X(int, vips_image_remove, (tide_image *, const char *))

/// The functions, once tide_vips_open() said that they are there.
typedef struct tide_vips {
#define TIDE_FIELD(result, name, parameters) result(*name) parameters;
    TIDE_SYMBOLS(TIDE_FIELD)
#undef TIDE_FIELD
} tide_vips;

extern tide_vips vips;

/// Notes that this thread runs operations: what libvips keeps for it is freed at its end.
void tide_vips_enter_thread(void);

/// The one turnstile of the process, for its one libvips.
extern tide_turnstile tide_vips_turnstile;

