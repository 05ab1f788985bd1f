// Stopping a call from another thread at no cost until then: a signal to the thread that runs it, whose handler
// sets a count hook. The manual calls lua_sethook the one function a signal handler may use ("lua.c" does so).
#define _DEFAULT_SOURCE 1  // sigaction beside the C standard
#include "state.h"
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

// Which call is stopped, and which value of a run, is decided on the thread that runs it, by the signal handler or as
// the thread enters the script: it alone knows what is at hand, so going on to the next value takes no lock.

// One word says which call runs and lets an interrupter hold it in place while it signals: generation in the
// upper bits, these flags below.
enum { RUNNING = 1, HELD = 2, FLAG_BITS = 2 };

static _Thread_local tide_state *volatile current __attribute__((tls_model("initial-exec")));
static _Thread_local bool reachable __attribute__((tls_model("initial-exec")));
static pthread_once_t installed = PTHREAD_ONCE_INIT;
static struct sigaction chained;

/// A request that no call outlives.
#define EVERY_CALL UINT64_MAX

bool tide_interrupter_is_asked(const tide_interrupter *interrupter) {
    uint64_t request = atomic_load(&interrupter->request);
    uint64_t position = atomic_load_explicit(&interrupter->position, memory_order_relaxed);
    return request == EVERY_CALL || request == position >> TIDE_INPUT_BITS ||
           atomic_load(&interrupter->target) == position;
}

bool tide_is_asked_to_stop(const tide_state *S) {
    return tide_interrupter_is_asked(S->interrupter);
}

void tide_stop_if_asked(tide_state *_Nullable S) {
    // A stop that has begun goes its way: arming again would take its grace away.
    if (S != NULL && S->stop == TIDE_STOP_NONE && tide_is_asked_to_stop(S)) {
        S->stop = TIDE_STOP_INTERRUPT;
        tide_arm(S->running);
    }
}

void tide_reconsider(tide_state *S, lua_State *L) {
    // A signal before this found the stop set and did nothing, but its request is there; one behind it acts itself.
    S->stop = TIDE_STOP_NONE;
    tide_disarm(L);
    tide_stop_if_asked(S);
}

static void on_signal(int number, siginfo_t *info, void *machine) {
    int saved = errno;
    tide_state *S = current;
    tide_stop_if_asked(S);
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
    // Lines of the cache of its own: other threads read it while the state's thread writes.
    enum { LINE = 64 };
    size_t size = (sizeof(tide_interrupter) + LINE - 1) / LINE * LINE;
    tide_interrupter *interrupter = aligned_alloc(LINE, size);
    if (interrupter != NULL) {
        memset(interrupter, 0, size);
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
    tide_stop_if_asked(S);
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
    // A host function of `previous` ran this state, and a signal may have found the wrong one.
    tide_stop_if_asked(previous);
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

bool tide_interrupt_input(tide_interrupter *interrupter, uint64_t generation, size_t input) {
    uint64_t value = generation << TIDE_INPUT_BITS | input;
    if (input >= TIDE_RUN_LIMIT || atomic_load(&interrupter->position) != value) {
        return false;
    }
    uint64_t target = atomic_load(&interrupter->target);
    while (target < value && !atomic_compare_exchange_weak(&interrupter->target, &target, value)) {
    }
    return signal_running(interrupter, generation << FLAG_BITS | RUNNING);
}

bool tide_interrupter_position(tide_interrupter *interrupter, uint64_t *generation, size_t *input) {
    uint64_t call = atomic_load_explicit(&interrupter->call, memory_order_relaxed);
    uint64_t position = atomic_load_explicit(&interrupter->position, memory_order_relaxed);
    *generation = position >> TIDE_INPUT_BITS;
    *input = position & (TIDE_RUN_LIMIT - 1);
    return (call & RUNNING) != 0 && call >> FLAG_BITS == *generation;
}

void tide_interrupt_all(tide_interrupter *interrupter) {
    atomic_store(&interrupter->request, EVERY_CALL);
    // A call that starts after this sees the request; one that runs now is signalled, whichever it is.
    uint64_t call = atomic_load(&interrupter->call) & ~(uint64_t)HELD;
    while ((call & RUNNING) != 0 && !signal_running(interrupter, call)) {
        call = atomic_load(&interrupter->call) & ~(uint64_t)HELD;
    }
}
