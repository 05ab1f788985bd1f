/* The least that calling an empty Lua handler once a job can cost: push an integer, lua_pcall, look at the result.
 * usage: pcall_loop JOBS
 * Prints one JSON line, timed inside the process after a warm-up of 5 %. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void run(lua_State *L, long jobs)
{
	for (long i = 0; i < jobs; i++) {
		lua_pushvalue(L, 1);
		lua_pushinteger(L, i);
		if (lua_pcall(L, 1, 1, 0) || !lua_isnil(L, -1)) {
			fprintf(stderr, "the handler failed\n");
			exit(1);
		}
		lua_settop(L, 1);
	}
}

int main(int argc, char **argv)
{
	long jobs = argc == 2 ? atol(argv[1]) : 0;
	if (jobs < 1) {
		fprintf(stderr, "usage: pcall_loop JOBS\n");
		return 2;
	}
	lua_State *L = luaL_newstate();
	luaL_openlibs(L);
	if (luaL_dostring(L, "return function(value) end")) {
		fprintf(stderr, "%s\n", lua_tostring(L, -1));
		return 1;
	}
	run(L, jobs / 20);
	double from = now();
	run(L, jobs);
	double seconds = now() - from;
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"pattern\":\"pcall\",\"jobs\":%ld,\"workers\":1,\"seconds\":%.6f,\"jobs_per_s\":%.0f,\"rss_mib\":%.1f}\n", jobs, seconds,
	       jobs / seconds, usage.ru_maxrss / 1024.0);
	lua_close(L);
	return 0;
}
