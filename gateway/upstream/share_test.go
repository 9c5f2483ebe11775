package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// broadcaster is a service whose streams a test controls.
type broadcaster struct {
	streams chan *broadcast // those that were opened
	refuses atomic.Int64    // the status of an answer that is no stream; 0 for none
	asked   atomic.Int64
}

// broadcast is one of its streams.
type broadcast struct {
	request *http.Request
	send    chan string   // texts; it ends when it is closed
	lose    chan struct{} // closed to lose the connection
	closed  chan struct{} // closed when the gateway has closed it
}

func serveBroadcasts(t *testing.T) (*broadcaster, string) {
	t.Helper()
	b := &broadcaster{streams: make(chan *broadcast, 100)}
	return b, serve(t, b.ServeHTTP)
}

func (b *broadcaster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.asked.Add(1)
	if status := b.refuses.Load(); status != 0 {
		w.WriteHeader(int(status))
		return
	}
	w.Header().Set("Content-Type", sse)
	_ = http.NewResponseController(w).Flush()
	s := &broadcast{r, make(chan string), make(chan struct{}), make(chan struct{})}
	b.streams <- s
	for {
		select {
		case text, more := <-s.send:
			if !more {
				return
			}
			_, _ = io.WriteString(w, text)
			_ = http.NewResponseController(w).Flush()
		case <-s.lose:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
			close(s.closed)
			return
		}
	}
}

// event sends an event that is a row.
func (s *broadcast) event(id string) {
	s.send <- fmt.Sprintf("id: %s\ndata: {\"id\":%q}\n\n", id, id)
}

// listener reads the ids of events.
type listener struct {
	t     *testing.T
	pull  func() (string, error, bool)
	leave func()
}

func listen(t *testing.T, ctx context.Context, c upstream.HTTP, r upstream.Request) *listener { //nolint:revive // t first, as everywhere in tests
	t.Helper()
	readers, err := c.StreamJSON(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return listenTo(t, rowsOf(readers))
}

func listenTo(t *testing.T, ids iter.Seq2[string, error]) *listener {
	t.Helper()
	pull, stop := iter.Pull2(ids)
	t.Cleanup(stop)
	return &listener{t, pull, stop}
}

func (l *listener) wants(ids ...string) {
	l.t.Helper()
	for _, id := range ids {
		if got, err, more := l.pull(); got != id || err != nil || !more {
			l.t.Fatalf("got %q, %v, %t; want %q", got, err, more, id)
		}
	}
}

// wantsEnd wants the end, with a problem unless code is empty.
func (l *listener) wantsEnd(code problem.Code) {
	l.t.Helper()
	got, err, more := l.pull()
	if code == "" {
		if more {
			l.t.Errorf("got %q, %v; want the end", got, err)
		}
		return
	}
	if err == nil || problem.CodeOf(err) != code {
		l.t.Errorf("got %q, %v; want %s", got, err, code)
	}
	if _, _, more := l.pull(); more {
		l.t.Error("an event after an error")
	}
}

func (b *broadcaster) wantsAsked(t *testing.T, want int64) {
	t.Helper()
	if got := b.asked.Load(); got != want {
		t.Errorf("the service had %d requests, want %d", got, want)
	}
}

var (
	state  = upstream.Request{Path: []string{"x"}, Sharing: upstream.ShareState}
	events = upstream.Request{Path: []string{"x"}, Sharing: upstream.ShareEvents}
)

// Subscribers share a stream. It is closed when the last one leaves, and then there
// is another one.
func TestSharedStream(t *testing.T) {
	b, url := serveBroadcasts(t)
	client := open(t, upstream.Config{URL: url})
	for round := range int64(2) {
		all := make([]*listener, 50)
		for i := range all {
			all[i] = listen(t, t.Context(), client, events)
		}
		s := <-b.streams
		for _, id := range []string{"a", "b"} {
			s.event(id)
			for _, l := range all {
				l.wants(id)
			}
		}
		b.wantsAsked(t, round+1)
		for _, l := range all {
			l.leave()
		}
		<-s.closed
	}
}

// What the service is sent distinguishes streams: one caller never receives the
// events of another one whom the service could tell apart.
func TestStreamsThatAreNotShared(t *testing.T) {
	b, url := serveBroadcasts(t)
	client := open(t, upstream.Config{URL: url, ForwardAuthorization: true, SubjectHeader: "X-Subject"})
	anyone := upstream.Caller{Authorization: "a", Subject: "s"}
	with := func(change func(r *upstream.Request)) upstream.Request {
		r := events
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		caller upstream.Caller
		r      upstream.Request
	}{
		"the same":              {anyone, events},
		"another token":         {upstream.Caller{Authorization: "b", Subject: "s"}, events},
		"no token":              {upstream.Caller{Subject: "s"}, events},
		"another subject":       {upstream.Caller{Authorization: "a", Subject: "t"}, events},
		"another path":          {anyone, with(func(r *upstream.Request) { r.Path = []string{"y"} })},
		"a query":               {anyone, with(func(r *upstream.Request) { r.Query = map[string][]string{"a": {"1"}} })},
		"a header":              {anyone, with(func(r *upstream.Request) { r.Header = http.Header{"X-Region": {"eu"}} })},
		"a method":              {anyone, with(func(r *upstream.Request) { r.Method = http.MethodPost })},
		"a body":                {anyone, with(func(r *upstream.Request) { r.Method, r.Body = http.MethodPost, "a" })},
		"another body":          {anyone, with(func(r *upstream.Request) { r.Method, r.Body = http.MethodPost, "b" })},
		"other events":          {anyone, with(func(r *upstream.Request) { r.Events = []string{"message"} })},
		"events as the state":   {anyone, with(func(r *upstream.Request) { r.Sharing = upstream.ShareState })},
		"a stream of one's own": {anyone, with(func(r *upstream.Request) { r.Sharing = upstream.ShareNothing })},
	} {
		listen(t, upstream.WithCaller(t.Context(), c.caller), client, c.r)
		s := <-b.streams
		if got := s.request.Header.Get("Authorization") + s.request.Header.Get("X-Subject"); got != c.caller.Authorization+c.caller.Subject {
			t.Errorf("%s: the service was told %q", name, got)
		}
	}
	// What is for logs and traces does not: the stream has that of the first.
	for _, trace := range []string{"1", "2"} {
		caller := anyone
		caller.RequestID = trace
		caller.Headers = http.Header{"Traceparent": {trace}, "X-Other": {trace}}
		listen(t, upstream.WithCaller(t.Context(), caller), client, events)
	}
	b.wantsAsked(t, 13)
}

// Without coalescing, nothing is shared.
func TestSharingWithoutCoalescing(t *testing.T) {
	b, url := serveBroadcasts(t)
	store, err := cache.New(cache.Config{Separate: true})
	if err != nil {
		t.Fatal(err)
	}
	client := open(t, upstream.Config{URL: url, Store: store})
	for range 3 {
		l := listen(t, t.Context(), client, state)
		s := <-b.streams
		s.event("a")
		l.wants("a")
	}
	b.wantsAsked(t, 3)
}

// A late subscriber receives the state, or the events that follow.
func TestLateSubscriber(t *testing.T) {
	for name, r := range map[string]upstream.Request{"state": state, "events": events} {
		t.Run(name, func(t *testing.T) {
			b, url := serveBroadcasts(t)
			client := open(t, upstream.Config{URL: url})
			first := listen(t, t.Context(), client, r)
			s := <-b.streams
			s.event("a")
			s.event("b")
			first.wants("a", "b")
			late := listen(t, t.Context(), client, r)
			s.event("c")
			first.wants("c")
			if name == "state" {
				late.wants("b")
			}
			late.wants("c")
			b.wantsAsked(t, 1)
		})
	}
}

// One that reads too slowly is dropped alone, after what waits for it.
func TestSlowSubscriber(t *testing.T) {
	b, url := serveBroadcasts(t)
	client := open(t, upstream.Config{URL: url})
	quick, slow := listen(t, t.Context(), client, events), listen(t, t.Context(), client, events)
	s := <-b.streams
	var sent []string
	for i := range 40 {
		sent = append(sent, strconv.Itoa(i))
		s.event(sent[i])
		quick.wants(sent[i])
	}
	slow.wants(sent[:16]...)
	slow.wantsEnd(problem.Unavailable)
	again := listen(t, t.Context(), client, events)
	s.event("on")
	quick.wants("on")
	again.wants("on")
	b.wantsAsked(t, 1)
	quick.leave()
	again.leave()
	<-s.closed
}

// A stream that breaks is resumed after the last event, without an error and
// without a second stream.
func TestStreamThatIsResumed(t *testing.T) {
	b, url := serveBroadcasts(t)
	client := open(t, upstream.Config{URL: url})
	all := []*listener{listen(t, t.Context(), client, events), listen(t, t.Context(), client, events)}
	last := ""
	for _, id := range []string{"a", "b", "c"} {
		s := <-b.streams
		if got := s.request.Header.Get("Last-Event-ID"); got != last {
			t.Errorf("resumed after %q, want %q", got, last)
		}
		s.event(id)
		for _, l := range all {
			l.wants(id)
		}
		close(s.lose)
		last = id
	}
	s := <-b.streams
	b.wantsAsked(t, 4)
	close(s.send) // the service ends it
	for _, l := range all {
		l.wantsEnd("")
	}
	b.wantsAsked(t, 4)
}

// A service that is not available is tried again, until the window is over. Then
// all get the error.
func TestStreamThatCantBeResumed(t *testing.T) {
	b, url := serveBroadcasts(t)
	client := open(t, upstream.Config{URL: url, Resume: 400 * time.Millisecond})
	all := []*listener{listen(t, t.Context(), client, state), listen(t, t.Context(), client, state)}
	s := <-b.streams
	b.refuses.Store(http.StatusServiceUnavailable)
	s.event("a")
	close(s.lose)
	for _, l := range all {
		l.wants("a")
		l.wantsEnd(problem.ServiceError)
	}
	if n := b.asked.Load(); n < 2 || n > 5 {
		t.Errorf("the service had %d requests", n)
	}
	b.refuses.Store(0)
	l := listen(t, t.Context(), client, state) // begins anew, without an old event
	s = <-b.streams
	s.event("b")
	l.wants("b")
}

// A refusal is passed on at once, when the stream begins and when it is resumed.
func TestSharedStreamThatIsRefused(t *testing.T) {
	for status, code := range map[int64]problem.Code{404: problem.ServiceError, 403: problem.Forbidden, 401: problem.Unauthenticated, 500: problem.ServiceError} {
		b, url := serveBroadcasts(t)
		client := open(t, upstream.Config{URL: url, Resume: time.Hour})
		b.refuses.Store(status)
		for range 2 {
			if _, err := client.StreamJSON(t.Context(), events); problem.CodeOf(err) != code || !upstream.IsStatus(err, int(status)) {
				t.Errorf("%d: %v", status, err)
			}
		}
		b.refuses.Store(0)
		l := listen(t, t.Context(), client, events)
		s := <-b.streams
		b.refuses.Store(status)
		close(s.lose)
		l.wantsEnd(code)
		b.wantsAsked(t, 4)
	}
	// One that does not begin is tried again as often as a call is.
	b, url := serveBroadcasts(t)
	b.refuses.Store(http.StatusServiceUnavailable)
	_, err := open(t, upstream.Config{URL: url, Resume: time.Hour}).StreamJSON(t.Context(), events)
	if !upstream.IsStatus(err, http.StatusServiceUnavailable) {
		t.Errorf("got %v", err)
	}
	b.wantsAsked(t, 2)
	// What is not a stream, or has an event that is too long, is no break.
	for _, answer := range []http.HandlerFunc{answers(200, "text/html", "down"), streams(sse, untilEnd, "data: "+strings.Repeat("1", 2000))} {
		client := open(t, upstream.Config{URL: serve(t, answer), Resume: time.Hour, MaxResponseBytes: 1000})
		if _, err := rows(t.Context(), client, events); problem.CodeOf(err) != problem.ServiceError {
			t.Errorf("got %v", err)
		}
	}
}

func untilEnd(r *http.Request) { <-r.Context().Done() }

// All wait for the stream to begin. The first of them can leave.
func TestStreamWhoseFirstSubscriberLeaves(t *testing.T) {
	asked, begin := make(chan struct{}, 2), make(chan struct{})
	client := open(t, upstream.Config{URL: serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-begin
		streams(sse, untilEnd, oneRow)(w, r)
	})})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	first, second := make(chan error), make(chan *listener)
	go func() {
		_, err := client.StreamJSON(ctx, events)
		first <- err
	}()
	<-asked
	go func() {
		l := listen(t, t.Context(), client, events)
		second <- l
	}()
	upstream.AwaitSubscribers(client, 2)
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(begin)
	(<-second).wants("a")
	if len(asked) > 0 {
		t.Error("there was a second stream")
	}
}

// A subscriber whose context is done leaves, whether or not it reads events.
func TestSharedStreamEndsWithItsContexts(t *testing.T) {
	b, url := serveBroadcasts(t)
	client := open(t, upstream.Config{URL: url})
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := client.StreamJSON(ctx, events); err != nil { // nobody reads it
		t.Fatal(err)
	}
	l := listen(t, ctx, client, events)
	s := <-b.streams
	s.event("a")
	l.wants("a")
	cancel()
	if _, err, _ := l.pull(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-s.closed
}

// Streams end when the gateway stops, and none begins after that.
func TestSharedStreamsEndWithTheGateway(t *testing.T) {
	b, url := serveBroadcasts(t)
	services, err := upstream.Open([]upstream.Config{{Name: "rows", URL: url}})
	if err != nil {
		t.Fatal(err)
	}
	client, err := services.HTTP("rows")
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t, t.Context(), client, events)
	s := <-b.streams
	if err := services.Close(); err != nil {
		t.Error(err)
	}
	<-s.closed
	l.wantsEnd(problem.Unavailable)
	if _, err := client.StreamJSON(t.Context(), events); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("got %v", err)
	}
}
