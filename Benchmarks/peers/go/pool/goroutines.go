package main

import (
	"sync"
	"sync/atomic"
)

// A goroutine for each job, however many that makes.
func goroutines(p params) int64 {
	var wg sync.WaitGroup
	var sum atomic.Int64
	wg.Add(p.jobs)
	for i := 0; i < p.jobs; i++ {
		go func(n int) {
			sum.Add(work(n))
			wg.Done()
		}(i)
	}
	wg.Wait()
	return sum.Load()
}

// The same, p.workers of them at a time.
func limitedGoroutines(p params) int64 {
	var wg sync.WaitGroup
	var sum atomic.Int64
	permits := make(chan struct{}, p.workers)
	wg.Add(p.jobs)
	for i := 0; i < p.jobs; i++ {
		permits <- struct{}{}
		go func(n int) {
			sum.Add(work(n))
			<-permits
			wg.Done()
		}(i)
	}
	wg.Wait()
	return sum.Load()
}
