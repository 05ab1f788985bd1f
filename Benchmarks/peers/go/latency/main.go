// Command latency measures how long short jobs wait for a worker while one job
// in a hundred is long. Jobs come at a steady rate, in small bursts, whatever
// the workers do.
//
// It prints one JSON line: the time from a burst's arrival to a short job's start.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sort"
	"sync"
	"time"
)

const (
	burst       = 16
	stepsAMicro = 800 // of spin; about a microsecond
	longMicros  = 5_000
)

type job struct {
	number  int
	arrived time.Time
}

type worker struct {
	long, count, sum int
	waits            []time.Duration
	result           uint64 // so that spinning is not optimised away
	sleeps           bool   // in long jobs
}

var patterns = map[string]func(params) []*worker{"chan": channel, "batch": batches, "w2": idleWorkers}

type params struct {
	jobs, workers, rate, buf, batch int
	sleeps                          bool
}

// The SplitMix64 generator's output for that state.
func mixed(state uint64) uint64 {
	z := state * 0x9e3779b97f4a7c15
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

func isLong(number int) bool { return mixed(uint64(number)+1)%100 == 0 }

func micros(number int) int {
	if isLong(number) {
		return longMicros
	}
	return 5 + int(mixed(uint64(number)+1)/100%16)
}

func spin(steps int) uint64 {
	x := uint64(1)
	for i := 0; i < steps; i++ {
		x = (x ^ (x >> 31)) * 0xbf58476d1ce4e5b9
	}
	return x
}

func (w *worker) do(j job) {
	if isLong(j.number) {
		w.long++
	} else {
		w.waits = append(w.waits, time.Since(j.arrived))
	}
	if w.sleeps && isLong(j.number) {
		time.Sleep(longMicros * time.Microsecond)
	} else {
		w.result ^= spin(micros(j.number) * stepsAMicro)
	}
	w.count++
	w.sum += j.number
}

// Jobs come in bursts, which are late if there was no room; then the workers come to their end.
func feed(p params, jobs chan<- job, wait func()) {
	start := time.Now()
	for first := 0; first < p.jobs; first += burst {
		due := start.Add(time.Duration(first) * time.Second / time.Duration(p.rate))
		time.Sleep(time.Until(due))
		now := time.Now()
		for n := first; n < first+burst && n < p.jobs; n++ {
			jobs <- job{n, now}
		}
	}
	close(jobs)
	wait()
}

func start(p params, run func(*worker)) (workers []*worker, wait func()) {
	var wg sync.WaitGroup
	for n := 0; n < p.workers; n++ {
		w := &worker{sleeps: p.sleeps}
		workers = append(workers, w)
		wg.Add(1)
		go func() { defer wg.Done(); run(w) }()
	}
	return workers, wg.Wait
}

// One bounded channel that all workers read.
func channel(p params) []*worker {
	jobs := make(chan job, p.buf)
	workers, wait := start(p, func(w *worker) {
		for j := range jobs {
			w.do(j)
		}
	})
	feed(p, jobs, wait)
	return workers
}

// The same, where a worker takes what is there, up to p.batch, before it begins.
func batches(p params) []*worker {
	jobs := make(chan job, p.buf)
	workers, wait := start(p, func(w *worker) {
		for first := range jobs {
			taken := []job{first}
			for more := true; more && len(taken) < p.batch; {
				select {
				case j, ok := <-jobs:
					if ok {
						taken = append(taken, j)
					}
					more = ok
				default:
					more = false
				}
			}
			for _, j := range taken {
				w.do(j)
			}
		}
	})
	feed(p, jobs, wait)
	return workers
}

// Each idle worker's channel lies in a channel, and a sender goroutine hands one job to each.
func idleWorkers(p params) []*worker {
	queue, idle := make(chan job, p.buf), make(chan chan job, p.workers)
	workers, wait := start(p, func(w *worker) {
		mine := make(chan job)
		for {
			idle <- mine
			j, ok := <-mine
			if !ok {
				return
			}
			w.do(j)
		}
	})
	go func() {
		for j := range queue {
			(<-idle) <- j
		}
		for range workers {
			close(<-idle)
		}
	}()
	feed(p, queue, wait)
	return workers
}

func main() {
	var p params
	name := flag.String("pattern", "chan", "chan, batch or w2")
	flag.IntVar(&p.jobs, "jobs", 50_000, "jobs")
	flag.IntVar(&p.workers, "workers", 4, "workers")
	flag.IntVar(&p.rate, "rate", 12_000, "jobs a second")
	flag.IntVar(&p.buf, "buf", 256, "slots of the channel")
	flag.IntVar(&p.batch, "batch", 64, "jobs that a worker takes at a time (batch)")
	flag.BoolVar(&p.sleeps, "sleeps", false, "long jobs wait and don't compute")
	flag.Parse()
	run := patterns[*name]
	if run == nil {
		fmt.Fprintln(os.Stderr, "no such pattern:", *name)
		os.Exit(2)
	}
	workers := run(p)
	var all worker
	for _, w := range workers {
		all.count += w.count
		all.sum += w.sum
		all.long += w.long
		all.waits = append(all.waits, w.waits...)
	}
	if all.count != p.jobs || all.sum != p.jobs*(p.jobs-1)/2 {
		fmt.Fprintln(os.Stderr, *name, "lost jobs:", all.count, "done")
		os.Exit(1)
	}
	sort.Slice(all.waits, func(i, j int) bool { return all.waits[i] < all.waits[j] })
	at := func(share float64) float64 {
		return float64(all.waits[int(share*float64(len(all.waits)-1))].Nanoseconds()) / 1e3
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{
		"pattern": *name, "jobs": p.jobs, "workers": p.workers, "long": all.long,
		"p50_us": at(0.5), "p99_us": at(0.99), "max_us": at(1), "go": runtime.Version(),
	})
}
