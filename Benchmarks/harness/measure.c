/* Runs one command and writes what it took, as one JSON line, to REPORT.
 *
 * usage: measure [--first-byte] REPORT COMMAND [ARGUMENT...]
 *
 * This is a program of its own because Linux counts the memory a process had before exec in its peak: started
 * straight from Python, every small peer would weigh as much as the interpreter. With --first-byte the command's
 * standard output is read (and thrown away) here, and the time until its first byte is reported. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

static void fail(const char *what)
{
	perror(what);
	exit(125);
}

int main(int argc, char **argv)
{
	int want_first = argc > 1 && !strcmp(argv[1], "--first-byte"), ends[2], status;
	char **rest = argv + 1 + want_first, drop[65536];
	struct rusage usage;
	double first = -1;
	if (argc - want_first < 3) {
		fprintf(stderr, "usage: measure [--first-byte] REPORT COMMAND [ARGUMENT...]\n");
		return 125;
	}
	if (want_first && pipe(ends))
		fail("pipe");
	double from = now();
	pid_t child = fork();
	if (child < 0)
		fail("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing is left running when the harness is stopped */
		if (want_first) {
			dup2(ends[1], 1);
			close(ends[0]);
			close(ends[1]);
		}
		execvp(rest[1], rest + 1);
		perror(rest[1]);
		_exit(127);
	}
	if (want_first) {
		close(ends[1]);
		while (read(ends[0], drop, sizeof drop) > 0)
			if (first < 0)
				first = now() - from;
	}
	if (wait4(child, &status, 0, &usage) != child)
		fail("wait4");
	double wall = now() - from;
	FILE *report = fopen(rest[0], "w");
	if (!report)
		fail(rest[0]);
	fprintf(report, "{\"wall\":%.6f,\"cpu\":%.6f,\"rss_mib\":%.3f,\"status\":%d,\"first_byte\":%.6f}\n", wall,
	        seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss / 1024.0,
	        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), first);
	return fclose(report) ? 125 : 0;
}
