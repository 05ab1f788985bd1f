//go:build pond

package main

import "github.com/alitto/pond/v2"

func init() {
	patterns["pond"] = func(p *params) {
		pool := pond.NewPool(p.workers, pond.WithQueueSize(p.workers))
		for i := 0; i < p.jobs; i++ {
			if pool.Go(p.job) != nil {
				break
			}
		}
		pool.StopAndWait()
	}
}
