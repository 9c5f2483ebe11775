package reload

import (
	"context"
	"sync"
)

// Runner is a part of a gateway that runs until ctx is done. One that also has the methods Drain(ctx) and Close() is
// drained when its turn is over, and then closed if the gateway stops.
type Runner interface{ Run(ctx context.Context) }

// Running are the parts of a configuration that run. The zero value has none. It is for one
// goroutine.
type Running struct {
	group sync.WaitGroup
	ends  map[Runner]context.CancelFunc
}

// Change begins the parts that do not run, and ends what else runs. ctx is that of the gateway.
func (r *Running) Change(ctx context.Context, parts ...Runner) {
	next := map[Runner]context.CancelFunc{}
	for _, part := range parts {
		if next[part] != nil { // it is there twice
			continue
		}
		if next[part] = r.ends[part]; next[part] != nil {
			continue
		}
		own, cancel := context.WithCancel(ctx)
		next[part] = cancel
		r.group.Go(func() { run(ctx, own, part) })
	}
	for part, end := range r.ends {
		if next[part] == nil {
			end()
		}
	}
	r.ends = next
}

// Wait waits until all parts have ended, which they do when the gateway's context is done.
func (r *Running) Wait() { r.group.Wait() }

// run runs a part until own is done. One that can be closed is when ctx is done, since the
// gateway stops; if it was replaced before, what callers wait for is done first.
func run(ctx, own context.Context, part Runner) {
	part.Run(own)
	<-own.Done()
	of, closes := part.(interface {
		Drain(ctx context.Context)
		Close()
	})
	if !closes {
		return
	}
	of.Drain(ctx)
	if ctx.Err() != nil {
		of.Close()
	}
}
