package upstream_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/upstream"
)

func nextOf(t *testing.T, parameter string, fields ...string) string {
	t.Helper()
	next, err := upstream.NextLink(http.Header{"Link": fields}, parameter)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case next == nil:
		return "none"
	}
	return *next
}

func TestNextLink(t *testing.T) {
	for name, test := range map[string]struct {
		fields []string
		want   string
	}{
		"no field":               {nil, "none"},
		"an empty field":         {[]string{""}, "none"},
		"the only link":          {[]string{`<https://api.example/items?page=2>; rel="next"`}, "2"},
		"after others":           {[]string{`<https://x/?page=1>; rel="prev", <https://x/?page=3>; rel="next", <https://x/?page=9>; rel="last"`}, "3"},
		"no next":                {[]string{`<https://x/?page=1>; rel="prev"`}, "none"},
		"several fields":         {[]string{`<https://x/?page=1>; rel=first`, `<https://x/?page=2>; rel=next`}, "2"},
		"the first of two":       {[]string{`<?page=2>; rel=next, <?page=3>; rel=next`}, "2"},
		"a comma in the URL":     {[]string{`<https://x/a,b?ids=1,2&page=2,3>;rel=prev, <https://x/?ids=1,2&page=4,5>;rel=next`}, "4,5"},
		"a comma in a parameter": {[]string{`<https://x/?page=1>; title="a, <b>; rel=next"; rel=prev, <https://x/?page=2>; rel=next`}, "2"},
		"an escaped quote":       {[]string{`<https://x/?page=1>; title="a\", <b>"; rel="next"`}, "1"},
		"several relations":      {[]string{`<https://x/?page=2>; rel="last  next"`}, "2"},
		"not a relation":         {[]string{`<https://x/?page=2>; rel="nextpage"`}, "none"},
		"upper case":             {[]string{`<https://x/?page=2>; REL="NEXT"`}, "2"},
		"spaces":                 {[]string{"  ,, <https://x/?page=2>\t ; rel = next ,"}, "2"},
		"only the first rel":     {[]string{`<https://x/?page=2>; rel=prev; rel=next`}, "none"},
		"relative":               {[]string{`</items?page=2>; rel=next`}, "2"},
		"only a query":           {[]string{`<?page=2>; rel=next`}, "2"},
		"encoded":                {[]string{`<?page=a%2Bb%3D%3D&x=y>; rel=next`}, "a+b=="},
		"of another resource":    {[]string{`<?page=2>; rel=next; anchor="#other"`}, "none"},
		"a parameter and no =":   {[]string{`<?page=2>; crossorigin; rel=next`}, "2"},
		"no URL":                 {[]string{`rel=next`}, "none"},
		"a URL without an end":   {[]string{`<?page=2; rel=next`}, "none"},
		"no end of the quotes":   {[]string{`<?page=2>; rel="next`}, "2"},
		"without the parameter":  {[]string{`<?cursor=2>; rel=next`}, `error: is not a URL with the parameter page: "?cursor=2"`},
		"no valid URL":           {[]string{"<%zz://?page=2>; rel=next"}, `error: is not a URL with the parameter page: "%zz://?page=2"`},
		"a long one":             {[]string{"<" + strings.Repeat("x", 300) + ">; rel=next"}, `error: is not a URL with the parameter page: "` + strings.Repeat("x", 100) + `"`},
		"too many":               {[]string{strings.Repeat("<?page=1>; rel=prev,", 100) + "<?page=2>; rel=next"}, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := nextOf(t, "page", test.fields...); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if got := nextOf(t, "", `</items?page=2>; rel=next`); got != "/items?page=2" {
		t.Errorf("without a parameter: %q", got)
	}
}

// FuzzNextLink checks that whatever is before a well-formed link and a comma
// outside of quotes does not hide it, and that no text makes a link of its own.
func FuzzNextLink(f *testing.F) {
	for _, text := range []string{"", "<a>; rel=next", `<?page=1>; rel="prev next"; title="x\"y", <b>`, "<", `<>;;="`, ",", "<a>;rel", `<a>; rel="`} {
		f.Add(text, "c")
	}
	f.Fuzz(func(t *testing.T, text, cursor string) {
		next, err := upstream.NextLink(http.Header{"Link": {text}}, "page")
		if next != nil && (err != nil || *next == "" || !strings.Contains(strings.ToLower(text), "next")) {
			t.Fatalf("%q: %q, %v", text, *next, err)
		}
		if cursor == "" {
			return
		}
		one := "<https://x/?page=" + url.QueryEscape(cursor) + `>; title="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"; rel="prev next"`
		for _, fields := range [][]string{{one}, {"<a>; rel=prev, " + one}, {one + ", " + text}} {
			next, err := upstream.NextLink(http.Header{"Link": fields}, "page")
			if err != nil || next == nil || *next != cursor {
				t.Fatalf("%q: %v, %v; want %q", fields, next, err, cursor)
			}
		}
	})
}

func TestHeaders(t *testing.T) {
	header := http.Header{"X-Total": {"12"}, "X-More": {"True"}, "X-Next": {"c"}}
	if next, err := upstream.HeaderText(header, "X-Next"); err != nil || next == nil || *next != "c" {
		t.Errorf("text: %v, %v", next, err)
	}
	if total, err := upstream.HeaderInt64(header, "X-Total"); err != nil || total == nil || *total != 12 {
		t.Errorf("number: %v, %v", total, err)
	}
	if more, err := upstream.HeaderBool(header, "X-More"); err != nil || more == nil || !*more {
		t.Errorf("Boolean: %v, %v", more, err)
	}
	if _, err := upstream.HeaderInt64(header, "X-Next"); err == nil {
		t.Error("no error for a text that is no number")
	}
	if _, err := upstream.HeaderBool(header, "X-Total"); err == nil {
		t.Error("no error for a text that is no Boolean")
	}
	text, errText := upstream.HeaderText(nil, "X")
	number, errNumber := upstream.HeaderInt64(nil, "X")
	flag, errFlag := upstream.HeaderBool(nil, "X")
	if text != nil || number != nil || flag != nil || errText != nil || errNumber != nil || errFlag != nil {
		t.Error("a header that is absent is not nil")
	}
}

// The header of an answer is the same when the answer comes from the cache, or when
// the service confirms it.
func TestHeaderOfKeptAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		control, want string
	}{
		"fresh":     {"max-age=60", "get"},
		"validated": {"max-age=0", `get,"1"`},
	} {
		t.Run(name, func(t *testing.T) {
			o, client := newOrigin(t, upstream.Config{})
			o.set(http.StatusOK, "Cache-Control", test.control, "Etag", `"1"`, "Link", "<?page=2>; rel=next")
			for range 2 {
				var head http.Header
				if _, err := client.GetJSON(t.Context(), upstream.Request{Path: []string{"x"}, ResponseHeader: &head}); err != nil {
					t.Fatal(err)
				}
				if next, err := upstream.NextLink(head, "page"); err != nil || next == nil || *next != "2" {
					t.Errorf("got %v, %v", next, err)
				}
			}
			if asked := o.asked(); asked != test.want {
				t.Errorf("asked %q, want %q", asked, test.want)
			}
		})
	}
}
