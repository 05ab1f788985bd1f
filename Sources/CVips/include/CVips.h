// libvips, opened when the first image needs it: no header and no link of its own, for linking would cost every start
// of a program that never sees an image some 20 ms and 30 MB.
//
// One call covers every operation of libvips: it is named, its properties are set by name, it runs, its results are
// read by name. Every result is computed into memory before a call returns.
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// MARK: the library

/// Opens and prepares libvips, once for the process; later calls give the first one's answer.
/// Returns NULL when it is ready, else what is wrong and what to install. The text is the process's own.
const char *_Nullable tide_vips_open(void);

/// The version as major * 10000 + minor * 100 + micro; 0 before it was opened.
int tide_vips_version(void);

/// Whether this libvips has an operation or a saver of that name.
bool tide_vips_has(const char *operation);

/// How many bytes of pixels libvips holds at present.
size_t tide_vips_memory(void);

/// How many fonts text can be set in.
int tide_vips_fonts(void);

// MARK: images

/// An image in memory, immutable; any thread may read it.
typedef struct tide_image tide_image;

typedef struct tide_image_header {
    int64_t width, height;  // of all pages, one below the other
    int64_t bands;
    int64_t page_height, pages;
    int64_t orientation;  // 1 to 8, as in EXIF
    int64_t bytes;        // of all pixels
    bool has_alpha;
    const char *format;          // of a sample: "uchar", "ushort", "float", ...
    const char *interpretation;  // "srgb", "b-w", "cmyk", ...
} tide_image_header;

void tide_image_free(tide_image *image);
tide_image_header tide_image_describe(tide_image *image);

/// The pixels, row by row; NULL where they aren't in memory.
const void *_Nullable tide_image_pixels(tide_image *image);

/// A copy of `size` bytes of pixels as an image; NULL where the sizes don't fit together.
/// The format is a number of libvips': 0 uchar, 2 ushort, 6 float.
tide_image *_Nullable tide_image_make(
    const void *pixels, size_t size, int width, int height, int bands, int format, const char *interpretation);

/// An image of the same pixels whose fields may be changed until it is shared.
tide_image *_Nullable tide_image_copy(tide_image *image);

typedef void (*tide_image_field)(void *_Nullable context, const char *name);

/// Names each field of metadata.
void tide_image_fields(tide_image *image, tide_image_field visit, void *_Nullable context);

/// A field as text, for free(); NULL where there is none.
char *_Nullable tide_image_text(tide_image *image, const char *name);
bool tide_image_integer(tide_image *image, const char *name, int64_t *value);
/// Copies up to `capacity` integers and says how many there are; -1 where the field is none of integers.
int tide_image_integers(tide_image *image, const char *name, int64_t *values, int capacity);
/// A field's bytes, which live as long as the image; NULL where it is none of bytes.
const void *_Nullable tide_image_blob(tide_image *image, const char *name, size_t *size);
bool tide_image_has(tide_image *image, const char *name);

// These change fields: only of a fresh tide_image_copy().
void tide_image_set_integer(tide_image *image, const char *name, int64_t value);
void tide_image_set_integers(tide_image *image, const char *name, const int64_t *values, int count);
void tide_image_remove(tide_image *image, const char *name);

/// The nickname of the loader that takes these bytes, e.g. "jpegload_buffer"; NULL where none does.
const char *_Nullable tide_image_loader(const void *bytes, size_t size);

// MARK: calls of operations

typedef struct tide_call tide_call;

/// Asked often while an operation runs; an answer of true stops it.
typedef bool (*tide_call_asked)(void *_Nullable context);

typedef enum tide_call_outcome {
    TIDE_CALL_DONE,
    TIDE_CALL_FAILED,     // tide_call_error() says why
    TIDE_CALL_STOPPED,    // because it was asked to
    TIDE_CALL_TOO_LARGE,  // tide_call_refused() is what the result would have been
} tide_call_outcome;

/// The largest result that a call may compute.
typedef struct tide_call_limits {
    int64_t dimension;  // of width and of one page's height
    int64_t pixels;
    int64_t bytes;
} tide_call_limits;

tide_call *tide_call_new(const char *operation);
void tide_call_free(tide_call *call);

// What is set is copied, but images, which are retained, and bytes, which must stay until the call is freed.
void tide_call_set_integer(tide_call *call, const char *name, int64_t value);
void tide_call_set_number(tide_call *call, const char *name, double value);
void tide_call_set_boolean(tide_call *call, const char *name, bool value);
/// Also sets an enumeration by its nickname, and an interpolator by its name.
void tide_call_set_text(tide_call *call, const char *name, const char *value);
void tide_call_set_numbers(tide_call *call, const char *name, const double *values, size_t count);
void tide_call_set_bytes(tide_call *call, const char *name, const void *bytes, size_t size);
void tide_call_set_image(tide_call *call, const char *name, tide_image *image);
/// Adds one image to a property that is an array of images.
void tide_call_add_image(tide_call *call, const char *name, tide_image *image);

/// Names the image that the call is to give, computed into memory.
void tide_call_want(tide_call *call, const char *name);
/// Gives that image with its header alone; it reads from the call's bytes as long as it lives.
void tide_call_want_header(tide_call *call, const char *name);

/// Runs the operation. A call runs once.
tide_call_outcome tide_call_run(
    tide_call *call, tide_call_limits limits, tide_call_asked _Nullable asked, void *_Nullable context);

const char *tide_call_error(tide_call *call);
tide_image_header tide_call_refused(tide_call *call);

/// The image that was wanted, which the caller frees; NULL the second time.
tide_image *_Nullable tide_call_take_image(tide_call *call);
double tide_call_number(tide_call *call, const char *name);
/// A copy of a result's bytes, for free().
void *_Nullable tide_call_take_bytes(tide_call *call, const char *name, size_t *size);

// MARK: whose error it is

// libvips has one error text for the whole process. A turnstile tells whether an operation that failed was alone, so
// that the text is its own, and lets one that wasn't run once more with nobody beside it.
typedef struct tide_turnstile {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned running;    // operations under way
    unsigned wanting;    // that wait to run alone, or do
    bool taken;          // by the one that runs alone
    uint64_t entries;    // so far
} tide_turnstile;

/// An operation's own ticket.
typedef struct tide_ticket {
    uint64_t entry;
    bool joined;  // others were under way when it entered
} tide_ticket;

void tide_turnstile_init(tide_turnstile *turnstile);
void tide_turnstile_destroy(tide_turnstile *turnstile);

/// Enters, after all who want to be alone; `first` runs under the lock where nobody is under way.
tide_ticket tide_turnstile_enter(tide_turnstile *turnstile, void (*_Nullable first)(void));
/// Whether nobody else was under way at any time since the ticket's entry. `read` runs under the lock.
bool tide_turnstile_was_alone(
    tide_turnstile *turnstile, tide_ticket ticket, void (*_Nullable read)(void *_Nullable context),
    void *_Nullable context);
void tide_turnstile_leave(tide_turnstile *turnstile);

/// Keeps others out and waits until nobody is under way; false, and nobody is kept out, after `milliseconds`.
bool tide_turnstile_enter_alone(tide_turnstile *turnstile, int milliseconds);
void tide_turnstile_leave_alone(tide_turnstile *turnstile);

#pragma clang assume_nonnull end
