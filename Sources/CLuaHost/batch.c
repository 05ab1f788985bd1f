// handle_batch: one call for many values, and yet each of them has results, limits and a failure of its own. Results
// come in any order; at the end they are put into that of the values, so that a batch reads like a run.
#include "state.h"
#include <stdio.h>
#include <stdlib.h>

/// How many bytes of a value's reason are kept: a script may give all values one long text, which it holds once.
enum { REASON_LIMIT = 1 << 16 };

static bool refuse(tide_state *S, const char *text) {
    tide_forget_verdict(S);
    tide_set_message(S, text);
    tide_fail(S, TIDE_FAILURE_RUNTIME);
    return false;
}

// Shares

bool tide_begin_batch(tide_state *S, const tide_input *inputs, size_t count, size_t *ends) {
    if (count > S->share_capacity) {
        tide_share *shares = realloc(S->shares, count * sizeof *shares);
        if (shares == NULL) {
            return false;
        }
        S->shares = shares;
        S->share_capacity = count;
    }
    memset(S->shares, 0, count * sizeof *S->shares);
    S->inputs = inputs;
    S->input_count = count;
    S->ends = ends;
    S->batch_start = S->output.count;
    return true;
}

void tide_end_batch(tide_state *S) {
    S->output_start = S->batch_start;
    S->first_output = 0;
}

bool tide_turn_to(tide_state *S, size_t input) {
    size_t count = S->report.output_count;
    if (count >= S->owner_capacity) {
        size_t capacity = count < 8 ? 16 : count * 2;
        uint32_t *owners = realloc(S->owners, capacity * sizeof *owners);
        if (owners == NULL) {
            tide_set_refusal(S, "not enough memory for the outputs");
            return false;
        }
        S->owners = owners;
        S->owner_capacity = capacity;
    }
    // As if its results were the last ones and lay together: then the limits hold for them alone.
    S->first_output = count - S->shares[input].outputs;
    S->output_start = S->output.count - S->shares[input].bytes;
    return true;
}

void tide_note_share(tide_state *S, size_t input) {
    S->owners[S->report.output_count - 1] = (uint32_t)input;
    S->shares[input].outputs = S->report.output_count - S->first_output;
    S->shares[input].bytes = S->output.count - S->output_start;
}

// Failures of single values

/// Appends a text and says where it is; without memory it is empty.
static void keep_text(tide_state *S, const tide_buffer *text, size_t *offset, size_t *count) {
    *offset = S->reasons.count;
    *count = text->count < REASON_LIMIT ? text->count : REASON_LIMIT;
    if (*count > 0 && !tide_buffer_append(&S->reasons, text->bytes, *count)) {
        *count = 0;
    }
}

/// The value has failed, for the reason in `message` and with the verdict that is noted.
static bool fail_input(tide_state *S, size_t input, tide_failure failure) {
    size_t count = S->report.failed_input_count;
    if (count == S->failed_input_capacity) {
        size_t capacity = count == 0 ? 8 : count * 2;
        tide_failed_input *failures = realloc(S->failed_inputs, capacity * sizeof *failures);
        if (failures == NULL) {
            return refuse(S, "not enough memory for the reasons");
        }
        S->failed_inputs = failures;
        S->failed_input_capacity = capacity;
    }
    tide_failed_input *failed = &S->failed_inputs[count];
    *failed = (tide_failed_input){.input = input,
                                  .failure = failure,
                                  .verdict = S->report.verdict,
                                  .retry_after = S->report.retry_after};
    keep_text(S, &S->message, &failed->message_offset, &failed->message_count);
    keep_text(S, &S->label, &failed->label_offset, &failed->label_count);
    tide_forget_verdict(S);
    S->over_limit = TIDE_FAILURE_RUNTIME;
    S->shares[input].failed = true;
    S->report.failed_input_count = count + 1;
    return true;
}

// What the script returned

/// Whether the value at `index` is nothing, or a table whose keys are all places of values.
static bool has_places(tide_state *S, lua_State *L, int index, const char *what) {
    char text[160];
    if (lua_isnil(L, index)) {
        return true;
    }
    if (!lua_istable(L, index)) {
        snprintf(text, sizeof text, "handle_batch must return a table of %s, not a %s", what, luaL_typename(L, index));
        return refuse(S, text);
    }
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        lua_pop(L, 1);
        lua_Integer place = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        if (place >= 1 && (lua_Unsigned)place <= S->input_count) {
            continue;
        }
        if (lua_isinteger(L, -1)) {
            snprintf(text, sizeof text, "the table of %s has the key %lld", what, (long long)lua_tointeger(L, -1));
        } else {
            snprintf(text, sizeof text, "the table of %s has a key that is a %s", what, luaL_typename(L, -1));
        }
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, ", and the values are 1 to %zu", S->input_count);
        return refuse(S, text);
    }
    return true;
}

static bool take_errors(tide_state *S, lua_State *L, int errors) {
    if (!has_places(S, L, errors, "errors")) {
        return false;
    }
    // A reason may be that a result was over its limit; noting another one forgets that.
    tide_failure over_limit = S->over_limit;
    for (size_t i = 0; !lua_isnil(L, errors) && i < S->input_count; i++) {
        if (lua_rawgeti(L, errors, (lua_Integer)i + 1) != LUA_TNIL) {
            S->over_limit = over_limit;
            // It may run a script's __tostring.
            tide_note_reason(S, L);
            if (S->stop || !fail_input(S, i, S->over_limit)) {
                return false;
            }
        }
        lua_settop(L, errors);
    }
    return true;
}

static bool take_results(tide_state *S, lua_State *L, int results) {
    int top = lua_gettop(L);
    if (!has_places(S, L, results, "results")) {
        return false;
    }
    for (size_t i = 0; !lua_isnil(L, results) && i < S->input_count; i++) {
        if (S->stop) {
            return false;
        }
        if (!S->shares[i].failed && lua_rawgeti(L, results, (lua_Integer)i + 1) != LUA_TNIL) {
            if (tide_turn_to(S, i) && tide_put_output(S, L, lua_gettop(L), 0)) {
                tide_note_share(S, i);
            } else {
                tide_forget_verdict(S);
                tide_set_text(&S->message, (const char *)S->refusal.bytes, S->refusal.count);
                if (!fail_input(S, i, S->over_limit)) {
                    return false;
                }
            }
        }
        lua_settop(L, top);
    }
    return true;
}

// The order of the values

/// Says where each value's results end once they are in order; true if they are so already, and none is to go.
static bool count_outputs(tide_state *S) {
    size_t total = 0;
    for (size_t i = 0; i < S->input_count; i++) {
        total += S->shares[i].failed ? 0 : S->shares[i].outputs;
        S->ends[i] = total;
    }
    bool ordered = total == S->report.output_count;
    for (size_t k = 1; ordered && k < total; k++) {
        ordered = S->owners[k - 1] <= S->owners[k];
    }
    return ordered;
}

/// Puts the results into the order of the values, and those of failed ones away.
static bool arrange(tide_state *S) {
    size_t count = S->report.output_count;
    if (count_outputs(S)) {
        return true;
    }
    tide_output *outputs = malloc(count * sizeof *outputs);
    if (outputs == NULL) {
        return refuse(S, "not enough memory for the outputs");
    }
    // From here on `outputs` of a share is the place of its next one.
    for (size_t i = 0; i < S->input_count; i++) {
        S->shares[i].outputs = i == 0 ? 0 : S->ends[i - 1];
    }
    for (size_t k = 0; k < count; k++) {
        tide_share *share = &S->shares[S->owners[k]];
        if (!share->failed) {
            outputs[share->outputs++] = S->outputs[k];
        }
    }
    free(S->outputs);
    S->outputs = outputs;
    S->output_capacity = count;
    S->report.output_count = S->ends[S->input_count - 1];
    return true;
}

static int batch_done(lua_State *L, int status, lua_KContext context) {
    (void)context;
    tide_state *S = tide_state_of(L);
    if (tide_has_failed(S, L, status)) {
        return 0;
    }
    // Two results, whatever the script returned.
    int errors = lua_gettop(L), results = errors - 1;
    if (lua_isnil(L, results) && !lua_isnil(L, errors)) {
        tide_note_reason(S, L);
        tide_fail(S, TIDE_FAILURE_RUNTIME);
    } else if (take_errors(S, L, errors) && take_results(S, L, results) && arrange(S) && !S->stop) {
        S->report.input_count = S->input_count;
    }
    lua_settop(L, 1);
    tide_collect_objects(L, S);
    return 0;
}

int tide_batch_body(lua_State *L) {
    tide_state *S = tide_state_of(L);
    tide_prepare(L, S);
    lua_pushcfunction(L, tide_message_handler);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_createtable(L, (int)S->input_count, 0);
    for (size_t i = 0; i < S->input_count; i++) {
        tide_push_input(L, &S->inputs[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushvalue(L, lua_upvalueindex(2));
    return batch_done(L, lua_pcallk(L, 2, 2, 1, 0, batch_done), 0);
}
