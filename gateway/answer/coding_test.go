package answer

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

func TestNegotiate(t *testing.T) {
	for accept, want := range map[string]coding{
		"":                              identity,
		"identity":                      identity,
		"gzip;q=0.5, identity":          identity,
		"identity, gzip":                gzipCoding,
		"identity;q=0.2, gzip;q=0.5":    gzipCoding,
		"x-gzip":                        gzipCoding,
		"compress":                      identity,
		"gzip":                          gzipCoding,
		"GZip":                          gzipCoding,
		"br":                            brotliCoding,
		"zstd":                          zstdCoding,
		"gzip, deflate, br, zstd":       zstdCoding, // what browsers send
		"gzip, br":                      brotliCoding,
		"zstd;q=0.5, gzip":              gzipCoding,
		"zstd;q=0.5, gzip;q=0.5":        zstdCoding,
		"gzip;q=0":                      identity,
		"gzip; q = 0.1":                 gzipCoding,
		"zstd;q=x, br;level=1, gzip":    gzipCoding,
		"*":                             identity,
		"gzip;q=1e400":                  identity,
		"gzip;q=-1":                     identity,
		strings.Repeat("x,", 10) + "br": brotliCoding,
	} {
		if got := negotiate([]string{accept}, smallest); got != want {
			t.Errorf("%q: %v, want %v", accept, got, want)
		}
		if got := negotiate([]string{accept}, smallest-1); got != identity {
			t.Errorf("%q: a small answer is in %v", accept, got)
		}
	}
	if got := negotiate([]string{"gzip", "br"}, smallest); got != brotliCoding {
		t.Errorf("two lines: %v", got)
	}
}

// decompress reads a body in a coding.
func decompress(t *testing.T, coding string, body io.Reader) string {
	t.Helper()
	var err error
	switch coding {
	case "gzip":
		body, err = gzip.NewReader(body)
	case "br":
		body = brotli.NewReader(body)
	case "zstd":
		body, err = zstd.NewReader(body)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Answers that are not cached are compressed as those that are, unless that makes
// them larger.
func TestCompressed(t *testing.T) {
	w, err := NewWriter()
	if err != nil {
		t.Fatal(err)
	}
	random := make([]byte, 0, 2000)
	for range cap(random) {
		random = append(random, byte(1+rand.IntN(255))) // what nothing compresses
	}
	for name, c := range map[string]struct {
		data       string
		compressed bool
	}{
		"small":  {`"` + strings.Repeat("x", smallest-20) + `"`, false},
		"large":  {`"` + strings.Repeat("portico ", 10_000) + `"`, true},
		"random": {string(random), false},
	} {
		a := New(&graphql.Response{Data: []byte(c.data)}, 0)
		for _, coding := range []string{"", "gzip", "br", "zstd"} {
			to, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)
			r.Header.Set("Accept-Encoding", coding)
			w.Write(to, r, a, jsonFormat)
			got, want := to.Header().Get("Content-Encoding"), ""
			if c.compressed {
				want = coding
			}
			if got != want || to.Code != http.StatusOK {
				t.Errorf("%s, %s: status %d, coding %q", name, coding, to.Code, got)
			}
			if length := to.Header().Get("Content-Length"); length != "" && length != strconv.Itoa(to.Body.Len()) || length == "" && to.Body.Len() > counted {
				t.Errorf("%s, %s: length %q of %d", name, coding, length, to.Body.Len())
			}
			if size := to.Body.Len(); want != "" && size > len(c.data)/50 {
				t.Errorf("%s, %s: %d bytes of %d", name, coding, size, len(c.data))
			}
			if text := decompress(t, got, to.Body); text != `{"data":`+c.data+`}` {
				t.Errorf("%s, %s: %.100q", name, coding, text)
			}
		}
	}
}

// The tables of a coding are reused.
func TestAllocationsOfCompress(t *testing.T) {
	c, err := newCompressor()
	if err != nil {
		t.Fatal(err)
	}
	body, to := []byte(strings.Repeat("portico ", 500)), new(bytes.Buffer)
	for as := range identity {
		n := testing.AllocsPerRun(200, func() {
			to.Reset()
			c.compress(to, as, body)
		})
		if n > 5 {
			t.Errorf("%v: %v allocations", as, n)
		}
	}
}

func BenchmarkCompress(b *testing.B) {
	c, err := newCompressor()
	if err != nil {
		b.Fatal(err)
	}
	var text strings.Builder
	for i := range 500 {
		n := rand.IntN(1_000_000)
		text.WriteString(`{"id":"` + strconv.Itoa(i) + `","name":"name ` + strconv.Itoa(n) + `","body":"some words that are the same in each row ` + strconv.Itoa(n*7) + `"},`)
	}
	body, to := []byte(text.String()), new(bytes.Buffer)
	for as := range identity {
		b.Run(as.String(), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				to.Reset()
				c.compress(to, as, body)
			}
			b.ReportMetric(float64(to.Len())/float64(len(body)), "ratio")
		})
	}
}
