// Stopping an operation on its way: libvips says how far it is after every few lines, on the thread that called it.
#include "call.h"

#pragma clang assume_nonnull begin

bool tide_call_poll(tide_call *call) {
    if (!call->stopped && call->asked != NULL) {
        call->stopped = call->asked(call->context);
    }
    return call->stopped;
}

static void evaluated(tide_image *image, vips_progress *progress, tide_call *call) {
    if (tide_call_poll(call)) {
        // A loader's decoding reports on the image it was asked for and runs on one of its own: both have to end.
        vips.vips_image_set_kill(progress->image, 1);
        vips.vips_image_set_kill(image, 1);
    }
}

void tide_call_watch(tide_call *call, tide_image *image) {
    if (call->asked == NULL) {
        return;
    }
    vips.vips_image_set_progress(image, 1);
    vips.g_signal_connect_data(image, "eval", (g_callback)evaluated, call, NULL, 0);
}

tide_image *_Nullable tide_call_private(tide_call *call, tide_image *image) {
    if (call->asked == NULL) {
        return vips.g_object_ref(image);
    }
    // A kill, a signal's handler: both stay with an image, and this one may be under way elsewhere.
    vips_operation *copy = vips.vips_operation_new("copy");
    tide_image *own = NULL;
    g_value value = {0};
    vips.g_value_init(&value, vips.vips_image_get_type());
    vips.g_value_set_object(&value, image);
    vips.g_object_set_property(copy, "in", &value);
    vips.g_value_unset(&value);
    if (vips.vips_object_build(copy) == 0) {
        vips.g_value_init(&value, vips.vips_image_get_type());
        vips.g_object_get_property(copy, "out", &value);
        own = vips.g_value_dup_object(&value);
        vips.g_value_unset(&value);
    }
    vips.vips_object_unref_outputs(copy);
    vips.g_object_unref(copy);
    if (own != NULL) {
        tide_call_watch(call, own);
    }
    return own;
}

#pragma clang assume_nonnull end
