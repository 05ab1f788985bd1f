/* About the least that a native host of Lua handlers can cost: N threads, a Lua state each; per line push the string,
 * lua_pcall the handler, walk the returned table and write it as JSON. Batches of 64 KiB are taken from the mapped
 * input; the output's order is free. It has no channels, limits, accounting or error handling to speak of.
 * usage: chost THREADS SCRIPT.lua INPUT OUTPUT     (the script returns the handler) */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#define BATCH 65536
static const char *data, *script;
static size_t size;
static size_t taken; /* guarded by in_lock */
static pthread_mutex_t in_lock = PTHREAD_MUTEX_INITIALIZER, out_lock = PTHREAD_MUTEX_INITIALIZER;
static int outfd;
static atomic_int errors;

typedef struct { char *p; size_t n, cap; } Buf;

static void need(Buf *b, size_t k)
{
	if (b->n + k > b->cap) {
		b->cap = (b->n + k) * 2;
		b->p = realloc(b->p, b->cap);
	}
}

static void put(Buf *b, const char *s, size_t k)
{
	need(b, k);
	memcpy(b->p + b->n, s, k);
	b->n += k;
}

static const unsigned char special[256] = { [0 ... 31] = 1, ['"'] = 1, ['\\'] = 1 };

static void put_string(Buf *b, const char *s, size_t k)
{
	need(b, k * 6 + 2);
	char *o = b->p + b->n;
	*o++ = '"';
	for (size_t i = 0; i < k; i++) {
		unsigned char c = s[i];
		if (!special[c])
			*o++ = c;
		else if (c >= 32) {
			*o++ = '\\';
			*o++ = c;
		} else
			o += sprintf(o, "\\u%04x", c);
	}
	*o++ = '"';
	b->n = o - b->p;
}

static void put_table(Buf *b, lua_State *L)
{
	char num[32], sep = '{';
	lua_pushnil(L);
	while (lua_next(L, -2)) {
		size_t k;
		put(b, &sep, 1);
		sep = ',';
		const char *s = lua_tolstring(L, -2, &k); /* keys are strings */
		put_string(b, s, k);
		put(b, ":", 1);
		if (lua_type(L, -1) == LUA_TNUMBER) {
			int m = lua_isinteger(L, -1) ? snprintf(num, sizeof num, "%lld", (long long) lua_tointeger(L, -1))
			                             : snprintf(num, sizeof num, "%.17g", lua_tonumber(L, -1));
			put(b, num, m);
		} else {
			s = lua_tolstring(L, -1, &k);
			put_string(b, s ? s : "", s ? k : 0);
		}
		lua_pop(L, 1);
	}
	put(b, "}\n", 2);
}

static void *worker(void *arg)
{
	(void) arg;
	lua_State *L = luaL_newstate();
	luaL_openlibs(L);
	if (luaL_dofile(L, script)) {
		fprintf(stderr, "%s\n", lua_tostring(L, -1));
		exit(1);
	}
	if (!lua_isfunction(L, 1)) {
		fprintf(stderr, "%s does not return a function\n", script);
		exit(1);
	}
	Buf b = { 0 };
	for (;;) {
		pthread_mutex_lock(&in_lock);
		size_t from = taken, to = from + BATCH;
		const char *newline = to < size ? memchr(data + to, '\n', size - to) : NULL;
		to = newline ? (size_t) (newline - data) + 1 : size;
		taken = to;
		pthread_mutex_unlock(&in_lock);
		if (from >= size)
			break;
		b.n = 0;
		for (const char *p = data + from, *end = data + to; p < end;) {
			const char *e = memchr(p, '\n', end - p);
			if (!e)
				e = end;
			lua_pushvalue(L, 1);
			lua_pushlstring(L, p, e - p);
			if (lua_pcall(L, 1, 1, 0))
				atomic_fetch_add(&errors, 1);
			else if (lua_istable(L, -1))
				put_table(&b, L);
			lua_settop(L, 1);
			p = e + 1;
		}
		pthread_mutex_lock(&out_lock);
		for (size_t o = 0; o < b.n;) {
			ssize_t w = write(outfd, b.p + o, b.n - o);
			if (w < 0) {
				perror("write");
				exit(1);
			}
			o += w;
		}
		pthread_mutex_unlock(&out_lock);
	}
	lua_close(L);
	free(b.p);
	return NULL;
}

int main(int argc, char **argv)
{
	struct stat st;
	pthread_t t[64];
	int n = argc == 5 ? atoi(argv[1]) : 0, in;
	if (n < 1 || n > 64) {
		fprintf(stderr, "usage: chost THREADS SCRIPT.lua INPUT OUTPUT\n");
		return 2;
	}
	script = argv[2];
	if ((in = open(argv[3], O_RDONLY)) < 0 || fstat(in, &st) || (outfd = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC, 0644)) < 0) {
		perror("open");
		return 1;
	}
	size = st.st_size;
	data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, in, 0);
	if (data == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	for (int i = 0; i < n; i++)
		pthread_create(&t[i], NULL, worker, NULL);
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	return errors != 0;
}
