package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/e2e/redistest"
	"github.com/portico-gateway/portico/gateway/auth"
	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
	"github.com/portico-gateway/portico/internal/longtest"
)

// Random histories of two gateways, one Redis and a service whose objects have
// versions, while Redis fails in every way. Each value that a gateway serves is
// checked against what docs/caching.md says of ages and invalidation.

// profile is what the service says of an object's answers.
type profile struct {
	header []string
	fresh  time.Duration // -1: it does not say
	stale  time.Duration // after that, at most
	must   bool          // it must be revalidated
}

var profiles = []profile{
	{nil, -1, 0, false},
	{[]string{"Cache-Control", "max-age=2"}, 2 * time.Second, 0, false},
	{[]string{"Cache-Control", "max-age=1, stale-while-revalidate=1"}, time.Second, time.Second, false},
	{[]string{"Cache-Control", "max-age=1, stale-if-error=2"}, time.Second, 2 * time.Second, false},
	{[]string{"Cache-Control", "max-age=2, must-revalidate"}, 2 * time.Second, 0, true},
	{[]string{"Cache-Control", "no-cache", "Etag", "version"}, 0, 0, true},
	{[]string{"Cache-Control", "max-age=3", "Age", "1"}, 2 * time.Second, 0, false},
	{[]string{"Cache-Control", "max-age=1", "Etag", "version"}, time.Second, 0, false},
	{[]string{"Cache-Control", "s-maxage=2"}, 2 * time.Second, 0, true},
	{[]string{"Cache-Control", "max-age=20", "Vary", "*"}, 0, 0, false},
	{[]string{"Cache-Control", "max-age=20"}, 20 * time.Second, 0, false},
}

// kind is a field of the gateway's schema.
type kind struct {
	name          string
	maxAge, stale time.Duration // -1: it has no maxAge
	tagged        bool
}

var kinds = []kind{
	{"short", 2 * time.Second, 0, true},
	{"revalidated", time.Second, 2 * time.Second, true},
	{"kept", time.Second, 3 * time.Second, true},
	{"long", 30 * time.Second, 0, true},
	{"key", 2 * time.Second, 0, true},
	{"mine", 3 * time.Second, 0, true},
	{"bare", -1, 0, true},
	{"untagged", 2 * time.Second, 0, false},
}

const historySchema = `
type Query {
	short(n: Int!): String @cacheControl(maxAge: 2) @cacheTag(format: "o-{$args.n}")
	revalidated(n: Int!): String @cacheControl(maxAge: 1, staleWhileRevalidate: 2) @cacheTag(format: "o-{$args.n}")
	kept(n: Int!): String @cacheControl(maxAge: 1, staleIfError: 3) @cacheTag(format: "o-{$args.n}")
	long(n: Int!): String @cacheControl(maxAge: 30) @cacheTag(format: "o-{$args.n}")
	key(n: Int!): String @cacheControl(maxAge: 2) @cacheTag(format: "o-{$args.n}")
	mine(n: Int!): String @cacheControl(maxAge: 3) @cacheTag(format: "o-{$args.n}")
	bare(n: Int!): String @cacheTag(format: "o-{$args.n}")
	untagged(n: Int!): String @cacheControl(maxAge: 2)
}
type Mutation { write(n: Int!): String @invalidates(tags: ["o-{$args.n}"]) }`

// missing is how long it is cached that there is no object.
const missing = 500 * time.Millisecond

// bound is how long after a change a value may be served that was made before it.
// There is no slack: a value that is served at an age below its bound was made
// before it was replaced.
func (k kind) bound(p profile, gone bool) time.Duration {
	answer := k.maxAge
	if p.fresh >= 0 {
		answer = min(answer, p.fresh)
	}
	if answer > 0 && !p.must {
		answer += k.stale
	}
	if gone { // an error of the service is not cached by itself
		return min(max(answer, 0), missing)
	}
	return max(answer, p.fresh+p.stale, 0)
}

// object is an object of the service. Every seventh version of it is not there.
type object struct {
	profile  profile
	failing  atomic.Bool
	mu       sync.Mutex
	version  int
	replaced []time.Time // by version
}

func isGone(version int) bool { return version%7 == 6 }

// change replaces the object and returns its new version.
func (o *object) change() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.replaced = append(o.replaced, time.Now())
	o.version++
	return o.version
}

func (o *object) current() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.version
}

// world is the service.
type world struct {
	*httptest.Server

	objects []*object
}

func newWorld(t *testing.T, objects int) *world {
	t.Helper()
	w := &world{}
	for n := range objects {
		w.objects = append(w.objects, &object{profile: profiles[n%len(profiles)]})
	}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

// ServeHTTP answers GET /o/n with the version, and the caller if there is one, and
// POST /o/n with a new one.
func (w *world) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/o/"))
	if err != nil || n >= len(w.objects) {
		http.NotFound(to, r)
		return
	}
	o := w.objects[n]
	to.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodPost {
		_, _ = fmt.Fprintf(to, `{"id":"%d "}`, o.change())
		return
	}
	if o.failing.Load() {
		to.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	version := o.current()
	for i := 0; i < len(o.profile.header); i += 2 {
		name, value := o.profile.header[i], o.profile.header[i+1]
		if value == "version" {
			value = fmt.Sprintf(`"%d"`, version)
			if r.Header.Get("If-None-Match") == value && !isGone(version) {
				to.Header().Set(name, value)
				to.WriteHeader(http.StatusNotModified)
				return
			}
		}
		to.Header().Set(name, value)
	}
	if isGone(version) {
		to.WriteHeader(http.StatusNotFound)
		return
	}
	_, _ = fmt.Fprintf(to, `{"id":"%d %s"}`, version, r.Header.Get("X-Who"))
}

// historyRow is an answer of the service.
type historyRow struct {
	ID string `json:"id"`
}

// historyFields are the fields of a gateway.
func historyFields(s *Server) map[string]field {
	service, _ := s.services.HTTP("world")
	get := func(ctx context.Context, n any, header http.Header) (any, error) {
		row, err := upstream.GetJSON[historyRow](ctx, service, upstream.Request{Path: []string{"o", fmt.Sprint(n)}, Header: header})
		if e, ok := errors.AsType[*upstream.StatusError](err); ok && e.Status == http.StatusNotFound {
			provenance.From(ctx).Missing() // as execution notes it
			return nil, nil                //nolint:nilnil // it is null
		}
		if err != nil {
			return nil, err
		}
		return row.ID, nil
	}
	plain := func(ctx context.Context, args map[string]any) (any, error) { return get(ctx, args["n"], nil) }
	byKey := loader.New(10, loader.OneByOne(4, func(ctx context.Context, key string) (*string, error) {
		value, err := get(ctx, key, nil)
		if text, ok := value.(string); ok {
			return &text, nil
		}
		return nil, err
	})).Cache(loader.Caching{Store: s.store, Service: "world", Name: "o", MaxAge: 2 * time.Second})
	return map[string]field{
		"short": plain, "revalidated": plain, "kept": plain, "long": plain, "bare": plain, "untagged": plain,
		"mine": func(ctx context.Context, args map[string]any) (any, error) {
			who := "anybody"
			if p := auth.From(ctx); p != nil {
				who = p.Subject
			}
			return get(ctx, args["n"], http.Header{"X-Who": {who}})
		},
		"key": func(ctx context.Context, args map[string]any) (any, error) {
			text, err := byKey.Load(ctx, fmt.Sprint(args["n"]))
			if text == nil {
				return nil, err
			}
			return *text, err
		},
		"write": func(ctx context.Context, args map[string]any) (any, error) {
			row, err := upstream.GetJSON[historyRow](ctx, service, upstream.Request{Method: http.MethodPost, Path: []string{"o", fmt.Sprint(args["n"])}})
			return row.ID, err
		},
	}
}

// member is a gateway, and what it must know.
type member struct {
	*Server

	public, admin *httptest.Server
	link          *cable

	mu     sync.Mutex
	floors [][]floor // by object
}

// floor says that reads that begin after a time have at least a version.
type floor struct {
	at      time.Time // of the change
	version int
	writer  *member // the gateway that invalidated
}

// newMember starts a gateway as Run does.
func newMember(t *testing.T, w *world, link *cable) *member {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "history.graphqls", Input: cachingDirectives + historySchema})
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Defaults()
	sum := sha256.Sum256([]byte("purger"))
	var keys strings.Builder
	fmt.Fprintf(&keys, "- {sha256: %s, principal: purger, scopes: [%q]}\n", hex.EncodeToString(sum[:]), "cache:purge")
	for _, name := range []string{"a", "b", "c", "d"} {
		sum := sha256.Sum256([]byte(keyOf(name)))
		fmt.Fprintf(&keys, "- {sha256: %s, principal: %s}\n", hex.EncodeToString(sum[:]), name)
	}
	cfg.Auth.Keys = config.Secret(keys.String())
	cfg.Redis.URL = config.Secret("redis://" + link.address)
	cfg.Cache.Missing = config.Duration(missing)
	cfg.Services = map[string]config.Service{"world": {URL: w.URL, Timeout: config.Duration(time.Minute), MaxBatch: 10, MaxResponse: 1 << 20}}
	s, err := New(&cfg, slog.New(slog.DiscardHandler), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.open([]execute.Frontend{{Name: "toy", Schema: toy(schema, historyFields(s))}}, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	disconnect, end := s.connect(ctx), s.background(ctx)
	m := &member{Server: s, link: link, floors: make([][]floor, len(w.objects))}
	m.public, m.admin = httptest.NewServer(s), httptest.NewServer(s.adminHandler())
	t.Cleanup(func() {
		m.public.Close()
		m.admin.Close()
		cancel()
		end()
		disconnect()
	})
	return m
}

// history is one run.
type history struct {
	*testing.T

	world    *world
	members  []*member
	chaos    *chaos
	steps    atomic.Int64
	reads    atomic.Int64
	hits     atomic.Int64
	failures atomic.Int64
}

// read reads a field of an object at a gateway and checks the answer.
func (h *history) read(r *rand.Rand) {
	n, k, m := r.IntN(len(h.world.objects)), kinds[r.IntN(len(kinds))], h.members[r.IntN(len(h.members))]
	h.readOne(k, n, m, string("abcd"[r.IntN(4)]), r.IntN(2) == 0)
}

func (h *history) readOne(k kind, n int, m *member, who string, post bool) {
	o, method := h.world.objects[n], http.MethodGet
	if post {
		method = http.MethodPost
	}
	floor := m.floor(h.chaos, n, time.Now())
	sent := time.Now()
	got, err := tryAsk(m.public, method, fmt.Sprintf("{%s(n: %d)}", k.name, n), nil, "X-Api-Key: "+keyOf(who))
	if err != nil {
		h.Error(err)
		return
	}
	h.reads.Add(1)
	if got.header.Get("Age") != "" {
		h.hits.Add(1)
	}
	var answer struct {
		Data   map[string]*string
		Errors []json.RawMessage
	}
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
		h.Errorf("%s(%d): %s: %v", k.name, n, got.body, err)
		return
	}
	if len(answer.Errors) > 0 {
		h.failures.Add(1)
		if strings.Contains(got.body, "INTERNAL") || !strings.Contains(got.body, "SERVICE_ERROR") {
			h.Errorf("%s(%d): %s", k.name, n, got.body)
		}
		return
	}
	if !k.tagged {
		floor = 0
	}
	what := fmt.Sprintf("%s(%d), %q, at gateway %p: %s %v", k.name, n, o.profile.header, m, got.body, got.header)
	value := answer.Data[k.name]
	if value == nil {
		if version, ok := o.latestGone(); !ok || version < floor || !o.servable(version, sent, k.bound(o.profile, true)) {
			h.Errorf("%s: it is there since long; at least version %d; %s", what, floor, h.chaos)
		}
		return
	}
	text, caller, _ := strings.Cut(*value, " ")
	version, err := strconv.Atoi(text)
	switch {
	case err != nil:
		h.Errorf("%s: %v", what, err)
	case k.name == "mine" && caller != who || k.name != "mine" && caller != "":
		h.Errorf("%s: of %q for %q", what, caller, who)
	case version < floor:
		h.Errorf("%s: after version %d was invalidated; %s", what, floor, h.chaos)
	case !o.servable(version, sent, k.bound(o.profile, false)):
		h.Errorf("%s: older than %v; %s", what, k.bound(o.profile, false), h.chaos)
	}
}

// latestGone returns the latest version that is not there.
func (o *object) latestGone() (int, bool) {
	for version := o.current(); version >= 0; version-- {
		if isGone(version) {
			return version, true
		}
	}
	return 0, false
}

// servable reports whether a version may be served to a request that was sent at a
// time.
func (o *object) servable(version int, sent time.Time, bound time.Duration) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return version == o.version || version < o.version && sent.Sub(o.replaced[version]) <= bound
}

// floor returns the least version that a read of an object may have now.
func (m *member) floor(c *chaos, n int, now time.Time) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	least := 0
	for _, f := range m.floors[n] {
		if f.version > least && (f.writer == m || now.After(c.known(f.at, now))) {
			least = f.version
		}
	}
	return least
}

// write changes an object through a gateway; or past it, and purges then.
func (h *history) write(r *rand.Rand) {
	n, m := r.IntN(len(h.world.objects)), h.members[r.IntN(len(h.members))]
	version := 0
	if r.IntN(4) > 0 {
		got, err := tryAsk(m.public, http.MethodPost, fmt.Sprintf("mutation {write(n: %d)}", n), nil)
		if err != nil {
			h.Error(err)
			return
		}
		if _, err := fmt.Sscanf(got.body, `{"data":{"write":"%d`, &version); err != nil {
			h.Errorf("write(%d): %s: %v", n, got.body, err)
			return
		}
	} else {
		version = h.world.objects[n].change()
		req, err := http.NewRequest(http.MethodPost, m.admin.URL+"/cache/purge", strings.NewReader(fmt.Sprintf(`{"tags": ["o-%d"]}`, n)))
		if err != nil {
			h.Error(err)
			return
		}
		req.Header.Set("X-Api-Key", "purger")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			h.Error(err)
			return
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNoContent && resp.StatusCode != http.StatusAccepted {
			h.Errorf("purge: %d", resp.StatusCode)
		}
	}
	at := time.Now()
	for _, member := range h.members {
		member.mu.Lock()
		list := member.floors[n]
		member.floors[n] = append(list[max(0, len(list)-50):], floor{at, version, m})
		member.mu.Unlock()
	}
}

// step does one random thing.
func (h *history) step(r *rand.Rand) {
	switch p := r.IntN(100); {
	case p < 90:
		h.read(r)
	case p < 94:
		h.write(r)
	case p < 96:
		h.world.objects[r.IntN(len(h.world.objects))].change()
	case p < 98:
		o := h.world.objects[r.IntN(len(h.world.objects))]
		o.failing.Store(r.IntN(5) == 0)
	default:
		n, k, m := r.IntN(len(h.world.objects)), kinds[r.IntN(len(kinds))], h.members[r.IntN(len(h.members))]
		var group sync.WaitGroup
		for range 20 {
			who := string("abcd"[r.IntN(4)])
			group.Go(func() { h.readOne(k, n, m, who, true) })
		}
		group.Wait()
	}
}

func TestHistories(t *testing.T) {
	t.Parallel()
	histories(t, []string{"restore", "full", "stop", "partition"}, time.Second, 2*time.Millisecond)
}

func TestHistoriesLong(t *testing.T) {
	longtest.Only(t)
	for seed := range 2 {
		all := []string{"flush", "disconnect", "stop", "kill", "outage", "restore", "full", "read-only", "partition", "hang"}
		order := rand.New(rand.NewPCG(uint64(seed), 2))
		var plan []string
		for range 2 {
			order.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			plan = append(plan, all...)
		}
		if steps := histories(t, plan, knownAfter+knownSoon, 0); steps < 20_000 {
			t.Errorf("%d steps", steps)
		}
	}
}

// histories runs steps, with a pause after each, while Redis fails as planned, with
// some time between failures. It returns how many steps there were.
func histories(t *testing.T, plan []string, between, pause time.Duration) int64 {
	t.Helper()
	server := redistest.Start(t)
	w := newWorld(t, 3*len(profiles))
	h := &history{T: t, world: w}
	for range 2 {
		h.members = append(h.members, newMember(t, w, newCable(t, server.Addr)))
	}
	h.chaos = &chaos{server: server, members: h.members}
	var group sync.WaitGroup
	done := make(chan struct{})
	const workers = 6
	for n := range workers {
		group.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 1))
			for !t.Failed() {
				select {
				case <-done:
					return
				case <-time.After(pause):
				}
				h.steps.Add(1)
				h.step(r)
			}
		})
	}
	for _, failure := range plan {
		if t.Failed() {
			break
		}
		h.chaos.run(t, failure)
		time.Sleep(between)
	}
	time.Sleep(knownAfter + knownSoon) // all is well, and all must be known
	close(done)
	group.Wait()
	t.Logf("%d steps, %d reads: %d from the cache, %d errors; %d other values from Redis", h.steps.Load(), h.reads.Load(), h.hits.Load(), h.failures.Load(), h.shared())
	if h.hits.Load() < h.reads.Load()/10 || h.shared() == 0 {
		t.Error("hardly anything was cached or shared")
	}
	return h.steps.Load()
}

func (h *history) shared() (n uint64) {
	for _, m := range h.members {
		n += m.store.Stats().Shared
	}
	return n
}
