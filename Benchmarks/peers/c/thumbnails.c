/* Thumbnails 320 px wide, JPEG q80, in one process with N threads on libvips:
 * what a host that calls libvips from its own workers can reach here.
 * cc -O2 thumbnails.c -o thumbnails $(pkg-config --cflags --libs vips) -lpthread
 * usage: thumbnails THREADS OUTDIR FILE... (VIPS_CONCURRENCY=1 in the environment) */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vips/vips.h>

static char **files;
static int nfiles;
static const char *outdir;
static atomic_int next, failed;

static void *worker(void *arg)
{
	(void) arg;
	for (int i; (i = atomic_fetch_add(&next, 1)) < nfiles;) {
		char dst[4096];
		const char *base = strrchr(files[i], '/');
		VipsImage *im = NULL;
		snprintf(dst, sizeof dst, "%s/%s", outdir, base ? base + 1 : files[i]);
		if (vips_thumbnail(files[i], &im, 320, NULL) || vips_jpegsave(im, dst, "Q", 80, NULL))
			atomic_fetch_add(&failed, 1);
		if (im)
			g_object_unref(im);
	}
	vips_thread_shutdown();
	return NULL;
}

int main(int argc, char **argv)
{
	int n = argc > 3 ? atoi(argv[1]) : 0;
	pthread_t t[64];
	if (n < 1 || n > 64 || VIPS_INIT(argv[0]))
		return 2;
	outdir = argv[2];
	files = argv + 3;
	nfiles = argc - 3;
	vips_cache_set_max(0);
	for (int i = 0; i < n; i++)
		pthread_create(&t[i], NULL, worker, NULL);
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	vips_shutdown();
	return failed != 0;
}
