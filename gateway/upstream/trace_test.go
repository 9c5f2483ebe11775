package upstream_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/upstream"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	parent  = "00-" + traceID + "-b7ad6b7169203331-01"
)

func TestTraceparent(t *testing.T) {
	for name, c := range map[string]struct {
		value string
		valid bool
	}{
		"valid":                       {parent, true},
		"other flags":                 {strings.TrimSuffix(parent, "01") + "ff", true},
		"a later version":             {"01" + parent[2:], true},
		"a later version with more":   {"cc" + parent[2:] + "-what-the-future-will-be", true},
		"version 00 with more":        {parent + "-x", false},
		"a later version, no hyphen":  {"cc" + parent[2:] + ".x", false},
		"a later version, 513 bytes":  {"cc" + parent[2:] + "-" + strings.Repeat("x", 513-56), false},
		"a later version, 512 bytes":  {"cc" + parent[2:] + "-" + strings.Repeat("x", 512-56), true},
		"version ff":                  {"ff" + parent[2:], false},
		"upper case":                  {strings.ToUpper(parent), false},
		"a version in upper case":     {"0A" + parent[2:], false},
		"no hexadecimal digit":        {strings.Replace(parent, "0af", "0ag", 1), false},
		"a trace of zeros":            {"00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01", false},
		"a parent of zeros":           {"00-" + traceID + "-" + strings.Repeat("0", 16) + "-01", false},
		"too short":                   {parent[:54], false},
		"too long":                    {parent + "0", false},
		"a short trace":               {"00-" + traceID[1:] + "-0b7ad6b7169203331-01", false},
		"no hyphens":                  {strings.ReplaceAll(parent, "-", "_"), false},
		"empty":                       {"", false},
		"space around":                {" " + parent, false},
		"characters of many bytes":    {"00-" + strings.Repeat("é", 16) + "-b7ad6b7169203331-01", false},
		"a line end in what is later": {"cc" + parent[2:] + "-\r\nx", false},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"Traceparent": {c.value}, "Tracestate": {"a=b"}, "Other": {"x"}}
			upstream.CheckTrace(header)
			if kept := header.Get("Traceparent") == c.value && c.value != ""; kept != c.valid {
				t.Errorf("kept: %t, want %t", kept, c.valid)
			}
			if kept := header.Get("Tracestate") == "a=b"; kept != c.valid {
				t.Errorf("tracestate is kept: %t, want %t", kept, c.valid)
			}
			if header.Get("Other") != "x" {
				t.Error("another field is gone")
			}
		})
	}
	twice := http.Header{"Traceparent": {parent, parent}, "Tracestate": {"a=b"}}
	if upstream.CheckTrace(twice); len(twice) != 0 {
		t.Errorf("two of them: %v", twice)
	}
	alone := http.Header{"Tracestate": {"a=b"}}
	if upstream.CheckTrace(alone); len(alone) != 0 {
		t.Errorf("tracestate alone: %v", alone)
	}
}

func TestTracestate(t *testing.T) {
	members := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("k%d=v", i)
		}
		return strings.Join(list, ",")
	}
	for name, c := range map[string]struct {
		lines []string
		want  string // "" for none
	}{
		"one":                        {[]string{"congo=t61rcWkgMzE"}, "congo=t61rcWkgMzE"},
		"two":                        {[]string{"rojo=00f067aa0ba902b7, congo=t61rcWkgMzE"}, "rojo=00f067aa0ba902b7, congo=t61rcWkgMzE"},
		"of tenants":                 {[]string{"fw529a3039@dt=FfffFf1,1a-_*/b@s=x"}, "fw529a3039@dt=FfffFf1,1a-_*/b@s=x"},
		"in two lines":               {[]string{"a=1", "b=2"}, "a=1,b=2"},
		"empty members":              {[]string{"a=1,,\t ,b=2"}, "a=1,,\t ,b=2"},
		"a space in a value":         {[]string{"a=x y"}, "a=x y"},
		"32 members":                 {[]string{members(32)}, members(32)},
		"33 members":                 {[]string{members(33)}, ""},
		"512 bytes":                  {[]string{"a=" + strings.Repeat("x", 250) + ",b=" + strings.Repeat("y", 256) + ","}, "a=" + strings.Repeat("x", 250) + ",b=" + strings.Repeat("y", 256) + ","},
		"513 bytes":                  {[]string{"a=" + strings.Repeat("x", 251) + ",b=" + strings.Repeat("y", 256) + ","}, ""},
		"a value of 257 bytes":       {[]string{"a=" + strings.Repeat("x", 257)}, ""},
		"no members":                 {[]string{" , "}, ""},
		"no value":                   {[]string{"a="}, ""},
		"no equals sign":             {[]string{"a"}, ""},
		"two equals signs":           {[]string{"a=b=c"}, ""},
		"no key":                     {[]string{"=b"}, ""},
		"a key twice":                {[]string{"a=1,a=2"}, ""},
		"a key in upper case":        {[]string{"A=1"}, ""},
		"a key that begins with -":   {[]string{"-a=1"}, ""},
		"a space in a key":           {[]string{"a b=1"}, ""},
		"a space before =":           {[]string{"a =1"}, ""},
		"two tenants":                {[]string{"a@b@c=1"}, ""},
		"a system that is a number":  {[]string{"a@1=1"}, ""},
		"a long system":              {[]string{"a@" + strings.Repeat("b", 15) + "=1"}, ""},
		"a tenant without a system":  {[]string{"a@=1"}, ""},
		"a control character":        {[]string{"a=\x01"}, ""},
		"a character of many bytes":  {[]string{"a=é"}, ""},
		"one of two members is none": {[]string{"a=1,b"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"Traceparent": {parent}, "Tracestate": c.lines}
			upstream.CheckTrace(header)
			if got := header.Get("Tracestate"); got != c.want || len(header["Tracestate"]) > 1 {
				t.Errorf("got %q, want %q", header["Tracestate"], c.want)
			}
			if header.Get("Traceparent") != parent {
				t.Error("traceparent is gone")
			}
		})
	}
}

// Traces neither split what callers share nor come from another caller: the
// one call has the trace of the caller whose request began it.
func TestTracesOfSharedCalls(t *testing.T) {
	var mu sync.Mutex
	var traces []string
	entered, release := make(chan struct{}, 10), make(chan struct{})
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		traces = append(traces, r.Header.Get("Traceparent")+" "+r.Header.Get("Tracestate"))
		mu.Unlock()
		entered <- struct{}{}
		<-release
		w.Header().Set("Cache-Control", "max-age=60")
		answers(200, "application/json", `{"id":"a"}`)(w, r)
	})
	store, err := cache.New(cache.Config{Size: 1 << 20, Missing: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	client := open(t, upstream.Config{URL: base, Store: store})
	call := func(i int) {
		header := http.Header{"Traceparent": {fmt.Sprintf("00-%032x-%016x-01", i+1, i+1)}, "Tracestate": {fmt.Sprintf("a=%d", i)}}
		ctx := upstream.WithCaller(t.Context(), upstream.Caller{Headers: header})
		if got, err := upstream.GetJSON[row](ctx, client, upstream.Request{}); err != nil || got.ID != "a" {
			t.Errorf("caller %d: %v %v", i, got, err)
		}
	}
	var group sync.WaitGroup
	group.Go(func() { call(0) })
	<-entered // the call of the first is under way
	for i := range 9 {
		group.Go(func() { call(i + 1) })
	}
	close(release)
	group.Wait()
	call(10)
	mu.Lock()
	defer mu.Unlock()
	if want := fmt.Sprintf("00-%032x-%016x-01 a=0", 1, 1); len(traces) != 1 || traces[0] != want {
		t.Errorf("calls with the traces %q, want one with %q", traces, want)
	}
}
