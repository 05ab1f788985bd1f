// Opening libvips, as its bindings for interpreted languages do: by its name, and one function after the other.
#include "symbols.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#pragma clang assume_nonnull begin

tide_vips vips;
tide_turnstile tide_vips_turnstile;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char problem[512];
static int version;
static pthread_key_t thread_key;

#define REMEDY "install it with `apt install libvips42` (8.13 or later)"

static bool resolve(void *library, const char *name, void *place) {
    void *symbol = dlsym(library, name);
    if (symbol == NULL) {
        snprintf(problem, sizeof problem, "the image library libvips has no %s, it is too old: " REMEDY, name);
        return false;
    }
    memcpy(place, &symbol, sizeof symbol);  // ISO C has no cast from an object's pointer to a function's
    return true;
}

/// Frees what libvips keeps for a thread, which comes to its end.
static void end_thread(void *value) {
    (void)value;
    vips.vips_thread_shutdown();
}

/// GLib writes libvips' warnings (of damaged files, mostly) to stderr unless somebody takes them. What matters comes back
/// as an operation's error.
static void ignore(const char *_Nullable domain, int level, const char *_Nullable text, void *_Nullable data) {
    (void)domain, (void)level, (void)text, (void)data;
}

static void open_library(void) {
    // Local: its dozens of libraries must not give their names to those that are loaded later.
    void *library = dlopen("libvips.so.42", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(problem, sizeof problem, "the image library libvips is missing: " REMEDY);
        return;
    }
#define RESOLVE(result, name, parameters) \
    if (!resolve(library, #name, &vips.name)) return;
    TIDE_SYMBOLS(RESOLVE)
#undef RESOLVE
    int major = vips.vips_version(0), minor = vips.vips_version(1);
    if (major < 8 || (major == 8 && minor < 13)) {
        snprintf(problem, sizeof problem, "libvips %d.%d is too old: " REMEDY, major, minor);
        return;
    }
    enum { EVERY_LEVEL = -1 };
    vips.g_log_set_handler("VIPS", EVERY_LEVEL, ignore, NULL);
    if (vips.vips_init("tidemill") != 0) {
        char *text = vips.vips_error_buffer_copy();
        snprintf(problem, sizeof problem, "libvips does not start: %s", text);
        vips.g_free(text);
        return;
    }
    // Operations on the same input are rare here, and a cache would hold on to pixels that nobody counts.
    vips.vips_cache_set_max(0);
    // Workers run side by side already.
    vips.vips_concurrency_set(1);
    vips.vips_block_untrusted_set(1);
    tide_turnstile_init(&tide_vips_turnstile);
    if (pthread_key_create(&thread_key, end_thread) != 0) {
        snprintf(problem, sizeof problem, "libvips does not start: no room for a thread's own data");
        return;
    }
    version = major * 10000 + minor * 100 + vips.vips_version(2);
}

const char *_Nullable tide_vips_open(void) {
    pthread_once(&once, open_library);
    return version == 0 ? problem : NULL;
}

int tide_vips_version(void) {
    return version;
}

bool tide_vips_has(const char *operation) {
    return version != 0 && vips.vips_type_find("VipsOperation", operation) != 0;
}

size_t tide_vips_memory(void) {
    return version == 0 ? 0 : vips.vips_tracked_get_mem();
}

void tide_vips_enter_thread(void) {
    if (pthread_getspecific(thread_key) == NULL) {
        pthread_setspecific(thread_key, &thread_key);
    }
}

#pragma clang assume_nonnull end
