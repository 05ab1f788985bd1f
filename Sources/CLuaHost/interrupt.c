// Stopping a call from another thread at no cost until then: a signal to the thread that runs it, whose handler
// sets a count hook. The manual calls lua_sethook the one function a signal handler may use ("lua.c" does so).
#define _DEFAULT_SOURCE 1  // sigaction beside the C standard
#include "state.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

// One word says which call runs and lets an interrupter hold it in place while it signals: generation in the
// upper bits, these flags below.
enum { RUNNING = 1, HELD = 2, FLAG_BITS = 2 };

struct tide_interrupter {
    _Atomic uint64_t call;
    _Atomic uint64_t request;  // the highest generation that was asked to stop
    _Atomic int references;
    pthread_t thread;  // valid while RUNNING
};

static _Thread_local tide_state *volatile current __attribute__((tls_model("initial-exec")));
static _Thread_local bool reachable __attribute__((tls_model("initial-exec")));
static pthread_once_t installed = PTHREAD_ONCE_INIT;
static struct sigaction chained;

static void note_place(tide_state *S, lua_State *L, lua_Debug *record) {
    if (S->report.line == 0 && lua_getinfo(L, "Sl", record) != 0 && record->currentline > 0) {
        tide_set_text(&S->chunk_seen, record->short_src, strlen(record->short_src));
        S->report.line = record->currentline;
    }
}

static void hook(lua_State *L, lua_Debug *record) {
    tide_state *S = tide_state_of(L);
    if (S->stop) {
        note_place(S, L, record);
        // Also inside the closing methods of <close> variables: there is no grace for them yet.
        tide_raise_interrupt(L);
    }
    // Armed for a call that is over: a coroutine that the script kept.
    lua_sethook(L, NULL, 0, 0);
}

void tide_arm(lua_State *L) {
    lua_sethook(L, hook, LUA_MASKCOUNT, 1);
}

int tide_raise_interrupt(lua_State *L) {
    // "For such errors [LUA_ERRMEM], Lua does not call the message handler." It must not be called: the error comes
    // from a hook, hooks are off until it is caught, and a handler that loops would loop for ever. Lua knows a
    // memory error by its message, which it holds ready, so this takes no memory either.
    lua_pushliteral(L, "not enough memory");
    return lua_error(L);
}

/// A request that no call outlives.
#define EVERY_CALL UINT64_MAX

static bool is_asked_to_stop(tide_state *S) {
    uint64_t request = atomic_load(&S->interrupter->request);
    return request == S->generation || request == EVERY_CALL;
}

static void on_signal(int number, siginfo_t *info, void *machine) {
    int saved = errno;
    tide_state *S = current;
    if (S != NULL && is_asked_to_stop(S)) {
        S->stop = 1;
        tide_arm(S->running);
    }
    if ((chained.sa_flags & SA_SIGINFO) != 0) {
        if (chained.sa_sigaction != NULL) {
            chained.sa_sigaction(number, info, machine);
        }
    } else if (chained.sa_handler != SIG_DFL && chained.sa_handler != SIG_IGN) {
        chained.sa_handler(number);
    }
    errno = saved;
}

static void install(void) {
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaction(SIGURG, NULL, &chained);
    sigaction(SIGURG, &action, NULL);
}

tide_interrupter *_Nullable tide_interrupter_new(void) {
    pthread_once(&installed, install);
    tide_interrupter *interrupter = calloc(1, sizeof *interrupter);
    if (interrupter != NULL) {
        atomic_init(&interrupter->references, 1);
    }
    return interrupter;
}

tide_interrupter *tide_interrupter_retain(const tide_state *S) {
    atomic_fetch_add(&S->interrupter->references, 1);
    return S->interrupter;
}

void tide_interrupter_release(tide_interrupter *interrupter) {
    if (atomic_fetch_sub(&interrupter->references, 1) == 1) {
        free(interrupter);
    }
}

/// Threads of a pool may block every signal, as those of libdispatch do.
static void unblock(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGURG);
    reachable = pthread_sigmask(SIG_UNBLOCK, &signals, NULL) == 0;
}

void tide_enter(tide_state *S, tide_state *_Nullable *_Nonnull previous) {
    tide_interrupter *interrupter = S->interrupter;
    if (__builtin_expect(!reachable, 0)) {
        unblock();
    }
    interrupter->thread = pthread_self();
    *previous = current;
    current = S;
    // Either the interrupter sees RUNNING below or this thread sees its request: both are sequentially consistent.
    atomic_store(&interrupter->call, S->generation << FLAG_BITS | RUNNING);
    if (__builtin_expect(is_asked_to_stop(S), 0)) {
        S->stop = 1;
        tide_arm(S->running);
    }
}

void tide_leave(tide_state *S, tide_state *_Nullable previous) {
    uint64_t running = S->generation << FLAG_BITS | RUNNING;
    uint64_t expected = running;
    while (!atomic_compare_exchange_weak(&S->interrupter->call, &expected, S->generation << FLAG_BITS)) {
        // Held: the interrupter must finish its signal while this thread surely exists.
        expected = running;
        sched_yield();
    }
    current = previous;
    if (previous != NULL && is_asked_to_stop(previous)) {
        // A host function of `previous` ran this state, and the signal found the wrong one.
        previous->stop = 1;
        tide_arm(previous->running);
    }
}

/// Signals the thread that runs the call whose word is `running`, and holds the call in place meanwhile.
static bool signal_running(tide_interrupter *interrupter, uint64_t running) {
    uint64_t expected = running;
    while (!atomic_compare_exchange_weak(&interrupter->call, &expected, running | HELD)) {
        if (expected != running && expected != (running | HELD)) {
            return false;
        }
        expected = running;
    }
    pthread_kill(interrupter->thread, SIGURG);
    atomic_store(&interrupter->call, running);
    return true;
}

bool tide_interrupt(tide_interrupter *interrupter, uint64_t generation) {
    uint64_t request = atomic_load(&interrupter->request);
    while (request < generation && !atomic_compare_exchange_weak(&interrupter->request, &request, generation)) {
    }
    return signal_running(interrupter, generation << FLAG_BITS | RUNNING);
}

void tide_interrupt_all(tide_interrupter *interrupter) {
    atomic_store(&interrupter->request, EVERY_CALL);
    // A call that starts after this sees the request; one that runs now is signalled, whichever it is.
    uint64_t call = atomic_load(&interrupter->call) & ~(uint64_t)HELD;
    while ((call & RUNNING) != 0 && !signal_running(interrupter, call)) {
        call = atomic_load(&interrupter->call) & ~(uint64_t)HELD;
    }
}
