package server

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/cachecontrol"
	"github.com/portico-gateway/portico/gateway/problem"
)

// answer is the answer to a query, for all who ask the same. It is immutable.
type answer struct {
	data   []byte
	errors gqlerror.List
	// extensions are those of resolvers (graphql.RegisterExtension); an answer
	// with some is not kept.
	extensions map[string]any
	cost       float64   // what it did cost
	vary       *vary     // what it varies by
	key        cache.Key // with what it was made of
	kept       *kept     // nil when it is not kept
}

// response is one of its own for each who asks.
func (a *answer) response() *graphql.Response {
	return &graphql.Response{Data: a.data, Errors: a.errors, Extensions: maps.Clone(a.extensions)}
}

// failed tells whether services failed, so that a stale answer is better.
func (a *answer) failed() bool {
	for _, err := range a.errors {
		code, _ := err.Extensions["code"].(string)
		switch problem.Code(code) {
		case problem.ServiceError, problem.ServiceTimeout, problem.Unavailable:
			return true
		}
	}
	return false
}

// kept is an answer as bytes with the header fields that go with it, made once
// and written as often as somebody asks.
type kept struct {
	*compressor

	born    time.Time
	policy  cachecontrol.Policy
	tag     string // of the identity coding, without quotes
	plain   coded
	gzip    lazily
	zstd    lazily
	control []string // Cache-Control for GET; "no-store" for POST
	noStore []string
	noSniff []string
	keys    []string // Surrogate-Key
	tags    []string

	named, unnamed []string // Vary, as the path has the frontend or not
	types          [2][]string
	aged           atomic.Pointer[aged]
}

// coded is an answer in one content coding.
type coded struct {
	coding []string // Content-Encoding; nil for identity
	body   []byte
	length []string
	// etags and types are those of the formats that an answer has.
	etags [2][]string
}

// answerHead is what is known of an answer besides its data: what other gateways
// are told.
type answerHead struct {
	Cost      float64
	Principal bool
	Headers   []string
	Policy    cachecontrol.Policy
	Tags      []string
	Born      time.Time
}

// answerCodec shares answers with other gateways.
func answerCodec(c *compressor) *cache.Codec[*answer] {
	return &cache.Codec[*answer]{
		Encode: func(a *answer, _ *cache.Entry) []byte {
			return cache.Frame(answerHead{a.cost, a.vary.principal, a.vary.headers, a.kept.policy, a.kept.tags, a.kept.born}, a.data)
		},
		Decode: func(text []byte) (*answer, *cache.Entry, error) {
			var head answerHead
			data, err := cache.Unframe(text, &head)
			if err != nil {
				return nil, nil, err
			}
			a := &answer{cost: head.Cost, vary: &vary{principal: head.Principal, headers: head.Headers}}
			a.kept = newKept(data, a.vary, head, c)
			a.data = a.kept.data()
			return a, a.entry(), nil
		},
	}
}

// entry is what a kept answer is kept as, but for its key.
func (a *answer) entry() *cache.Entry {
	k := a.kept
	return &cache.Entry{
		Value: a, Cost: int64(2 * len(k.plain.body)), // with what is compressed
		Born: k.born, Fresh: k.policy.MaxAge, Stale: max(k.policy.StaleWhileRevalidate, k.policy.StaleIfError), Tags: k.tags,
	}
}

// The formats of an answer.
const (
	graphqlFormat = "application/graphql-response+json"
	jsonFormat    = "application/json"
)

// formatOf is the index of a format.
func formatOf(format string) int {
	if format == jsonFormat {
		return 1
	}
	return 0
}

// lazily is a coding that is made when the first caller accepts it.
type lazily struct {
	once  sync.Once
	coded coded
}

// smallest is the least that is compressed: less fits into a packet.
const smallest = 1 << 10

// mostKeys is the most bytes of a Surrogate-Key: proxies bound the size of
// headers, usually to 8 KiB.
const mostKeys = 4 << 10

func newKept(data []byte, v *vary, head answerHead, c *compressor) *kept {
	body := make([]byte, 0, len(data)+len(`{"data":}`))
	body = append(body, `{"data":`...)
	body = append(append(body, data...), '}')
	sum := sha256.Sum256(body)
	k := &kept{
		born: head.Born, policy: head.Policy, tags: head.Tags, compressor: c,
		tag:     base64.RawURLEncoding.EncodeToString(sum[:16]),
		control: []string{control(head.Policy)},
		noStore: []string{"no-store"},
		noSniff: []string{"nosniff"},
		keys:    surrogateKeys(head.Tags),
		types:   [2][]string{{graphqlFormat + "; charset=utf-8"}, {jsonFormat + "; charset=utf-8"}},
	}
	k.named, k.unnamed = v.fields()
	k.plain = k.code("", body)
	return k
}

// data is the part of the body that is the response's data.
func (k *kept) data() []byte { return k.plain.body[len(`{"data":`) : len(k.plain.body)-1] }

func (k *kept) code(coding string, body []byte) coded {
	c := coded{body: body, length: []string{strconv.Itoa(len(body))}}
	suffix := ""
	if coding != "" {
		c.coding, suffix = []string{coding}, "."+coding
	}
	c.etags = [2][]string{{`"` + k.tag + suffix + `"`}, {`"` + k.tag + suffix + `.json"`}}
	return c
}

func surrogateKeys(tags []string) []string {
	var all strings.Builder
	for _, tag := range tags { // those of types come first
		if strings.ContainsAny(tag, " \t") { // a service's own, which this field can't say
			continue
		}
		if all.Len()+1+len(tag) > mostKeys {
			break
		}
		if all.Len() > 0 {
			all.WriteByte(' ')
		}
		all.WriteString(tag)
	}
	if all.Len() == 0 {
		return nil
	}
	return []string{all.String()}
}

// control is the field Cache-Control of a GET (RFC 9111, RFC 5861).
func control(p cachecontrol.Policy) string {
	if p.Private {
		return "private, no-store"
	}
	text := "public, max-age=" + inSeconds(p.MaxAge)
	if p.StaleWhileRevalidate > 0 {
		text += ", stale-while-revalidate=" + inSeconds(p.StaleWhileRevalidate)
	}
	if p.StaleIfError > 0 {
		text += ", stale-if-error=" + inSeconds(p.StaleIfError)
	}
	return text
}

func inSeconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// cacheName is what the gateway's cache is called in Cache-Status (RFC 9211).
const cacheName = "Portico"

// Serve is part of transport.Finished: it answers with a hit, which is told by
// the field Age.
func (k *kept) Serve(w http.ResponseWriter, r *http.Request, format string) {
	w.Header()["Age"] = k.age()
	k.serve(w, r, format)
}

// first is an answer for those who waited for it.
type first struct {
	*kept

	status string
}

// Serve is part of transport.Finished.
func (f first) Serve(w http.ResponseWriter, r *http.Request, format string) {
	w.Header()["Cache-Status"] = []string{f.status}
	if time.Since(f.born) >= time.Second { // another gateway made it
		w.Header()["Age"] = f.age()
	}
	f.serve(w, r, format)
}

func (k *kept) serve(w http.ResponseWriter, r *http.Request, format string) {
	header := w.Header()
	if r.Method != http.MethodGet { // nobody else may keep it
		header["Cache-Control"] = k.noStore
		k.write(w, k.accepted(r), format)
		return
	}
	header["Cache-Control"] = k.control
	vary := k.named
	if r.URL.Path == anyFrontend {
		vary = k.unnamed
	}
	if others := header["Vary"]; len(others) > 0 { // of CORS
		vary = slices.Concat(others, vary)
	}
	header["Vary"] = vary
	if k.policy.Private {
		k.write(w, k.accepted(r), format)
		return
	}
	if header["Ratelimit"] != nil { // it would be told others
		delete(header, "Ratelimit")
		delete(header, "Ratelimit-Policy")
	}
	if k.keys != nil {
		header["Surrogate-Key"] = k.keys
	}
	c := k.accepted(r)
	etag := c.etags[formatOf(format)]
	header["Etag"] = etag
	if matches(r.Header["If-None-Match"], etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	k.write(w, c, format)
}

// counted is the most bytes that net/http counts itself when a handler returns
// (bufferBeforeChunkingSize there). Up to eight fields cost much less there
// than more.
const counted = 2048

// write writes the body in a coding.
func (k *kept) write(w http.ResponseWriter, c *coded, format string) {
	header := w.Header()
	if c.coding != nil {
		header["Content-Encoding"] = c.coding
	}
	header["Content-Type"] = k.types[formatOf(format)]
	if len(c.body) > counted {
		header["Content-Length"] = c.length
	}
	header["X-Content-Type-Options"] = k.noSniff
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(c.body) // the caller left: nobody to tell
}

// aged is the field Age of a second.
type aged struct {
	seconds int64
	field   []string
}

// age is the field Age, which is made once a second.
func (k *kept) age() []string {
	d := time.Since(k.born)
	if have := k.aged.Load(); have != nil && have.seconds == int64(d/time.Second) {
		return have.field
	}
	made := &aged{int64(d / time.Second), age(d)}
	k.aged.Store(made)
	return made.field
}

// age is a field Age: whole seconds (RFC 9111, section 5.1).
func age(d time.Duration) []string { return []string{inSeconds(max(d, 0))} }

// matches tells whether If-None-Match has a tag (RFC 9110, section 13.1.2).
func matches(values []string, etag string) bool {
	for _, value := range values {
		for text := range strings.SplitSeq(value, ",") {
			text = strings.TrimSpace(text)
			if text == "*" || strings.TrimPrefix(text, "W/") == etag {
				return true
			}
		}
	}
	return false
}

// accepted is the answer in the coding that a request accepts (RFC 9110,
// section 12.5.3): zstd before gzip before none.
func (k *kept) accepted(r *http.Request) *coded {
	if len(k.plain.body) < smallest {
		return &k.plain
	}
	accept := r.Header["Accept-Encoding"]
	switch {
	case accepts(accept, "zstd"):
		return k.zstd.get(k, "zstd", k.compressor.zstd)
	case accepts(accept, "gzip"):
		return k.gzip.get(k, "gzip", k.compressor.gzip)
	}
	return &k.plain
}

func (l *lazily) get(k *kept, coding string, compress func([]byte) []byte) *coded {
	l.once.Do(func() {
		l.coded = k.plain
		if body := compress(k.plain.body); body != nil && len(body) < len(k.plain.body) {
			l.coded = k.code(coding, body)
		}
	})
	return &l.coded
}

// accepts tells whether a coding is named and not refused by q=0.
func accepts(values []string, coding string) bool {
	for _, value := range values {
		for item := range strings.SplitSeq(value, ",") {
			name, parameters, _ := strings.Cut(item, ";")
			if !strings.EqualFold(strings.TrimSpace(name), coding) {
				continue
			}
			_, q, found := strings.Cut(parameters, "=")
			weight, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
			return !found || err == nil && weight > 0
		}
	}
	return false
}
