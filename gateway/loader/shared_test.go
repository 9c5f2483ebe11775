package loader_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/redis"
)

// rowsService answers keys with themselves, and counts.
type rowsService struct {
	mu      sync.Mutex
	batches []string
	fail    error
	wait    chan struct{}            // batches wait for it, if it is there
	note    func(*provenance.Record) // what an answer is made of
}

func (s *rowsService) fetch(ctx context.Context, keys []string) (map[string]*string, error) {
	s.mu.Lock()
	s.batches = append(s.batches, strings.Join(keys, ""))
	wait, fail := s.wait, s.fail
	s.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if fail != nil {
		return nil, fail
	}
	if s.note != nil {
		s.note(provenance.From(ctx))
	}
	values := map[string]*string{}
	for _, key := range keys {
		if key != "none" {
			values[key] = &key
		}
	}
	return values, nil
}

// asked are the batches since it was asked last, sorted.
func (s *rowsService) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.Sort(s.batches)
	all := strings.Join(s.batches, " ")
	s.batches = nil
	return all
}

func shared(t *testing.T, s *rowsService, maxAge time.Duration) (*loader.Loader[string, *string], *cache.Store) {
	t.Helper()
	store, err := cache.New(cache.Config{Size: 1 << 20, Missing: 50 * time.Millisecond, Random: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return loader.New(10, s.fetch).Cache(loader.Caching{Store: store, Service: "rows", Name: "all", MaxAge: maxAge}), store
}

// load is one request; none stands for a key without a value.
func load(t *testing.T, ctx context.Context, l *loader.Loader[string, *string], keys ...string) (string, provenance.Summary) { //nolint:revive // t goes first in tests
	t.Helper()
	ctx, record := provenance.Begin(loader.WithScope(ctx))
	values, err := l.LoadAll(ctx, keys)
	var b strings.Builder
	for _, v := range values {
		if v != nil {
			b.WriteString(*v)
		} else {
			b.WriteString("-")
		}
	}
	if err != nil {
		return err.Error(), record.Summary()
	}
	return b.String(), record.Summary()
}

// settled waits until the store has what was put, and callers wait: the
// tests run in bubbles (testing/synctest).
func settled() { synctest.Wait() }

func TestCachedKeys(t *testing.T) { synctest.Test(t, cachedKeys) }

func cachedKeys(t *testing.T) {
	s := &rowsService{note: func(r *provenance.Record) { r.Tag("tag"); r.Expires(time.Now().Add(30 * time.Second)) }}
	l, store := shared(t, s, time.Minute)
	for _, c := range []struct{ keys, want, asked string }{
		{"a b", "ab", "ab"}, {"b a", "ba", ""}, {"a c b d", "acbd", "cd"}, {"none a", "-a", "none"}, {"none", "-", ""},
	} {
		got, made := load(t, t.Context(), l, strings.Fields(c.keys)...)
		if asked := s.asked(); got != c.want || asked != c.asked {
			t.Errorf("%s: got %s, asked for %q", c.keys, got, asked)
		}
		if !slices.Equal(made.Tags, []string{"tag"}) || made.Expires.After(time.Now().Add(30*time.Second)) || len(made.Parts) == 0 {
			t.Errorf("%s is made of %+v", c.keys, made)
		}
		settled()
	}
	time.Sleep(60 * time.Millisecond) // a missing value is cached for 50 ms
	if load(t, t.Context(), l, "none", "a"); s.asked() != "none" {
		t.Error("a missing value is cached for too long")
	}
	for what, invalidate := range map[string]func(){
		"its tag": func() { store.Invalidate(t.Context(), "tag") }, "its service": func() { store.Invalidate(t.Context(), cache.ServiceTag("rows")) }, "all": func() { store.Clear(t.Context()) },
		"its answer's tag": func() {
			_, made := load(t, t.Context(), l, "a")
			for _, part := range made.Parts {
				part.Adopt([]string{"answer"})
			}
			store.Invalidate(t.Context(), "answer")
		},
	} {
		load(t, t.Context(), l, "a")
		settled()
		s.asked()
		invalidate()
		if load(t, t.Context(), l, "a"); s.asked() != "a" {
			t.Errorf("a survives %s", what)
		}
		settled()
	}
	// A mutation reads anew, and leaves cached values to others.
	if load(t, provenance.Writing(t.Context()), l, "a"); s.asked() != "a" {
		t.Error("a mutation reads cached values")
	}
}

// What the values of a batch were made of is in an answer once.
func TestPartsOfBatches(t *testing.T) { synctest.Test(t, partsOfBatches) }

func partsOfBatches(t *testing.T) {
	s := &rowsService{}
	l, store := shared(t, s, time.Minute)
	const n = 10
	s.note = func(r *provenance.Record) {
		for i := range n {
			r.Tag(string(rune('a' + i)))
			r.Has(store.PartOf(&cache.Entry{Key: cache.Key{byte(i)}}))
		}
	}
	keys := strings.Fields("0 1 2 3 4 5 6 7 8 9")
	load(t, t.Context(), l, keys...)
	settled()
	s.asked()
	_, made := load(t, t.Context(), l, keys...)
	if asked := s.asked(); asked != "" || len(made.Parts) != n+len(keys) || len(made.Tags) != n {
		t.Errorf("asked for %q; it has %d parts and the tags %q", asked, len(made.Parts), made.Tags)
	}
}

func TestNotKeptKeys(t *testing.T) { synctest.Test(t, notKeptKeys) }

func notKeptKeys(t *testing.T) {
	for name, note := range map[string]func(*provenance.Record){
		"one caller's": func(r *provenance.Record) { r.Uses(provenance.Principal) },
		"by a header":  func(r *provenance.Record) { r.UsesHeader("A") },
		"not fresh":    func(r *provenance.Record) { r.Expires(time.Now()) },
	} {
		s := &rowsService{note: note}
		l, _ := shared(t, s, time.Minute)
		for range 2 {
			load(t, t.Context(), l, "a")
			settled()
		}
		if asked := s.asked(); asked != "a a" {
			t.Errorf("%s: asked %s", name, asked)
		}
	}
	s := &rowsService{fail: errors.New("down")}
	l, _ := shared(t, s, time.Minute)
	for range 2 {
		if got, _ := load(t, t.Context(), l, "a"); !strings.Contains(got, "down") {
			t.Error(got)
		}
		settled()
	}
	if asked := s.asked(); asked != "a a" {
		t.Errorf("an error is cached: asked %s", asked)
	}
}

// Loaders of one family with other arguments have other values.
func TestCachedFamilies(t *testing.T) { synctest.Test(t, cachedFamilies) }

func cachedFamilies(t *testing.T) {
	store, err := cache.New(cache.Config{Size: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	type arguments struct {
		First loader.Opt[int]
		Text  string
	}
	family := loader.NewFamily(10, func(_ context.Context, args arguments, keys []string) (map[string]string, error) {
		values := map[string]string{}
		for _, key := range keys {
			values[key] = fmt.Sprint(args, key)
		}
		return values, nil
	}).Cache(loader.Caching{Store: store, Service: "s", Name: "f", MaxAge: time.Minute})
	seen := map[string]string{}
	one := 1
	for range 2 {
		for _, args := range []arguments{{}, {loader.Some(&one), ""}, {loader.Some(new(int)), ""}, {Text: "{1 true}"}, {Text: `", "`}} {
			got, _ := family.For(args).Load(loader.WithScope(t.Context()), "k")
			if other, ok := seen[got]; ok && other != fmt.Sprintf("%#v", args) {
				t.Errorf("%v and %s are both %s", args, other, got)
			}
			seen[got] = fmt.Sprintf("%#v", args)
			settled()
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d values for 5 arguments", len(seen))
	}
}

// Keys that another request loads at the same time are not loaded again.
func TestOverlappingKeys(t *testing.T) { synctest.Test(t, overlappingKeys) }

func overlappingKeys(t *testing.T) {
	for _, maxAge := range []time.Duration{0, time.Minute} {
		s := &rowsService{wait: make(chan struct{})}
		l, _ := shared(t, s, maxAge)
		var group sync.WaitGroup
		begin := func(keys, want string) {
			group.Go(func() {
				if got, _ := load(t, t.Context(), l, strings.Fields(keys)...); got != want {
					t.Errorf("%s: got %s", keys, got)
				}
			})
			settled()
		}
		begin("a b", "ab")
		begin("b c", "bc")
		begin("c a", "ca")
		close(s.wait)
		group.Wait()
		if asked := s.asked(); asked != "ab c" {
			t.Errorf("asked %s", asked)
		}
	}
}

// Who leaves does not fail those who wait; what is one caller's is loaded by
// each.
func TestLeavingBatches(t *testing.T) { synctest.Test(t, leavingBatches) }

func leavingBatches(t *testing.T) {
	s := &rowsService{wait: make(chan struct{})}
	l, store := shared(t, s, time.Minute)
	first, leave := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { load(t, first, l, "a", "b", "c") })
	settled()
	var right atomic.Int64
	for range 5 {
		group.Go(func() {
			if got, _ := load(t, t.Context(), l, "a", "b"); got == "ab" {
				right.Add(1)
			}
		})
	}
	impatient, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if got, _ := load(t, impatient, l, "a"); !strings.Contains(got, context.DeadlineExceeded.Error()) {
		t.Errorf("it waits longer than it may: %s", got)
	}
	settled()
	leave()
	settled()
	close(s.wait)
	group.Wait()
	if right.Load() != 5 {
		t.Errorf("%d of 5 got what they waited for", right.Load())
	}
	// After an invalidation no request joins what began before.
	s.asked()
	s.mu.Lock()
	s.wait = make(chan struct{})
	s.mu.Unlock()
	store.Clear(t.Context())
	group.Go(func() { load(t, t.Context(), l, "x") })
	settled()
	store.Invalidate(t.Context(), "another")
	group.Go(func() { load(t, t.Context(), l, "x") })
	settled()
	close(s.wait)
	group.Wait()
	if asked := s.asked(); asked != "x x" {
		t.Errorf("asked %s", asked)
	}
	own := &rowsService{wait: make(chan struct{}), note: func(r *provenance.Record) { r.Uses(provenance.Principal) }}
	l, _ = shared(t, own, time.Minute)
	for range 3 {
		group.Go(func() {
			if got, made := load(t, t.Context(), l, "a", "b"); got != "ab" || made.Caller != provenance.Principal {
				t.Errorf("got %s, made of %+v", got, made)
			}
		})
		settled()
	}
	close(own.wait)
	group.Wait()
	if asked := own.asked(); asked != "ab ab ab" {
		t.Errorf("asked %s", asked)
	}
}

// What one gateway has loaded, another one does not load, as far as JSON can express
// it.
func TestKeysOfOtherGateways(t *testing.T) {
	server := redistest.Start(t)
	type value struct {
		ID    string `json:"id"`
		Names []string
		At    *time.Time
		Any   any
	}
	at := time.Date(2026, 11, 24, 12, 0, 0, 5, time.UTC)
	values := map[string]*value{
		"plain": {ID: "1", Names: []string{"a"}, At: &at}, "empty": {ID: "2", Names: []string{}}, "nil": {ID: "3"},
		"text": {ID: "4", Any: "text"}, "typed": {ID: "5", Any: 7},
	}
	var calls [2][]string
	var loaders [2]*loader.Loader[string, *value]
	var stores [2]*cache.Store
	for i := range loaders {
		link := server.Link(t, redis.Config{}, nil)
		store, err := cache.New(cache.Config{Size: 1 << 20, Missing: time.Minute, Link: link})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(store.Close)
		redistest.Run(t, link.Run)
		redistest.Run(t, store.Run)
		<-link.Tried()
		stores[i] = store
		loaders[i] = loader.New(10, func(ctx context.Context, keys []string) (map[string]*value, error) {
			calls[i] = append(calls[i], keys...)
			provenance.From(ctx).Tag("tag")
			found := map[string]*value{}
			for _, key := range keys {
				if v := values[key]; v != nil {
					found[key] = v
				}
			}
			return found, nil
		}).Cache(loader.Caching{Store: store, Service: "s", Name: "l", MaxAge: time.Minute})
	}
	keys := []string{"plain", "empty", "nil", "text", "typed", "none"}
	loadAt := func(i int) (asked string) {
		t.Helper()
		calls[i] = nil
		ctx, record := provenance.Begin(loader.WithScope(t.Context()))
		got, err := loaders[i].LoadAll(ctx, keys)
		if err != nil {
			t.Fatal(err)
		}
		for n, key := range keys {
			if !reflect.DeepEqual(got[n], values[key]) {
				t.Errorf("%d: %s is %+v, not %+v", i, key, got[n], values[key])
			}
		}
		if made := record.Summary(); !slices.Contains(made.Tags, "tag") {
			t.Errorf("%d: made of %+v", i, made)
		}
		return strings.Join(calls[i], " ")
	}
	const all = "plain empty nil text typed none"
	// Nobody waits for Redis, and requests only for a few milliseconds, so that on
	// a busy machine several attempts may be needed.
	for deadline := time.Now().Add(time.Minute); ; {
		// Neither has what was cached before.
		stores[0].Clear(t.Context())
		stores[1].Clear(t.Context())
		if asked := loadAt(0); asked != all {
			t.Fatalf("asked %q, want %q", asked, all)
		}
		time.Sleep(20 * time.Millisecond)
		asked := loadAt(1)
		if asked == "typed" { // 7 comes back as 7.0
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("asked %q, want what JSON can't say", asked)
		}
	}
	stores[0].Invalidate(t.Context(), "tag")
	// It may have asked for some of them again just before.
	for deadline := time.Now().Add(time.Minute); !strings.Contains(loadAt(1), "plain"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what was invalidated stays")
		}
	}
}

// broken is a value that can't be written.
type broken struct{}

// MarshalJSON is part of json.Marshaler.
func (*broken) MarshalJSON() ([]byte, error) { panic("boom") }

// Whatever happens to a batch, those who wait for it go on.
func TestPanicOfABatch(t *testing.T) { synctest.Test(t, panicOfABatch) }

func panicOfABatch(t *testing.T) {
	store, err := cache.New(cache.Config{Size: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	begun, open := make(chan struct{}), make(chan struct{})
	var calls atomic.Int64
	l := loader.New(10, func(_ context.Context, keys []string) (map[string]*broken, error) {
		if calls.Add(1) == 1 {
			close(begun)
			<-open
		}
		return map[string]*broken{keys[0]: {}}, nil
	}).Cache(loader.Caching{Store: store, Service: "s", Name: "n", MaxAge: time.Minute})
	var group sync.WaitGroup
	group.Go(func() {
		if _, err := l.Load(loader.WithScope(t.Context()), "a"); err == nil || !strings.Contains(err.Error(), "boom") {
			t.Errorf("a panic became %v", err)
		}
	})
	<-begun
	group.Go(func() {
		if v, err := l.Load(loader.WithScope(t.Context()), "a"); v == nil || err != nil {
			t.Errorf("who waited got %v %v", v, err)
		}
	})
	settled()
	close(open)
	group.Wait()
	ctx, cancel := context.WithTimeout(loader.WithScope(t.Context()), 5*time.Second)
	defer cancel()
	if _, err := l.Load(ctx, "a"); err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("the next got %v", err)
	}
}

// A service that times out is not asked again by all who waited.
func TestFailureOfABatch(t *testing.T) { synctest.Test(t, failureOfABatch) }

func failureOfABatch(t *testing.T) {
	s := &rowsService{wait: make(chan struct{}), fail: fmt.Errorf("the service: %w", context.DeadlineExceeded)}
	l, _ := shared(t, s, time.Minute)
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			if got, _ := load(t, t.Context(), l, "a"); !strings.Contains(got, "the service") {
				t.Errorf("got %s", got)
			}
		})
	}
	settled()
	close(s.wait)
	group.Wait()
	if asked := s.asked(); asked != "a" {
		t.Errorf("asked %s", asked)
	}
}
