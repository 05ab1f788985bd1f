// A state's memory: counted, limited while script code runs, and for small blocks taken from the state's own free
// lists, which is what most of a job's strings and tables are. A state runs on one thread at a time, so nothing
// is locked, and Lua says the size of each block it gives back, so nothing is stored beside one.
#include "state.h"
#include <stdlib.h>

enum { CHUNK_SIZE = 16 << 10 };

struct tide_chunk {
    struct tide_chunk *_Nullable next;
    size_t padding;  // blocks are aligned to 16 bytes
};

static inline size_t class_of(size_t size) {
    return (size - 1) / TIDE_BLOCK_STEP;
}

static inline bool is_small(size_t size) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    return false;  // so that it sees every block
#endif
#endif
    return size <= TIDE_BLOCK_STEP * TIDE_BLOCK_CLASSES;
}

/// Cuts a block of a class off the newest chunk. All classes share it: a state that does little holds one or two.
static void *_Nullable cut(tide_allocator *a, size_t class) {
    size_t size = (class + 1) * TIDE_BLOCK_STEP;
    if (a->left < size) {
        // A script that frees blocks of one size to take them in another may hold twice its limit, no more.
        if (a->enforced && a->reserved / 2 > a->limit) {
            return NULL;
        }
        struct tide_chunk *chunk = malloc(CHUNK_SIZE);
        if (chunk == NULL) {
            return NULL;
        }
        if (a->left > 0) {
            tide_block *rest = (tide_block *)(void *)a->next;
            rest->next = a->blocks[class_of(a->left)];
            a->blocks[class_of(a->left)] = rest;
        }
        chunk->next = a->chunks;
        a->chunks = chunk;
        a->reserved += CHUNK_SIZE;
        a->next = (uint8_t *)chunk + sizeof *chunk;
        a->left = CHUNK_SIZE - sizeof *chunk;
    }
    uint8_t *block = a->next;
    a->next += size;
    a->left -= size;
    return block;
}

static inline void *_Nullable take(tide_allocator *a, size_t size) {
    if (!is_small(size)) {
        void *block = malloc(size);
        a->reserved += block == NULL ? 0 : size;
        return block;
    }
    size_t class = class_of(size);
    tide_block *block = a->blocks[class];
    if (__builtin_expect(block == NULL, 0)) {
        return cut(a, class);
    }
    a->blocks[class] = block->next;
    return block;
}

static inline void give_back(tide_allocator *a, void *bytes, size_t size) {
    if (!is_small(size)) {
        a->reserved -= size;
        free(bytes);
        return;
    }
    tide_block *block = bytes;
    block->next = a->blocks[class_of(size)];
    a->blocks[class_of(size)] = block;
}

/// Whether a growth must fail: by a test's wish or over the limit.
static inline bool refuses(tide_allocator *a, size_t old, size_t size) {
    a->asked += 1;
    if (__builtin_expect(a->fail_at != 0, 0) && a->asked >= a->fail_at && a->asked - a->fail_at < a->fail_count) {
        return true;
    }
    return a->enforced && (size > a->limit || a->used - old > a->limit - size);
}

static void *_Nullable move(tide_allocator *a, void *block, size_t old, size_t size) {
    if (is_small(old) && is_small(size) && class_of(old) == class_of(size)) {
        return block;
    }
    if (!is_small(old) && !is_small(size)) {
        void *moved = realloc(block, size);
        a->reserved = moved == NULL ? a->reserved : a->reserved - old + size;
        return moved;
    }
    void *moved = take(a, size);
    if (moved != NULL) {
        memcpy(moved, block, old < size ? old : size);
        give_back(a, block, old);
    }
    return moved;
}

/// lua_Alloc: "When the call is to shrink a block, it cannot fail", and a free never does.
void *_Nullable tide_allocate(void *context, void *_Nullable block, size_t old_size, size_t new_size) {
    tide_allocator *a = context;
    if (block == NULL) {
        // The old size says what kind of object it will be.
        void *made = new_size == 0 || refuses(a, 0, new_size) ? NULL : take(a, new_size);
        if (__builtin_expect(made == NULL, 0)) {
            a->refused = a->refused || new_size > 0;
            return NULL;
        }
        a->used += new_size;
        return made;
    }
    if (new_size == 0) {
        give_back(a, block, old_size);
        a->used -= old_size;
        return NULL;
    }
    bool refused = new_size > old_size && refuses(a, old_size, new_size);
    void *moved = refused ? NULL : move(a, block, old_size, new_size);
    if (__builtin_expect(moved == NULL && new_size > old_size, 0)) {
        a->refused = true;
        return NULL;
    }
    a->used = a->used - old_size + new_size;
    return moved == NULL ? block : moved;
}

void tide_free_chunks(tide_allocator *a) {
    while (a->chunks != NULL) {
        struct tide_chunk *next = a->chunks->next;
        free(a->chunks);
        a->chunks = next;
    }
}

size_t tide_state_memory(const tide_state *S) {
    return S->allocator.used;
}

int64_t tide_state_allocations(const tide_state *S) {
    return S->allocator.asked;
}
