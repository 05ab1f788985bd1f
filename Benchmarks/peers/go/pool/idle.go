package main

import (
	"sync"
	"sync/atomic"
)

// Workers that say when they are idle: each puts its own channel into a channel
// of channels, and whoever takes it from there may send it one job.
type idlePool struct {
	idle chan chan int
	quit chan struct{}
	left sync.WaitGroup // jobs
	ends sync.WaitGroup // workers
	sum  atomic.Int64
}

func newIdlePool(p params) *idlePool {
	pool := &idlePool{idle: make(chan chan int, p.workers), quit: make(chan struct{})}
	pool.left.Add(p.jobs)
	pool.ends.Add(p.workers)
	for w := 0; w < p.workers; w++ {
		go pool.run()
	}
	return pool
}

func (pool *idlePool) run() {
	defer pool.ends.Done()
	mine := make(chan int)
	for {
		select {
		case pool.idle <- mine:
		case <-pool.quit:
			return
		}
		select {
		case n := <-mine:
			pool.sum.Add(work(n))
			pool.left.Done()
		case <-pool.quit:
			return
		}
	}
}

func (pool *idlePool) wait() int64 {
	pool.left.Wait()
	close(pool.quit)
	pool.ends.Wait()
	return pool.sum.Load()
}

// A dispatcher between a queue and the idle workers, with a goroutine for each
// job so that it never waits itself.
func dispatcher(p params) int64 {
	pool := newIdlePool(p)
	queue := make(chan int, p.buf)
	go func() {
		for {
			select {
			case n := <-queue:
				go func() {
					worker := <-pool.idle
					worker <- n
				}()
			case <-pool.quit:
				return
			}
		}
	}()
	for i := 0; i < p.jobs; i++ {
		queue <- i
	}
	return pool.wait()
}

// The sender itself takes an idle worker's channel.
func idleWorkers(p params) int64 {
	pool := newIdlePool(p)
	for i := 0; i < p.jobs; i++ {
		worker := <-pool.idle
		select {
		case worker <- i:
		case <-pool.quit:
			return -1
		}
	}
	return pool.wait()
}
