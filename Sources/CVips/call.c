// Running an operation: it is made, given its properties, built, and the image that is wanted of it computed into
// memory. A failure comes back with its own text, if need be by a second run with nobody beside it.
#include "call.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma clang assume_nonnull begin

enum {
    SHORT_RUN = 100,       // milliseconds; a longer one isn't run again for the sake of its text
    PATIENCE = 250,        // milliseconds to wait for those under way
    SHORT_STRIP = 16,      // rows that are computed at a time
    LONG_STRIP = 256,
    LARGE_IMAGE = 1 << 24, // pixels
    LARGE_FILE = 1 << 21,  // bytes
    STRIP_TIME = 10,       // milliseconds that a strip should take at most, for nothing stops it on its way
    THIN_STRIPS = 2,       // VIPS_DEMAND_STYLE_THINSTRIP
};

void tide_call_fail(tide_call *call, const char *text, const char *_Nullable detail) {
    char line[512];
    const char *more = detail == NULL ? "" : detail;
    snprintf(line, sizeof line, "%s %s%s%s", call->operation, text, *more == 0 ? "" : " ", more);
    free(call->error);
    call->error = strdup(line);
}

static tide_image *_Nullable output(vips_operation *operation, const char *name) {
    g_value value = {0};
    vips.g_value_init(&value, vips.vips_image_get_type());
    vips.g_object_get_property(operation, name, &value);
    tide_image *image = vips.g_value_dup_object(&value);
    vips.g_value_unset(&value);
    return image;
}

static bool fits(const tide_call *call, tide_image_header header) {
    int64_t height = header.page_height > 0 ? header.page_height : header.height;
    return header.width <= call->limits.dimension && height <= call->limits.dimension &&
           header.width * header.height <= call->limits.pixels && header.bytes <= call->limits.bytes;
}

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

typedef struct strips {
    int rows;  // of the first
    int most;
} strips;

/// Long strips cost less for each row, but one row of a thumbnail may take a thousand of a large image's, and behind a
/// decoder a strip's memory is that of the rows which it is made of.
static strips strips_of(const tide_call *call) {
    for (const tide_property *p = call->properties; p != NULL; p = p->next) {
        if (p->kind == KIND_BYTES) {
            return (strips){p->count > LARGE_FILE ? 1 : SHORT_STRIP, SHORT_STRIP};
        }
        if (p->kind == KIND_IMAGE && p->count > 0) {
            tide_image *image = p->images[0];
            int64_t pixels = (int64_t)vips.vips_image_get_width(image) * vips.vips_image_get_height(image);
            return (strips){pixels > LARGE_IMAGE ? 1 : SHORT_STRIP, LONG_STRIP};
        }
    }
    return (strips){SHORT_STRIP, LONG_STRIP};
}

/// Computes the rows of an image, one strip after the other, into another that has its header.
static bool compute_rows(tide_call *call, void *region, tide_image *made) {
    int width = vips.vips_image_get_width(made), height = vips.vips_image_get_height(made);
    strips strips = strips_of(call);
    int strip = strips.rows, rows = 0;
    for (int top = 0; top < height; top += rows) {
        rows = height - top < strip ? height - top : strip;
        size_t size = 0;
        int64_t began = milliseconds();
        char *pixels = tide_call_poll(call) ? NULL : vips.vips_region_fetch(region, 0, top, width, rows, &size);
        bool written = pixels != NULL;
        for (int y = 0; written && y < rows; y++) {
            written = vips.vips_image_write_line(made, top + y, pixels + (size_t)y * (size / (size_t)rows)) == 0;
        }
        vips.g_free(pixels);
        if (!written) {
            return false;
        }
        int64_t took = milliseconds() - began;
        if (took < STRIP_TIME / 2 && strip < strips.most) {
            strip *= 2;
        } else if (took > STRIP_TIME && strip > 1) {
            strip /= 2;
        }
    }
    return true;
}

static void own_blob(void *_Nullable image, const char *name) {
    size_t size = 0;
    const void *bytes = tide_image_blob(image, name, &size);
    if (bytes != NULL) {
        vips.vips_image_set_blob_copy(image, name, bytes, size);
    }
}

/// Copies what a loader left in the image's metadata without giving it away: that of HEIF keeps a file's EXIF in the
/// memory of its own image, which is gone soon.
static void own_metadata(const tide_call *call) {
    for (const tide_property *p = call->properties; p != NULL; p = p->next) {
        if (p->kind == KIND_BYTES) {
            tide_image_fields(call->image, own_blob, call->image);
            return;
        }
    }
}

/// Computes an image's pixels into memory. The header is there before them, so that nothing too large is begun.
///
/// On this thread, as far as it goes: libvips would start one for each image, which costs more than a thumbnail's rows
/// and whose time would not be the worker's.
static tide_call_outcome compute(tide_call *call, tide_image *lazy) {
    call->refused = tide_image_describe(lazy);
    if (!fits(call, call->refused)) {
        return TIDE_CALL_TOO_LARGE;
    }
    tide_call_watch(call, lazy);
    call->image = vips.vips_image_new_memory();
    tide_image *inputs[] = {lazy, NULL};
    void *region = vips.vips_region_new(lazy);
    bool done = region != NULL && call->image != NULL &&
                vips.vips_image_pipeline_array(call->image, THIN_STRIPS, inputs) == 0 &&
                compute_rows(call, region, call->image);
    if (region != NULL) {
        vips.g_object_unref(region);
    }
    if (call->image != NULL) {
        // It took over where `lazy` reports to, which is itself and gone soon.
        vips.vips_image_set_progress(call->image, 0);
        own_metadata(call);
    }
    return done ? TIDE_CALL_DONE : TIDE_CALL_FAILED;
}

static tide_call_outcome deliver(tide_call *call) {
    if (call->wanted == NULL) {
        return TIDE_CALL_DONE;
    }
    tide_image *lazy = output(call->built, call->wanted);
    if (lazy == NULL) {
        tide_call_fail(call, "gives no image", call->wanted);
        return TIDE_CALL_FAILED;
    }
    if (call->header_only) {
        call->image = lazy;
        return TIDE_CALL_DONE;
    }
    tide_call_outcome outcome = compute(call, lazy);
    vips.g_object_unref(lazy);
    return outcome;
}

static void reset(tide_call *call) {
    if (call->image != NULL) {
        vips.g_object_unref(call->image);
        call->image = NULL;
    }
    if (call->built != NULL) {
        vips.vips_object_unref_outputs(call->built);
        vips.g_object_unref(call->built);
        call->built = NULL;
    }
}

static tide_call_outcome attempt(tide_call *call) {
    if (tide_call_poll(call)) {
        return TIDE_CALL_STOPPED;
    }
    call->built = vips.vips_operation_new(call->operation);
    if (call->built == NULL) {
        tide_call_fail(call, "is no operation of this libvips", NULL);
        return TIDE_CALL_FAILED;
    }
    for (tide_property *p = call->properties; p != NULL; p = p->next) {
        if (!tide_property_set(call, call->built, p)) {
            return TIDE_CALL_FAILED;
        }
    }
    // Built by itself, not through the cache of operations, where two threads could come to share one's images.
    tide_call_outcome outcome = vips.vips_object_build(call->built) == 0 ? deliver(call) : TIDE_CALL_FAILED;
    if (call->stopped) {
        outcome = TIDE_CALL_STOPPED;
    }
    if (outcome != TIDE_CALL_DONE) {
        reset(call);
    }
    return outcome;
}

static void read_error(void *_Nullable context) {
    tide_call *call = context;
    char *text = vips.vips_error_buffer_copy();
    vips.vips_error_clear();
    free(call->error);
    call->error = strdup(text);
    vips.g_free(text);
}

static void mark_mixed(tide_call *call) {
    const char *note = " (other images failed at the same time, and this may be theirs)";
    size_t size = strlen(call->error) + strlen(note) + 1;
    char *text = malloc(size);
    if (text != NULL) {
        snprintf(text, size, "%s%s", call->error, note);
        free(call->error);
        call->error = text;
    }
}

/// The failed operation once more, with nobody beside it.
static tide_call_outcome again(tide_call *call) {
    if (!tide_turnstile_enter_alone(&tide_vips_turnstile, PATIENCE)) {
        mark_mixed(call);
        return TIDE_CALL_FAILED;
    }
    vips.vips_error_clear();
    free(call->error);
    call->error = NULL;
    tide_call_outcome outcome = attempt(call);
    if (outcome == TIDE_CALL_FAILED && call->error == NULL) {
        read_error(call);
    }
    tide_turnstile_leave_alone(&tide_vips_turnstile);
    return outcome;
}

tide_call_outcome tide_call_run(
    tide_call *call, tide_call_limits limits, tide_call_asked _Nullable asked, void *_Nullable context) {
    call->limits = limits;
    call->asked = asked;
    call->context = context;
    tide_vips_enter_thread();
    tide_ticket ticket = tide_turnstile_enter(&tide_vips_turnstile, vips.vips_error_clear);
    int64_t began = milliseconds();
    tide_call_outcome outcome = attempt(call);
    // A text that is there already is of this call alone: it never was in the buffer.
    bool unread = outcome == TIDE_CALL_FAILED && call->error == NULL;
    bool alone = !unread || tide_turnstile_was_alone(&tide_vips_turnstile, ticket, read_error, call);
    bool was_short = milliseconds() - began < SHORT_RUN;
    tide_turnstile_leave(&tide_vips_turnstile);
    if (alone) {
        return outcome;
    }
    if (was_short) {
        return again(call);
    }
    mark_mixed(call);
    return outcome;
}

#pragma clang assume_nonnull end
