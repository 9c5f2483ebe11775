package provenance_test

import (
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/provenance"
)

func TestRecord(t *testing.T) {
	ctx, r := provenance.Begin(t.Context())
	if provenance.From(ctx) != r || provenance.From(t.Context()) != nil {
		t.Fatal("the record is not where it should be")
	}
	var group sync.WaitGroup
	now := time.Now()
	for range 10 {
		group.Go(func() {
			r.Uses(provenance.Principal)
			r.Uses(provenance.Nobody)
			r.UsesHeader("B")
			r.UsesHeader("A")
			r.Tag("t2", "", "t1", "t1")
			r.Born(now)
			r.Born(now.Add(-time.Hour))
			r.Born(now.Add(time.Hour))
			r.Born(time.Time{})
			r.Expires(now.Add(time.Minute))
			r.Expires(now.Add(time.Second))
			r.Expires(now.Add(time.Hour))
			r.Expires(time.Time{})
			r.MustRevalidate()
			r.Calls("b")
			r.Calls("a")
		})
	}
	group.Wait()
	want := provenance.Summary{Caller: provenance.Principal, Headers: []string{"A", "B"}, Tags: []string{"t1", "t2"}, Born: now.Add(-time.Hour), Expires: now.Add(time.Second), MustRevalidate: true, Services: []string{"a", "b"}}
	if got := r.Summary(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, other := provenance.Begin(ctx)
	other.Tag("t3")
	other.Add(want)
	other.Expires(now)
	other.Missing()
	other.FellBack()
	want.Tags, want.Expires, want.Missing, want.FellBack = append(want.Tags, "t3"), now, true, true
	if got := other.Summary(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := r.Summary(); len(got.Tags) != 2 || got.FellBack {
		t.Error("an inner record changes the outer one")
	}
	if r.Add(want); !r.Summary().FellBack {
		t.Error("a part with a fallback makes a whole answer")
	}
}

// Without a record nothing is noted, and nothing breaks.
func TestNoRecord(t *testing.T) {
	var r *provenance.Record
	r.Uses(provenance.Everything)
	r.UsesHeader("A")
	r.Tag("t")
	r.Born(time.Now())
	r.Expires(time.Now())
	r.MustRevalidate()
	r.Missing()
	r.FellBack()
	r.Calls("a")
	r.Add(provenance.Summary{Tags: []string{"t"}})
	if got := r.Summary(); !reflect.DeepEqual(got, provenance.Summary{}) {
		t.Errorf("%+v", got)
	}
}

func TestTooManyTags(t *testing.T) {
	_, r := provenance.Begin(t.Context())
	for i := range provenance.MaxTags {
		r.Tag(strconv.Itoa(i))
	}
	if r.Tag("1"); r.Summary().Overflow {
		t.Error("as many as may be are too many")
	}
	r.Tag("one more")
	if s := r.Summary(); !s.Overflow || len(s.Tags) != provenance.MaxTags {
		t.Errorf("%v, %d tags", s.Overflow, len(s.Tags))
	}
	_, outer := provenance.Begin(t.Context())
	if outer.Add(provenance.Summary{Overflow: true}); !outer.Summary().Overflow {
		t.Error("a part that has too many tags is forgotten")
	}
}

func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"", "a", "a b", "a,b", "ä%", "\x00", "A-Z_.~:@"} {
		f.Add(seed, "other")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		escaped := provenance.Escape(a)
		if strings.ContainsAny(escaped, " ,\t\r\n\x00\"") {
			t.Errorf("%q became %q", a, escaped)
		}
		if (a == b) != (escaped == provenance.Escape(b)) {
			t.Errorf("%q and %q are both %q", a, b, escaped)
		}
	})
}
