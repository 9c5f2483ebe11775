package upstream_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// origin is a service that counts calls and answers with what was set.
type origin struct {
	mu     sync.Mutex
	calls  []string // the conditions that came
	status int
	header http.Header
	body   string
	wait   time.Duration
	ids    []string // of requests
}

// requestIDs returns the ids of the requests since it was called last.
func (o *origin) requestIDs() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	ids := o.ids
	o.ids = nil
	return ids
}

func (o *origin) set(status int, header ...string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.status, o.header = status, http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		o.header.Add(header[i], header[i+1])
	}
}

// asked are the conditions of the calls since it was asked last.
func (o *origin) asked() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := strings.Join(o.calls, ",")
	o.calls = nil
	return all
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	condition := "get"
	if r.Method != http.MethodGet {
		condition = strings.ToLower(r.Method)
	}
	etag, modified := r.Header.Get("If-None-Match"), r.Header.Get("If-Modified-Since")
	if etag+modified != "" {
		condition = strings.TrimSpace(etag + " " + modified)
	}
	o.calls, o.ids = append(o.calls, condition), append(o.ids, r.Header.Get("X-Request-Id"))
	time.Sleep(o.wait)
	maps.Copy(w.Header(), o.header)
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodGet && (etag != "" && etag == o.header.Get("Etag") || modified != "" && modified == o.header.Get("Last-Modified")) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.WriteHeader(o.status)
	fmt.Fprintf(w, `{"id":%q}`, o.body+r.Header.Get("Accept-Language")+r.Header.Get("Authorization"))
}

func newOrigin(t *testing.T, c upstream.Config) (*origin, upstream.HTTP) {
	t.Helper()
	store, err := cache.New(cache.Config{Size: 1 << 20, Missing: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	o := &origin{status: 200, body: "a"}
	c.URL, c.Store = serve(t, o.ServeHTTP), store
	return o, open(t, c)
}

func read(t *testing.T, ctx context.Context, c upstream.HTTP, header ...string) string { //nolint:revive // t goes first in tests
	t.Helper()
	r := upstream.Request{Path: []string{"x"}, Header: http.Header{}}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	got, err := upstream.GetJSON[row](ctx, c, r)
	if err != nil {
		return err.Error()
	}
	return got.ID
}

// What RFC 9111 says a shared cache may keep, and what it must ask for again
// (sections 3, 4.2, 4.3, 5.2). Each case asks twice.
func TestKeptAnswers(t *testing.T) {
	const past = "Mon, 23 Nov 2026 12:00:00 GMT"
	for name, c := range map[string]struct {
		header []string
		want   string // of both calls
	}{
		"nothing said":            {nil, "get,get"},
		"a tag only":              {[]string{"Etag", `"1"`}, "get,get"},
		"fresh":                   {[]string{"Cache-Control", "max-age=60"}, "get"},
		"for shared caches":       {[]string{"Cache-Control", "max-age=0, s-maxage=60"}, "get"},
		"not for shared caches":   {[]string{"Cache-Control", "max-age=60, s-maxage=0"}, "get,get"},
		"no-store":                {[]string{"Cache-Control", "no-store, max-age=60", "Etag", `"1"`}, "get,get"},
		"private":                 {[]string{"Cache-Control", "private, max-age=60"}, "get,get"},
		"no-cache":                {[]string{"Cache-Control", "no-cache", "Etag", `"1"`}, `get,"1"`},
		"no-cache, no validator":  {[]string{"Cache-Control", "no-cache"}, "get,get"},
		"stale with a tag":        {[]string{"Cache-Control", "max-age=0", "Etag", `W/"1"`}, `get,W/"1"`},
		"stale, modified":         {[]string{"Cache-Control", "max-age=0", "Last-Modified", past}, "get," + past},
		"both validators":         {[]string{"Cache-Control", "max-age=0", "Etag", `"1"`, "Last-Modified", past}, `get,"1" ` + past},
		"old when it came":        {[]string{"Cache-Control", "max-age=60", "Age", "60"}, "get,get"},
		"not so old":              {[]string{"Cache-Control", "max-age=60", "Age", "30"}, "get"},
		"expires":                 {[]string{"Expires", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}, "get"},
		"expired":                 {[]string{"Expires", past}, "get,get"},
		"expired, with a tag":     {[]string{"Expires", past, "Etag", `"1"`}, `get,"1"`},
		"varies by what we send":  {[]string{"Cache-Control", "max-age=60", "Vary", "Accept-Language"}, "get"},
		"varies by anything":      {[]string{"Cache-Control", "max-age=60", "Vary", "*"}, "get,get"},
		"malformed":               {[]string{"Cache-Control", "max-age=x"}, "get,get"},
		"must-revalidate, stale":  {[]string{"Cache-Control", "max-age=0, must-revalidate", "Etag", `"1"`}, `get,"1"`},
		"must-revalidate, fresh":  {[]string{"Cache-Control", "max-age=60, must-revalidate"}, "get"},
		"stale-while-revalidate?": {[]string{"Cache-Control", "no-cache, stale-while-revalidate=60"}, "get,get"},
	} {
		t.Run(name, func(t *testing.T) {
			o, client := newOrigin(t, upstream.Config{})
			o.set(200, c.header...)
			for range 2 {
				if got := read(t, t.Context(), client); got != "a" {
					t.Errorf("got %s", got)
				}
			}
			if asked := o.asked(); asked != c.want {
				t.Errorf("asked %q, want %q", asked, c.want)
			}
		})
	}
}

// JSON that can't be parsed is not cached, and what can be read is, also an answer without a body.
func TestMalformedAnswersAreNotKept(t *testing.T) {
	for body, calls := range map[string]int32{`{"id":"a"}`: 1, `{"id":`: 2, `{"id":"a"} x`: 2, "": 1} {
		for _, mediaType := range []string{"application/json", "Application/JSON; charset=utf-8", "application/problem+json"} {
			var asked atomic.Int32
			store, err := cache.New(cache.Config{Size: 1 << 20, Missing: time.Second})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(store.Close)
			client := open(t, upstream.Config{Store: store, URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.Header().Set("Content-Type", mediaType)
				w.Header().Set("Cache-Control", "max-age=60")
				fmt.Fprint(w, body)
			})})
			for range 2 {
				read(t, t.Context(), client) // an error is one of the body
			}
			if n := asked.Load(); n != calls {
				t.Errorf("%q as %s: %d calls, want %d", body, mediaType, n, calls)
			}
		}
	}
}

// A changed answer takes the place of the old one; one that did not change is
// fresh again, with the fields of the 304.
func TestValidation(t *testing.T) {
	o, client := newOrigin(t, upstream.Config{})
	o.set(200, "Cache-Control", "max-age=0", "Etag", `"1"`, "Surrogate-Key", "first")
	read(t, t.Context(), client)
	o.set(200, "Cache-Control", "max-age=60", "Etag", `"1"`, "Surrogate-Key", "second")
	ctx, record := provenance.Begin(t.Context())
	if got := read(t, ctx, client); got != "a" || o.asked() != `get,"1"` {
		t.Errorf("got %s", got)
	}
	if s := record.Summary(); !slices.Equal(s.Tags, []string{"second"}) || time.Until(s.Expires) < 58*time.Second || time.Until(s.Expires) > time.Minute || !s.Born.Equal(s.Expires.Add(-time.Minute)) {
		t.Errorf("%+v", s)
	}
	if read(t, t.Context(), client); o.asked() != "" {
		t.Error("it is not fresh again")
	}
	o, client = newOrigin(t, upstream.Config{})
	o.set(200, "Cache-Control", "max-age=0", "Etag", `"1"`)
	read(t, t.Context(), client)
	o.set(200, "Cache-Control", "max-age=60", "Etag", `"2"`)
	o.body = "b"
	for range 2 {
		if got := read(t, t.Context(), client); got != "b" {
			t.Errorf("got %s", got)
		}
	}
	if asked := o.asked(); asked != `get,"1"` {
		t.Errorf("asked %s", asked)
	}
}

// Errors are not kept; stale answers stand in for them if the service allows it
// (RFC 5861), and while they are made anew.
func TestStale(t *testing.T) {
	for control, want := range map[string]string{
		"max-age=1, stale-if-error=60": "a",
		"max-age=1":                    "error",
		"max-age=1, must-revalidate, stale-if-error=60": "error",
		"max-age=1, stale-while-revalidate=60":          "a",
	} {
		t.Run(control, func(t *testing.T) {
			t.Parallel()
			o, client := newOrigin(t, upstream.Config{})
			o.set(200, "Cache-Control", control)
			read(t, t.Context(), client)
			time.Sleep(1100 * time.Millisecond)
			o.set(503)
			for range 2 {
				ctx, record := provenance.Begin(t.Context())
				got := read(t, ctx, client)
				if (got == "a") != (want == "a") {
					t.Errorf("got %s, want %s", got, want)
				}
				if s := record.Summary(); want == "a" && (s.Expires.IsZero() || s.Expires.After(time.Now())) {
					t.Errorf("a stale part makes no stale answer: %+v", s)
				}
			}
			o.set(404)
			if got := read(t, t.Context(), client); got == "a" && !strings.Contains(control, "while") {
				t.Error("an answer stands in for what does not exist")
			}
			o.mu.Lock()
			o.body = "b"
			o.mu.Unlock()
			o.set(200, "Cache-Control", "max-age=60")
			got := ""
			for range 1000 {
				if got = read(t, t.Context(), client); got == "b" {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			if got != "b" {
				t.Errorf("it is %s when the service is back", got)
			}
		})
	}
}

// Requests with other headers have other answers; those for one caller are kept
// only if the service says that they may be (RFC 9111, section 3.5).
func TestKeptFor(t *testing.T) {
	o, client := newOrigin(t, upstream.Config{ForwardAuthorization: true})
	o.set(200, "Cache-Control", "max-age=60")
	for range 2 {
		for _, language := range []string{"de", "fr"} {
			if got := read(t, t.Context(), client, "Accept-Language", language); got != "a"+language {
				t.Errorf("%s got %s", language, got)
			}
		}
	}
	if asked := o.asked(); asked != "get,get" {
		t.Errorf("asked %s", asked)
	}
	as := func(token string) context.Context {
		return upstream.WithCaller(t.Context(), upstream.Caller{Authorization: token})
	}
	for control, want := range map[string]string{"max-age=60": "get,get,get,get", "max-age=60, public": "get,get", "s-maxage=61": "get,get"} {
		o, client := newOrigin(t, upstream.Config{ForwardAuthorization: true})
		o.set(200, "Cache-Control", control)
		for range 2 {
			for _, token := range []string{"A", "B"} {
				ctx, record := provenance.Begin(as(token))
				if got := read(t, ctx, client); got != "a"+token {
					t.Errorf("%s: %s got %s", control, token, got)
				}
				if record.Summary().Caller != provenance.Principal {
					t.Errorf("%s: nobody notes that it is %s's", control, token)
				}
			}
		}
		if asked := o.asked(); asked != want {
			t.Errorf("%s: asked %s, want %s", control, asked, want)
		}
	}
}

// A mutation reads anew, and what its services answered before is forgotten.
func TestWriting(t *testing.T) {
	o, client := newOrigin(t, upstream.Config{})
	o.set(200, "Cache-Control", "max-age=60")
	read(t, t.Context(), client)
	read(t, provenance.Writing(t.Context()), client)
	read(t, t.Context(), client)
	read(t, t.Context(), client)
	if asked := o.asked(); asked != "get,get,get" {
		t.Errorf("asked %s", asked)
	}
	// Other methods are never answered from memory; in a query they search.
	for range 2 {
		if _, err := upstream.GetJSON[row](t.Context(), client, upstream.Request{Method: http.MethodPost, Path: []string{"x"}}); err != nil {
			t.Error(err)
		}
	}
	read(t, t.Context(), client)
	if asked := o.asked(); asked != "post,post" {
		t.Errorf("asked %s", asked)
	}
	if err := client.Done(provenance.Writing(t.Context()), upstream.Request{Method: http.MethodPost, Path: []string{"y"}}); err != nil {
		t.Error(err)
	}
	read(t, t.Context(), client)
	if asked := o.asked(); asked != "post,get" {
		t.Errorf("asked %s", asked)
	}
}

// Equal requests at the same time share one call, also when some callers leave. Requests of other callers
// make another call.
func TestOneCall(t *testing.T) {
	// A request joins some time after it began: how long that takes depends on the
	// machine.
	for wait := 200 * time.Millisecond; ; wait *= 2 {
		asked, right := sameAsked(t, wait)
		if asked == "get,get" && right == 96 {
			return
		}
		if wait > 5*time.Second {
			t.Fatalf("asked %s, %d right answers", asked, right)
		}
	}
}

// sameAsked asks the same for two callers, 50 times each, of which two leave,
// while a call takes so long. It returns what was asked and how many answers
// were right.
func sameAsked(t *testing.T, wait time.Duration) (asked string, right int64) {
	t.Helper()
	o, client := newOrigin(t, upstream.Config{ForwardAuthorization: true})
	o.wait = wait
	var group sync.WaitGroup
	var count atomic.Int64
	for i := range 100 {
		token := []string{"A", "B"}[i%2]
		ctx := upstream.WithCaller(t.Context(), upstream.Caller{Authorization: token, Headers: http.Header{"Traceparent": {strconv.Itoa(i)}}})
		if i < 4 {
			impatient, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			defer cancel()
			ctx = impatient
		}
		group.Go(func() {
			if got := read(t, ctx, client); got == "a"+token {
				count.Add(1)
			}
		})
	}
	group.Wait()
	return o.asked(), count.Load()
}

// Identical GETs of one operation are one call, however far apart, until something
// is written.
func TestIdenticalGETsOfAnOperation(t *testing.T) {
	o, c := newOrigin(t, upstream.Config{})
	o.set(200, "Cache-Control", "no-store")
	ctx := cache.Shared(cache.WithScope(t.Context()))
	for range 3 {
		if got := read(t, ctx, c); got != "a" {
			t.Errorf("got %s", got)
		}
	}
	if got := o.asked(); got != "get" {
		t.Errorf("in one operation it was asked %q", got)
	}
	read(t, ctx, c, "Accept-Language", "de")
	read(t, cache.Shared(cache.WithScope(t.Context())), c)
	cache.ResetScope(ctx)
	read(t, ctx, c)
	if got := o.asked(); got != "get,get,get" {
		t.Errorf("another request, another operation, and after a write: %q", got)
	}
}
