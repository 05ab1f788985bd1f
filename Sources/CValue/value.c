#include "internal.h"

size_t tide_value_size(const uint8_t *value, size_t count) {
    if (count == 0) {
        return 0;
    }
    size_t body;
    switch (value[0]) {
    case TIDE_NULL:
    case TIDE_FALSE:
    case TIDE_TRUE:
        return 1;
    case TIDE_INTEGER:
    case TIDE_NUMBER:
    case TIDE_OBJECT:
        return count >= 9 ? 9 : 0;
    case TIDE_STRING:
    case TIDE_JSON:
        if (count < 5) {
            return 0;
        }
        body = load_u32(value + 1);
        break;
    case TIDE_ARRAY:
    case TIDE_TABLE:
        if (count < 9) {
            return 0;
        }
        body = load_u32(value + 1);
        if (body < 4) {
            return 0;
        }
        break;
    default:
        return 0;
    }
    return body <= count - 5 ? body + 5 : 0;
}
