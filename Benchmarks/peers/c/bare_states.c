/* What a bare Lua state weighs: open N of them with the standard libraries and print the resident set.
 * usage: bare_states N */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static long resident_kib(void)
{
	long size, resident;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%ld %ld", &size, &resident) != 2) {
		perror("/proc/self/statm");
		exit(1);
	}
	fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int argc, char **argv)
{
	int n = argc == 2 ? atoi(argv[1]) : 0;
	if (n < 1) {
		fprintf(stderr, "usage: bare_states N\n");
		return 2;
	}
	for (int i = 0; i < n; i++) {
		lua_State *L = luaL_newstate();
		if (!L)
			return 1;
		luaL_openlibs(L);
	}
	printf("{\"workers\":%d,\"rss_kib\":%ld}\n", n, resident_kib());
	return 0;
}
