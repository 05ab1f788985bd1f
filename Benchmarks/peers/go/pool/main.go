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
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type params struct {
	jobs, workers, buf, batch, stages int
}

var patterns = map[string]func(params) int64{
	"chan":      channel,
	"pipe":      pipeline,
	"pipebatch": batchedPipeline,
}

func work(n int) int64 { return int64(2*n + 1) }

func want(n int) int64 { x := int64(n); return x * x } // the sum of 2i+1 for i < n

// One bounded channel, one producer, N consumers.
func channel(p params) int64 {
	ch := make(chan int, p.buf)
	var wg sync.WaitGroup
	var sum atomic.Int64
	wg.Add(p.workers)
	for w := 0; w < p.workers; w++ {
		go func() {
			defer wg.Done()
			var s int64
			for n := range ch {
				s += work(n)
			}
			sum.Add(s)
		}()
	}
	for i := 0; i < p.jobs; i++ {
		ch <- i
	}
	close(ch)
	wg.Wait()
	return sum.Load()
}

// A pipeline of p.stages stages, p.workers goroutines in each, a bounded
// channel in front of every stage and one sink. Each stage adds 1 and the last
// applies work() to what is left after taking the additions off again.
func pipeline(p params) int64 {
	in := make(chan int, p.buf)
	first := in
	for s := 0; s < p.stages; s++ {
		out := make(chan int, p.buf)
		src, last := in, s == p.stages-1
		k := p.stages - 1
		var wg sync.WaitGroup
		wg.Add(p.workers)
		for w := 0; w < p.workers; w++ {
			go func() {
				defer wg.Done()
				for n := range src {
					if last {
						out <- int(work(n - k))
					} else {
						out <- n + 1
					}
				}
			}()
		}
		go func() { wg.Wait(); close(out) }()
		in = out
	}
	go func() {
		for i := 0; i < p.jobs; i++ {
			first <- i
		}
		close(first)
	}()
	var sum int64
	for n := range in {
		sum += int64(n)
	}
	return sum
}

// The same with a slice of p.batch jobs in each channel element: what batching
// by hand, visible to every stage, would give.
func batchedPipeline(p params) int64 {
	depth := p.buf / p.batch
	in := make(chan []int, depth)
	first := in
	for s := 0; s < p.stages; s++ {
		out := make(chan []int, depth)
		src, last := in, s == p.stages-1
		k := p.stages - 1
		var wg sync.WaitGroup
		wg.Add(p.workers)
		for w := 0; w < p.workers; w++ {
			go func() {
				defer wg.Done()
				for b := range src {
					for i, n := range b {
						if last {
							b[i] = int(work(n - k))
						} else {
							b[i] = n + 1
						}
					}
					out <- b
				}
			}()
		}
		go func() { wg.Wait(); close(out) }()
		in = out
	}
	go func() {
		for i := 0; i < p.jobs; {
			b := make([]int, 0, p.batch)
			for len(b) < p.batch && i < p.jobs {
				b = append(b, i)
				i++
			}
			first <- b
		}
		close(first)
	}()
	var sum int64
	for b := range in {
		for _, n := range b {
			sum += int64(n)
		}
	}
	return sum
}

func main() {
	name := flag.String("pattern", "chan", "chan, pipe or pipebatch")
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
