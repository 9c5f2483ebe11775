package upstream_test

import (
	"runtime"
	"strconv"
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Subscribers who were dropped are reported to operators, and so are streams that were
// resumed, once each.
func TestStreamEvents(t *testing.T) {
	b, url := serveBroadcasts(t)
	reported := make(chan upstream.StreamEvent, 10)
	client := open(t, upstream.Config{URL: url, OnStream: func(e upstream.StreamEvent) { reported <- e }})
	named := events
	named.Binding = "web.graphqls:1:2"
	quick := listen(t, t.Context(), client, named)
	s := <-b.streams
	for range 2 {
		listen(t, t.Context(), client, named)
	}
	upstream.AwaitSubscribers(client, 3)
	for i := range 17 {
		s.event(strconv.Itoa(i))
		quick.wants(strconv.Itoa(i))
	}
	want := upstream.StreamEvent{Service: "rows", Stream: "web.graphqls:1:2", Subscribers: 1, Dropped: 2}
	if got := <-reported; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}

	b.refuses.Store(503)
	close(s.lose)
	for b.asked.Load() < 3 { // an attempt has failed
		runtime.Gosched()
	}
	b.refuses.Store(0)
	s = <-b.streams
	s.event("on")
	quick.wants("on")
	got := <-reported
	if got.Service != "rows" || got.Stream != "web.graphqls:1:2" || got.Subscribers != 1 || got.Dropped != 0 || got.Attempts < 2 || got.Outage <= 0 {
		t.Errorf("got %+v", got)
	}
	if problem.CodeOf(got.Cause) != problem.ServiceError {
		t.Errorf("the cause is %v", got.Cause)
	}
	quick.leave()
	<-s.closed
	if len(reported) > 0 {
		t.Errorf("more events: %+v", <-reported)
	}
}
