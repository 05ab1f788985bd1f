/* What a queue file does, in Redis: messages are added to a stream, read by a group and acknowledged, by batches, each step in
 * one pipeline. Starts a redis-server of its own, on a socket in FOLDER, with the append-only file there.
 * usage: redis_queue MESSAGES BATCH everysec|always FOLDER
 * Prints one JSON line, timed inside the process after a warm-up of 5 %. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <hiredis/hiredis.h>

enum { BODY = 200 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "redis_queue: %s\n", what);
	exit(1);
}

static redisReply *reply(redisContext *c)
{
	redisReply *r;
	if (redisGetReply(c, (void **)&r) != REDIS_OK || !r)
		fail(c->errstr);
	if (r->type == REDIS_REPLY_ERROR)
		fail(r->str);
	return r;
}

static pid_t start(const char *fsync, const char *folder, const char *socket)
{
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(127);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder, "--appendonly", "yes",
		       "--appendfsync", fsync, "--save", "", "--auto-aof-rewrite-percentage", "0", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void cycle(redisContext *c, long messages, int batch)
{
	static char body[BODY];
	memset(body, 'x', BODY);
	for (long done = 0; done < messages; done += batch) {
		for (int i = 0; i < batch; i++)
			redisAppendCommand(c, "XADD bench * body %b", body, (size_t)BODY);
		for (int i = 0; i < batch; i++)
			freeReplyObject(reply(c));
		redisAppendCommand(c, "XREADGROUP GROUP g c COUNT %d STREAMS bench >", batch);
		redisReply *r = reply(c);
		if (r->type != REDIS_REPLY_ARRAY || r->elements != 1)
			fail("no messages");
		redisReply *entries = r->element[0]->element[1];
		if ((int)entries->elements != batch)
			fail("not all messages");
		for (int i = 0; i < batch; i++)
			redisAppendCommand(c, "XACK bench g %s", entries->element[i]->element[0]->str);
		for (int i = 0; i < batch; i++)
			freeReplyObject(reply(c));
		freeReplyObject(r);
	}
}

int main(int argc, char **argv)
{
	if (argc != 5 || atol(argv[1]) < 1 || atoi(argv[2]) < 1) {
		fprintf(stderr, "usage: redis_queue MESSAGES BATCH everysec|always FOLDER\n");
		return 2;
	}
	long messages = atol(argv[1]);
	int batch = atoi(argv[2]);
	char socket[256];
	snprintf(socket, sizeof socket, "/tmp/redis_queue.%d", (int)getpid());
	pid_t server = start(argv[3], argv[4], socket);
	redisContext *c = NULL;
	for (int tries = 0; tries < 500; tries++) {
		if (c)
			redisFree(c);
		c = redisConnectUnix(socket);
		if (c && !c->err)
			break;
		usleep(10000);
	}
	if (!c || c->err)
		fail("the server does not answer");
	redisAppendCommand(c, "XGROUP CREATE bench g $ MKSTREAM");
	freeReplyObject(reply(c));
	cycle(c, messages / 20, batch);
	double from = now();
	cycle(c, messages, batch);
	double seconds = now() - from;
	long done = (messages + batch - 1) / batch * batch;
	printf("{\"pattern\":\"redis\",\"messages\":%ld,\"batch\":%d,\"messages_per_s\":%.0f}\n", done, batch, done / seconds);
	redisFree(c);
	kill(server, SIGTERM);
	waitpid(server, NULL, 0);
	unlink(socket);
	return 0;
}
