// Command waits has many jobs wait, as for a server's answer: each sleeps, so
// that what counts is how fast jobs are begun and what a waiting one weighs.
//
// It prints one JSON line; jobs are counted and no more than -workers may wait
// at a time, so no pattern can win by losing jobs.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Libraries that are built in add theirs; see ants.go and pond.go. Each does
// all jobs, at most p.workers at a time, and returns when all are done.
var patterns = map[string]func(*params){"goroutinesem": limitedGoroutines}

type params struct {
	jobs, workers       int
	wait                time.Duration
	done, waiting, most atomic.Int64
}

// One job.
func (p *params) job() {
	waiting := p.waiting.Add(1)
	for most := p.most.Load(); waiting > most && !p.most.CompareAndSwap(most, waiting); most = p.most.Load() {
	}
	time.Sleep(p.wait)
	p.waiting.Add(-1)
	p.done.Add(1)
}

// A goroutine for each job, p.workers of them at a time.
func limitedGoroutines(p *params) {
	var wg sync.WaitGroup
	permits := make(chan struct{}, p.workers)
	wg.Add(p.jobs)
	for i := 0; i < p.jobs; i++ {
		permits <- struct{}{}
		go func() {
			p.job()
			<-permits
			wg.Done()
		}()
	}
	wg.Wait()
}

func main() {
	var p params
	name := flag.String("pattern", "goroutinesem", "goroutinesem, or the library that is built in")
	flag.IntVar(&p.jobs, "jobs", 1_000_000, "jobs")
	flag.IntVar(&p.workers, "workers", 10_000, "jobs at a time")
	ms := flag.Int("wait", 10, "milliseconds that each waits")
	flag.Parse()
	p.wait = time.Duration(*ms) * time.Millisecond
	run := patterns[*name]
	if run == nil {
		fmt.Fprintln(os.Stderr, "no such pattern:", *name)
		os.Exit(2)
	}
	start := time.Now()
	run(&p)
	seconds := time.Since(start).Seconds()
	if p.done.Load() != int64(p.jobs) || p.most.Load() > int64(p.workers) {
		fmt.Fprintln(os.Stderr, *name, "did", p.done.Load(), "jobs,", p.most.Load(), "at a time")
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"pattern": *name, "jobs": p.jobs, "workers": p.workers, "wait_ms": *ms, "seconds": seconds,
		"jobs_per_s": float64(p.jobs) / seconds, "most_waiting": p.most.Load(), "go": runtime.Version(),
	})
}
