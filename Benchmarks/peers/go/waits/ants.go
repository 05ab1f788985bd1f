//go:build ants

package main

import (
	"sync"

	"github.com/panjf2000/ants/v2"
)

func init() {
	patterns["ants"] = func(p *params) {
		pool, err := ants.NewPool(p.workers)
		if err != nil {
			return
		}
		defer pool.Release()
		var wg sync.WaitGroup
		wg.Add(p.jobs)
		for i := 0; i < p.jobs; i++ {
			if pool.Submit(func() { p.job(); wg.Done() }) != nil {
				wg.Done()
			}
		}
		wg.Wait()
	}
}
