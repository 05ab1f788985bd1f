#include "state.h"
#include <ctype.h>

void tide_set_text(tide_buffer *buffer, const char *text, size_t count) {
    buffer->count = 0;
    // Terminated for C, though the count is what says how long it is. Without memory it stays empty.
    if (tide_buffer_append(buffer, text, count) && tide_buffer_append(buffer, "", 1)) {
        buffer->count = count;
    } else {
        buffer->count = 0;
    }
}

void tide_set_message(tide_state *S, const char *text) {
    tide_set_text(&S->message, text, strlen(text));
}

void tide_set_refusal(tide_state *S, const char *text) {
    S->over_limit = TIDE_FAILURE_RUNTIME;
    tide_set_text(&S->refusal, text, strlen(text));
}

void tide_fail(tide_state *S, tide_failure failure) {
    S->failed = true;
    tide_report *report = &S->report;
    report->failure = failure;
    report->message = S->message.bytes;
    report->message_count = S->message.count;
    report->traceback = S->traceback.bytes;
    report->traceback_count = S->traceback.count;
    report->chunk = S->chunk_seen.bytes;
    report->chunk_count = S->chunk_seen.count;
    report->label = S->label.bytes;
    report->label_count = S->label.count;
}

void tide_clear_failure(tide_state *S) {
    S->failed = false;
    S->explained = false;
    S->over_limit = TIDE_FAILURE_RUNTIME;
    tide_forget_verdict(S);
    S->message.count = 0;
    S->traceback.count = 0;
    S->chunk_seen.count = 0;
    S->report.line = 0;
}

/// luaL_tolstring for a protected call: it may run a script's __tostring.
static int to_string(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    return 1;
}

/// Whether the message ends with why an output was refused; its beginning is a place.
static bool is_about_refusal(const tide_state *S) {
    size_t count = S->refusal.count;
    return S->message.count >= count &&
           (count == 0 || memcmp(S->message.bytes + S->message.count - count, S->refusal.bytes, count) == 0);
}

void tide_note_reason(tide_state *S, lua_State *L) {
    int top = lua_gettop(L);
    if (tide_note_verdict(S, L, top)) {
        return;
    }
    if (lua_istable(L, top)) {
        lua_pushliteral(L, "message");
        lua_rawget(L, top);
        if (!lua_isstring(L, -1)) {
            lua_pop(L, 1);
        }
    }
    bool has_text = lua_isstring(L, -1) != 0;
    if (!has_text) {
        lua_pushcfunction(L, to_string);
        lua_pushvalue(L, top);
        has_text = lua_pcall(L, 1, 1, 0) == LUA_OK && lua_isstring(L, -1);
    }
    size_t count = 0;
    const char *text = has_text ? lua_tolstring(L, -1, &count) : NULL;
    if (text != NULL) {
        tide_set_text(&S->message, text, count);
    } else {
        tide_set_message(S, "an error whose text can't be had");
    }
    lua_settop(L, top);
    tide_note_fields(S, L, top);
    if (!is_about_refusal(S)) {
        S->over_limit = TIDE_FAILURE_RUNTIME;
    }
}

static void note_place(tide_state *S, lua_State *L) {
    lua_Debug record;
    for (int level = 1; lua_getstack(L, level, &record) != 0; level++) {
        if (lua_getinfo(L, "Sl", &record) != 0 && record.currentline > 0) {
            tide_set_text(&S->chunk_seen, record.short_src, strlen(record.short_src));
            S->report.line = record.currentline;
            return;
        }
    }
}

int tide_message_handler(lua_State *L) {
    tide_state *S = tide_state_of(L);
    if (S->stop) {
        return 1;
    }
    lua_settop(L, 1);
    tide_note_reason(S, L);
    note_place(S, L);
    S->explained = true;
    S->traceback.count = 0;
    if (S->report.verdict != TIDE_VERDICT_UNSPECIFIED && lua_isuserdata(L, 1)) {
        // The script has decided and says why; where it did so is no news.
        return 1;
    }
    luaL_traceback(L, L, NULL, 1);
    size_t count = 0;
    const char *text = lua_tolstring(L, -1, &count);
    tide_set_text(&S->traceback, text, count);
    lua_settop(L, 1);
    return 1;
}

/// A syntax error says its place only in its text: `chunk:line: …`.
static void note_syntax_place(tide_state *S) {
    const char *text = (const char *)S->message.bytes;
    for (size_t i = 0; i + 1 < S->message.count; i++) {
        if (text[i] == ':' && isdigit((unsigned char)text[i + 1])) {
            int32_t line = 0;
            size_t at = i + 1;
            while (at < S->message.count && isdigit((unsigned char)text[at]) && line < INT32_MAX / 10 - 1) {
                line = line * 10 + (text[at] - '0');
                at += 1;
            }
            if (at < S->message.count && text[at] == ':') {
                tide_set_text(&S->chunk_seen, text, i);
                S->report.line = line;
                return;
            }
        }
    }
}

void tide_note_failure(tide_state *S, lua_State *L, int status) {
    // A script can raise the text that Lua tells a memory error by.
    if (status == LUA_ERRMEM && S->allocator.refused) {
        tide_set_message(S, "not enough memory");
        tide_forget_verdict(S);
        S->traceback.count = 0;
        tide_fail(S, TIDE_FAILURE_MEMORY);
        return;
    }
    if (!S->explained) {
        tide_forget_verdict(S);
        // Only texts: making one of anything else could raise.
        size_t count = 0;
        const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &count) : NULL;
        if (text != NULL) {
            tide_set_text(&S->message, text, count);
        } else {
            tide_set_message(S, "error while handling an error");
        }
    }
    if (status == LUA_ERRSYNTAX) {
        note_syntax_place(S);
        tide_fail(S, TIDE_FAILURE_SYNTAX);
    } else {
        tide_fail(S, S->over_limit);
    }
}

int tide_raise_refusal(lua_State *L) {
    tide_state *S = tide_state_of(L);
    luaL_where(L, 1);
    lua_pushlstring(L, (const char *)S->refusal.bytes, S->refusal.count);
    lua_concat(L, 2);
    return lua_error(L);
}
