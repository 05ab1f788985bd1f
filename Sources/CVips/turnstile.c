// Who is under way beside whom.
#include "CVips.h"
#include <time.h>

#pragma clang assume_nonnull begin

void tide_turnstile_init(tide_turnstile *t) {
    *t = (tide_turnstile){0};
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void tide_turnstile_destroy(tide_turnstile *t) {
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
}

tide_ticket tide_turnstile_enter(tide_turnstile *t, void (*_Nullable first)(void)) {
    pthread_mutex_lock(&t->lock);
    while (t->wanting > 0) {
        pthread_cond_wait(&t->changed, &t->lock);
    }
    tide_ticket ticket = {.entry = ++t->entries, .joined = t->running > 0};
    t->running += 1;
    if (!ticket.joined && first != NULL) {
        first();
    }
    pthread_mutex_unlock(&t->lock);
    return ticket;
}

bool tide_turnstile_was_alone(
    tide_turnstile *t, tide_ticket ticket, void (*_Nullable read)(void *_Nullable context), void *_Nullable context) {
    pthread_mutex_lock(&t->lock);
    bool alone = !ticket.joined && t->entries == ticket.entry;
    if (read != NULL) {
        read(context);
    }
    pthread_mutex_unlock(&t->lock);
    return alone;
}

void tide_turnstile_leave(tide_turnstile *t) {
    pthread_mutex_lock(&t->lock);
    t->running -= 1;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

static struct timespec moment_after(int milliseconds) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_sec += milliseconds / 1000;
    moment.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (moment.tv_nsec >= 1000000000) {
        moment.tv_sec += 1;
        moment.tv_nsec -= 1000000000;
    }
    return moment;
}

bool tide_turnstile_enter_alone(tide_turnstile *t, int milliseconds) {
    pthread_mutex_lock(&t->lock);
    t->wanting += 1;
    // The wait for others who run alone has no end of its own: each of them is short, and they queue here only.
    while (t->taken) {
        pthread_cond_wait(&t->changed, &t->lock);
    }
    t->taken = true;
    struct timespec end = moment_after(milliseconds);
    int expired = 0;
    while (t->running > 0 && expired == 0) {
        expired = pthread_cond_timedwait(&t->changed, &t->lock, &end);
    }
    bool alone = t->running == 0;
    if (!alone) {
        t->taken = false;
        t->wanting -= 1;
        pthread_cond_broadcast(&t->changed);
    }
    pthread_mutex_unlock(&t->lock);
    return alone;
}

void tide_turnstile_leave_alone(tide_turnstile *t) {
    pthread_mutex_lock(&t->lock);
    t->taken = false;
    t->wanting -= 1;
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

#pragma clang assume_nonnull end
