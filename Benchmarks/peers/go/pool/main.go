// Command pool measures how many trivial jobs a second Go's usual worker
// patterns carry. A job is one int; doing it adds 2*n+1 to a sum that is checked
// at the end, so no pattern can win by losing jobs.
//
// It prints one JSON line, timed inside the process after a warm-up of 5 %.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

type params struct {
	jobs, workers, buf, batch, stages int
}

// Libraries that are built in add theirs; see ants.go and pond.go.
var patterns = map[string]func(params) int64{
	"chan":         channel,
	"pipe":         pipeline,
	"pipebatch":    batchedPipeline,
	"dispatch":     dispatcher,
	"w2":           idleWorkers,
	"goroutine":    goroutines,
	"goroutinesem": limitedGoroutines,
	"ctxpool":      jobsAndResults,
}

func work(n int) int64 { return int64(2*n + 1) }

func want(n int) int64 { x := int64(n); return x * x } // the sum of 2i+1 for i < n

func main() {
	name := flag.String("pattern", "chan", "which pattern of the list in main.go")
	var p params
	flag.IntVar(&p.jobs, "jobs", 1_000_000, "jobs to carry")
	flag.IntVar(&p.workers, "workers", 8, "goroutines, in each stage of a pipeline")
	flag.IntVar(&p.buf, "buf", 256, "slots of a bounded channel")
	flag.IntVar(&p.batch, "batch", 64, "jobs in a channel element (pipebatch)")
	flag.IntVar(&p.stages, "stages", 3, "stages of a pipeline")
	flag.Parse()
	f := patterns[*name]
	if f == nil {
		fmt.Fprintln(os.Stderr, "no such pattern:", *name)
		os.Exit(2)
	}
	warm := p
	warm.jobs = p.jobs / 20
	if got := f(warm); got != want(warm.jobs) {
		fmt.Fprintln(os.Stderr, *name, "lost jobs in the warm-up")
		os.Exit(1)
	}
	runtime.GC()
	t0 := time.Now()
	got := f(p)
	d := time.Since(t0)
	if got != want(p.jobs) {
		fmt.Fprintln(os.Stderr, *name, "wrong sum", got, want(p.jobs))
		os.Exit(1)
	}
	var ru syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"pattern": *name, "jobs": p.jobs, "workers": p.workers, "buf": p.buf,
		"seconds": d.Seconds(), "jobs_per_s": float64(p.jobs) / d.Seconds(),
		"ns_per_job": float64(d.Nanoseconds()) / float64(p.jobs),
		"rss_mib":    float64(ru.Maxrss) / 1024, "go": runtime.Version(), "procs": runtime.GOMAXPROCS(0),
	})
}
