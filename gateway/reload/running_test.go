package reload

import (
	"context"
	"slices"
	"testing"
)

// part notes what happens to it.
type part struct{ events chan string }

func (p *part) Run(ctx context.Context) {
	p.events <- "run"
	<-ctx.Done()
}
func (p *part) Drain(context.Context) { p.events <- "drain" }
func (p *part) Close()                { p.events <- "close" }

func (p *part) all() (out []string) {
	for e := range p.events {
		out = append(out, e)
	}
	return out
}

// A part runs once, until it is replaced, when it is drained; it is closed only when the gateway stops.
func TestRunning(t *testing.T) {
	var running Running
	ctx, stop := context.WithCancel(t.Context())
	replaced, stays := &part{make(chan string, 9)}, &part{make(chan string, 9)}
	running.Change(ctx, replaced, stays, stays)
	running.Change(ctx, stays)
	for _, want := range []string{"run", "drain"} {
		if got := <-replaced.events; got != want {
			t.Errorf("the part that was replaced: %s, want %s", got, want)
		}
	}
	stop()
	running.Wait()
	close(stays.events)
	close(replaced.events)
	if got, want := stays.all(), []string{"run", "drain", "close"}; !slices.Equal(got, want) {
		t.Errorf("the part that stays: %q, want %q", got, want)
	}
	if got := replaced.all(); len(got) > 1 || len(got) == 1 && got[0] != "close" { // it may have been drained when the gateway stopped
		t.Errorf("then the part that was replaced: %q", got)
	}
}
