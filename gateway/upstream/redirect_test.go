package upstream_test

import (
	"errors"
	"fmt"
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

// redirects is a service whose /api/from redirects with this status and Location,
// and which keeps where it was asked, and with what Authorization.
func redirects(t *testing.T, status int, location string) (base string, asked *[]string) {
	t.Helper()
	asked = new([]string)
	base = serve(t, func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.Method+" "+r.URL.RequestURI()+" "+r.Host+" "+r.Header.Get("Authorization"))
		n, err := strconv.Atoi(r.URL.Query().Get("n"))
		switch {
		case r.URL.Path == "/api/from" && err == nil && n > 0:
			w.Header().Set("Location", fmt.Sprintf("from?n=%d", n-1))
			w.WriteHeader(status)
		case r.URL.Path == "/api/from" && err != nil:
			if location != "" {
				w.Header().Set("Location", strings.ReplaceAll(location, "HOST", r.Host))
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte("<html>moved"))
		default:
			answers(200, "application/json", `{"id":"there"}`)(w, r)
		}
	})
	return base + "/api", asked
}

func TestRedirects(t *testing.T) {
	const off, other = "services.rows.followRedirects: true in portico.yaml follows it", "only redirects within it are ever followed"
	for name, c := range map[string]struct {
		location string
		method   string
		status   int
		follow   bool
		want     string // where it leads, or what the log says
	}{
		"a path":                     {"/there?a=b%20c", "", 301, true, "/there?a=b%20c"},
		"a relative path":            {"there", "", 302, true, "/api/there"},
		"303":                        {"/there", "", 303, true, "/there"},
		"307":                        {"/there", "GET", 307, true, "/there"},
		"308":                        {"/there", "", 308, true, "/there"},
		"a whole URL":                {"http://HOST/there#part", "", 302, true, "/there"},
		"a scheme-relative URL":      {"//HOST/there", "", 302, true, "/there"},
		"five":                       {"from?n=4", "", 302, true, "/api/from?n=0"},
		"six":                        {"from?n=5", "", 302, true, `at most 5 redirects of a call are followed`},
		"a loop":                     {"from", "", 302, true, `at most 5 redirects of a call are followed`},
		"not followed":               {"/there", "", 302, false, off},
		"another host":               {"http://evil.example/there", "", 302, true, other},
		"another host, not allowed":  {"http://evil.example/there", "", 302, false, `redirects to \"http://evil.example/there\"`},
		"another port":               {"http://127.0.0.1:1/there", "", 302, true, other},
		"another scheme":             {"https://HOST/there", "", 302, true, other},
		"no scheme of HTTP":          {"file:///etc/passwd", "", 302, true, other},
		"a user":                     {"http://u:hunter2@HOST/there", "", 302, true, `redirects to \"http://u:xxxxx@`},
		"a host that looks the same": {"http://HOST.evil.example/there", "", 302, true, "without a valid Location"},
		"a host after the user":      {"http://HOST@evil.example/there", "", 302, true, other},
		"a backslash":                {`/\evil.example/there`, "", 302, true, "/%5Cevil.example/there"},
		"POST":                       {"/there", "POST", 307, true, "only redirects of a GET are followed"},
		"POST, 303":                  {"/there", "POST", 303, true, "only redirects of a GET are followed"},
		"no Location":                {"", "", 302, true, "without a valid Location"},
		"a Location that is none":    {"http://%zz/", "", 302, true, "without a valid Location"},
		"a long one":                 {"http://evil.example/" + strings.Repeat("a", 10_000), "", 302, true, other},
		"300":                        {"/there", "", 300, true, "status 300"},
	} {
		t.Run(name, func(t *testing.T) {
			base, asked := redirects(t, c.status, c.location)
			client := open(t, upstream.Config{URL: base, FollowRedirects: c.follow, ForwardAuthorization: true})
			ctx := upstream.WithCaller(t.Context(), upstream.Caller{Authorization: "Bearer " + secret})
			got, err := upstream.GetJSON[row](ctx, client, upstream.Request{Method: c.method, Path: []string{"from"}})
			last := (*asked)[len(*asked)-1]
			if strings.HasPrefix(c.want, "/") {
				host := strings.TrimSuffix(strings.TrimPrefix(base, "http://"), "/api")
				if want := "GET " + c.want + " " + host + " Bearer " + secret; err != nil || got.ID != "there" || last != want {
					t.Errorf("got %v, %v; the last request was %s, want %s", got, err, last, want)
				}
				return
			}
			text := fmt.Sprint(err)
			if !upstream.IsStatus(err, c.status) || problem.CodeOf(err) != problem.ServiceError || !strings.Contains(strings.ReplaceAll(text, `"`, `\"`), c.want) {
				t.Errorf("got %v", err)
			}
			if len(text) > 1000 || strings.Contains(text, secret) || len(*asked) > 6 {
				t.Errorf("after %d requests: %s", len(*asked), text)
			}
			p, _ := errors.AsType[*problem.Error](err)
			if shown := p.Message + fmt.Sprint(p.Extensions); strings.Contains(shown, "there") || strings.Contains(shown, "evil") {
				t.Errorf("it tells too much: %s", shown)
			}
		})
	}
}

// What a redirect led to is not kept, and conditions do not go where it leads.
func TestRedirectsAreNotKept(t *testing.T) {
	var calls atomic.Int32
	var moved atomic.Bool
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		w.Header().Set("Cache-Control", "max-age=0")
		w.Header().Set("Etag", `"1"`)
		switch {
		case r.URL.Path == "/to" && r.Header.Get("If-None-Match") != "":
			w.WriteHeader(http.StatusNotModified)
		case r.URL.Path == "/from" && moved.Load():
			http.Redirect(w, r, "/to", http.StatusFound)
		default:
			w.Header().Set("Content-Type", "application/json")
			if r.URL.Path == "/to" {
				w.Header().Set("Cache-Control", "max-age=60")
			}
			_, _ = w.Write([]byte(`{"id":"` + r.URL.Path + `"}`))
		}
	})
	store, err := cache.New(cache.Config{Size: 1 << 20, Missing: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	client := open(t, upstream.Config{URL: base, FollowRedirects: true, Store: store, Timeout: time.Minute})
	for i, want := range []string{"/from", "/to", "/to"} {
		got, err := upstream.GetJSON[row](t.Context(), client, upstream.Request{Path: []string{"from"}})
		if err != nil || got.ID != want {
			t.Errorf("%d: got %v, %v", i, got, err)
		}
		moved.Store(true)
	}
	if n := calls.Load(); n != 5 {
		t.Errorf("%d calls", n)
	}
}
