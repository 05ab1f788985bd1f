//go:build pond

package main

import (
	"sync/atomic"

	"github.com/alitto/pond/v2"
)

func init() {
	patterns["pond"] = func(p params) int64 { return pondGo(p, pond.WithQueueSize(p.buf)) }
	patterns["pondunbounded"] = func(p params) int64 { return pondGo(p) }
}

// A closure for each job.
func pondGo(p params, options ...pond.Option) int64 {
	pool := pond.NewPool(p.workers, options...)
	var sum atomic.Int64
	for i := 0; i < p.jobs; i++ {
		n := i
		if pool.Go(func() { sum.Add(work(n)) }) != nil {
			return -1
		}
	}
	pool.StopAndWait()
	return sum.Load()
}
