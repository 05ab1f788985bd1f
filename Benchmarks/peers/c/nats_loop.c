// The least that publishing to and consuming from a JetStream stream can cost with nats.c: no decoding, no stages, no
// leases to extend. One JSON line of figures at the end.
//
//   nats_loop publish URL STREAM CONSUMER COUNT SIZE    makes both and publishes COUNT messages of SIZE bytes
//   nats_loop consume URL STREAM CONSUMER COUNT BATCH   fetches and acknowledges COUNT messages, BATCH at a time
//   nats_loop await URL STREAM CONSUMER 0 0             returns when the consumer has nothing left
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void check(natsStatus status, const char *what) {
    if (status == NATS_OK) return;
    fprintf(stderr, "nats_loop: %s: %s (%s)\n", what, natsStatus_GetText(status), nats_GetLastError(NULL));
    exit(1);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void report(long count, double start) {
    double elapsed = seconds() - start;
    printf("{\"messages\": %ld, \"seconds\": %.3f, \"per_second\": %.0f}\n", count, elapsed, count / elapsed);
}

static void make(jsCtx *js, const char *stream, const char *consumer) {
    jsStreamConfig streams;
    jsConsumerConfig consumers;
    jsStreamConfig_Init(&streams);
    streams.Name = stream;
    streams.Subjects = (const char *[]){stream};
    streams.SubjectsLen = 1;
    jsErrCode code = 0;
    natsStatus status = js_AddStream(NULL, js, &streams, NULL, &code);
    if (code != JSStreamNameExistErr) check(status, "make the stream");
    jsConsumerConfig_Init(&consumers);
    consumers.Durable = consumer;
    consumers.AckPolicy = js_AckExplicit;
    consumers.MaxAckPending = 20000;
    check(js_AddConsumer(NULL, js, stream, &consumers, NULL, NULL), "make the consumer");
}

static void publish(jsCtx *js, const char *stream, const char *consumer, long count, int size) {
    char *body = malloc(size);
    if (body == NULL) exit(1);
    memset(body, 'x', size);
    make(js, stream, consumer);
    double start = seconds();
    for (long i = 0; i < count; i++) check(js_PublishAsync(js, stream, body, size, NULL), "publish");
    check(js_PublishAsyncComplete(js, NULL), "complete");
    report(count, start);
    free(body);
}

static void await_end(jsCtx *js, const char *stream, const char *consumer) {
    jsConsumerInfo *info;
    unsigned long left;
    do {
        nats_Sleep(5);
        check(js_GetConsumerInfo(&info, js, stream, consumer, NULL, NULL), "consumer");
        left = info->NumPending + info->NumAckPending;
        jsConsumerInfo_Destroy(info);
    } while (left > 0);
}

static void consume(natsConnection *connection, jsCtx *js, char **argv) {
    long count = atol(argv[2]), seen = 0;
    int batch = atoi(argv[3]);
    jsSubOptions options;
    natsSubscription *subscription;
    jsSubOptions_Init(&options);
    options.Stream = argv[0];
    options.Consumer = argv[1];
    check(js_PullSubscribe(&subscription, js, NULL, NULL, NULL, &options, NULL), "subscribe");
    double start = seconds();
    while (seen < count) {
        natsMsgList list = {NULL, 0};
        natsStatus status = natsSubscription_Fetch(&list, subscription, batch, 5000, NULL);
        if (status == NATS_TIMEOUT) break;
        check(status, "fetch");
        for (int i = 0; i < list.Count; i++) check(natsMsg_Ack(list.Msgs[i], NULL), "ack");
        seen += list.Count;
        natsMsgList_Destroy(&list);
    }
    check(natsConnection_FlushTimeout(connection, 5000), "flush");
    report(seen, start);
    natsSubscription_Destroy(subscription);
}

int main(int argc, char **argv) {
    natsConnection *connection;
    jsCtx *js;
    jsOptions options;
    if (argc != 7) return 2;
    check(natsConnection_ConnectTo(&connection, argv[2]), "connect");
    jsOptions_Init(&options);
    options.PublishAsync.MaxPending = 4000;
    check(natsConnection_JetStream(&js, connection, &options), "jetstream");
    if (strcmp(argv[1], "publish") == 0) publish(js, argv[3], argv[4], atol(argv[5]), atoi(argv[6]));
    else if (strcmp(argv[1], "consume") == 0) consume(connection, js, argv + 3);
    else if (strcmp(argv[1], "await") == 0) await_end(js, argv[3], argv[4]);
    else return 2;
    jsCtx_Destroy(js);
    natsConnection_Destroy(connection);
    nats_Close();
    return 0;
}
