// The least that a consumer of a Redis stream does: XREADGROUP of up to COUNT entries, a look at each, and one XACK
// for all of them, whose reply is read together with the next entries.
//
//     redis_loop PORT STREAM GROUP COUNT TOTAL [each]
//
// With "each" every entry has an XACK of its own, all of a batch sent in one go. Prints the messages per second.
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static redisReply *next(redisContext *c) {
    void *reply = NULL;
    if (redisGetReply(c, &reply) != REDIS_OK || ((redisReply *)reply)->type == REDIS_REPLY_ERROR) {
        fprintf(stderr, "redis_loop: %s\n", reply ? ((redisReply *)reply)->str : c->errstr);
        exit(1);
    }
    return reply;
}

int main(int argc, char **argv) {
    if (argc < 6) return 64;
    const char *stream = argv[2], *group = argv[3], *count = argv[4];
    long total = atol(argv[5]), done = 0;
    int each = argc > 6 && strcmp(argv[6], "each") == 0;
    redisContext *c = redisConnect("127.0.0.1", atoi(argv[1]));
    if (!c || c->err) return 69;
    size_t most = strtoul(count, NULL, 10);
    const char **words = malloc((most + 3) * sizeof *words);
    size_t *lengths = malloc((most + 3) * sizeof *lengths);
    words[0] = "XACK", words[1] = stream, words[2] = group;
    for (int i = 0; i < 3; i++) lengths[i] = strlen(words[i]);
    unsigned long bytes = 0;
    size_t owed = 0; // replies to XACK
    double start = now();
    while (done < total) {
        redisAppendCommand(c, "XREADGROUP GROUP %s peer COUNT %s BLOCK 1000 STREAMS %s >", group, count, stream);
        for (; owed; owed--) freeReplyObject(next(c));
        redisReply *reply = next(c);
        if (reply->type == REDIS_REPLY_ARRAY) {
            redisReply *entries = reply->element[0]->element[1];
            for (size_t i = 0; i < entries->elements; i++) {
                redisReply *entry = entries->element[i];
                bytes += entry->element[1]->element[1]->len;
                words[3 + i] = entry->element[0]->str, lengths[3 + i] = entry->element[0]->len;
                if (each) redisAppendCommand(c, "XACK %s %s %s", stream, group, entry->element[0]->str), owed++;
            }
            if (!each) redisAppendCommandArgv(c, 3 + (int)entries->elements, words, lengths), owed = 1;
            done += (long)entries->elements;
        }
        freeReplyObject(reply);
    }
    for (; owed; owed--) freeReplyObject(next(c));
    double took = now() - start;
    printf("{\"jobs_per_s\": %.0f, \"seconds\": %.3f, \"bytes\": %lu}\n", done / took, took, bytes);
}
