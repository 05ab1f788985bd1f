#include "state.h"
#include <stdlib.h>

/// lua_Alloc: "When the call is to shrink a block, it cannot fail", and a free never does.
void *_Nullable tide_allocate(void *context, void *_Nullable block, size_t old_size, size_t new_size) {
    tide_allocator *allocator = context;
    // Without a block the old size says what kind of object it will be.
    size_t old = block == NULL ? 0 : old_size;
    if (new_size == 0) {
        free(block);
        allocator->used -= old;
        return NULL;
    }
    if (new_size > old) {
        allocator->asked += 1;
        if (allocator->fail_at != 0 && allocator->asked >= allocator->fail_at &&
            allocator->asked - allocator->fail_at < allocator->fail_count) {
            return NULL;
        }
        size_t others = allocator->used - old;
        if (allocator->enforced && (new_size > allocator->limit || others > allocator->limit - new_size)) {
            return NULL;
        }
    }
    void *moved = realloc(block, new_size);
    if (moved == NULL) {
        return new_size <= old ? block : NULL;
    }
    allocator->used = allocator->used - old + new_size;
    return moved;
}

size_t tide_state_memory(const tide_state *S) {
    return S->allocator.used;
}

void tide_state_fail(tide_state *S, int64_t at, int64_t count) {
    S->allocator.asked = 0;
    S->allocator.fail_at = at;
    S->allocator.fail_count = count;
}

int64_t tide_state_allocations(const tide_state *S) {
    return S->allocator.asked;
}
