package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

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

type job struct{ id, number int }

type result struct {
	id     int
	output int64
	worker int
}

// Jobs and results in channels of their own; workers and the reader of results
// also watch a context.
func jobsAndResults(p params) int64 {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	jobs, results := make(chan job, p.buf), make(chan result, p.buf)
	for w := 0; w < p.workers; w++ {
		go func(worker int) {
			for {
				select {
				case <-ctx.Done():
					return
				case j, ok := <-jobs:
					if !ok {
						return
					}
					results <- result{j.id, work(j.number), worker}
				}
			}
		}(w)
	}
	go func() {
		for i := 0; i < p.jobs; i++ {
			jobs <- job{i, i}
		}
		close(jobs)
	}()
	var sum int64
	for i := 0; i < p.jobs; i++ {
		select {
		case r := <-results:
			sum += r.output
		case <-ctx.Done():
			return -1
		}
	}
	return sum
}
