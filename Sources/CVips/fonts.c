// Whether there are fonts: without any, the text layout under libvips ends the process instead of failing.
#include "CVips.h"
#include <dlfcn.h>
#include <string.h>

#pragma clang assume_nonnull begin

/// The public head of FcFontSet.
struct font_set {
    int count;
};

int tide_vips_fonts(void) {
    // The library that text layout itself uses: loaded together with libvips.
    void *library = dlopen("libfontconfig.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return 0;
    }
    void *symbol = dlsym(library, "FcConfigGetFonts");
    const struct font_set *_Nullable (*get)(void *_Nullable, int) = NULL;
    memcpy(&get, &symbol, sizeof symbol);
    const struct font_set *set = get == NULL ? NULL : get(NULL, 0);
    int count = set == NULL ? 0 : set->count;
    dlclose(library);
    return count;
}

#pragma clang assume_nonnull end
