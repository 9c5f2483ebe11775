package upstream

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/provenance"
)

// The cases of RFC 9111, sections 4.2, 5.1 to 5.3.
func TestFreshness(t *testing.T) {
	date := "Tue, 24 Nov 2026 12:00:00 GMT"
	for _, c := range []struct {
		header http.Header
		want   time.Duration
		said   bool
	}{
		{http.Header{}, 0, false},
		{http.Header{"Cache-Control": {"max-age=60"}}, time.Minute, true},
		{http.Header{"Cache-Control": {"public", "max-age=60"}}, time.Minute, true},
		{http.Header{"Cache-Control": {"MAX-AGE=60"}}, time.Minute, true},
		{http.Header{"Cache-Control": {`max-age="60"`}}, time.Minute, true},
		{http.Header{"Cache-Control": {"max-age=60, s-maxage=10"}}, 10 * time.Second, true},
		{http.Header{"Cache-Control": {"max-age=60"}, "Age": {"20"}}, 40 * time.Second, true},
		{http.Header{"Cache-Control": {"max-age=60"}, "Age": {"x"}}, time.Minute, true},
		{http.Header{"Cache-Control": {"max-age=60"}, "Age": {"-5"}}, time.Minute, true},
		{http.Header{"Cache-Control": {"max-age=60"}, "Age": {"100"}}, -40 * time.Second, true},
		{http.Header{"Cache-Control": {"no-store"}}, 0, true},
		{http.Header{"Cache-Control": {"no-cache, max-age=60"}}, 0, true},
		{http.Header{"Cache-Control": {"max-age=60, private"}}, 0, true},
		{http.Header{"Cache-Control": {`private="set-cookie", max-age=60`}}, 0, true},
		{http.Header{"Cache-Control": {"max-age=x"}}, 0, true},
		{http.Header{"Cache-Control": {"max-age"}}, 0, true},
		{http.Header{"Cache-Control": {"unknown, other=5"}}, 0, false},
		{http.Header{"Expires": {"Tue, 24 Nov 2026 12:00:30 GMT"}, "Date": {date}}, 30 * time.Second, true},
		{http.Header{"Expires": {"0"}, "Date": {date}}, 0, true},
		{http.Header{"Expires": {"Tue, 24 Nov 2026 11:00:00 GMT"}, "Date": {date}}, -time.Hour, true},
		{http.Header{"Expires": {"Tue, 24 Nov 2026 12:00:30 GMT"}, "Date": {date}, "Cache-Control": {"max-age=5"}}, 5 * time.Second, true},
		{http.Header{"Cache-Control": {"must-revalidate"}, "Expires": {"Tue, 24 Nov 2026 12:00:30 GMT"}, "Date": {date}}, 30 * time.Second, true},
	} {
		got, said := freshness(c.header, directives(c.header))
		if got != c.want || said != c.said {
			t.Errorf("%v: got %v %v, want %v %v", c.header, got, said, c.want, c.said)
		}
	}
}

func TestTagsOfServices(t *testing.T) {
	ctx, record := provenance.Begin(t.Context())
	(&got{header: http.Header{"Surrogate-Key": {"a b", "c"}, "Cache-Tag": {"d, e f,", "g"}}}).note(ctx)
	if got := record.Summary().Tags; !slices.Equal(got, []string{"a", "b", "c", "d", "e f", "g"}) {
		t.Errorf("%q", got)
	}
	(&got{header: http.Header{"Surrogate-Key": {"a"}}}).note(t.Context()) // nobody wants to know
}

func FuzzFreshness(f *testing.F) {
	for _, seed := range []string{"max-age=60", "private, max-age=1", `a="b\"`, "=", ",,", "max-age=99999999999999999999"} {
		f.Add(seed, "5")
	}
	f.Fuzz(func(t *testing.T, control, age string) {
		header := http.Header{"Cache-Control": {control}, "Age": {age}}
		fresh, said := freshness(header, directives(header))
		if fresh > 0 && !said {
			t.Errorf("%q is fresh for %v and says nothing", control, fresh)
		}
	})
}
