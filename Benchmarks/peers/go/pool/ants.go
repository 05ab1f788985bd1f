//go:build ants

package main

import (
	"sync"
	"sync/atomic"

	"github.com/panjf2000/ants/v2"
)

func init() {
	patterns["ants"] = antsSubmit
	patterns["antsfunc"] = antsInvoke
}

// A closure for each job.
func antsSubmit(p params) int64 {
	pool, err := ants.NewPool(p.workers)
	if err != nil {
		return -1
	}
	defer pool.Release()
	var wg sync.WaitGroup
	var sum atomic.Int64
	wg.Add(p.jobs)
	for i := 0; i < p.jobs; i++ {
		n := i
		if pool.Submit(func() { sum.Add(work(n)); wg.Done() }) != nil {
			return -1
		}
	}
	wg.Wait()
	return sum.Load()
}

// One function for all jobs, without a closure each.
func antsInvoke(p params) int64 {
	var wg sync.WaitGroup
	var sum atomic.Int64
	pool, err := ants.NewPoolWithFuncGeneric(p.workers, func(n int) { sum.Add(work(n)); wg.Done() })
	if err != nil {
		return -1
	}
	defer pool.Release()
	wg.Add(p.jobs)
	for i := 0; i < p.jobs; i++ {
		if pool.Invoke(i) != nil {
			return -1
		}
	}
	wg.Wait()
	return sum.Load()
}
