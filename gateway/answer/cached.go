package answer

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/cachecontrol"
	"github.com/portico-gateway/portico/gateway/problem"
)

// content is what an answer has for all who may have it. It is immutable.
type content struct {
	response *graphql.Response
	cost     float64 // in points
	vary     *vary   // what it varies by
	passed   passed  // for the caller whose request it was made for
	fellBack bool    // a field has its fallback value
	cached   *cached // nil if it is not cached
	calls    Calls   // that made it
}

// answer returns an answer with the content.
func (c *content) answer() *Answer {
	response := *c.response
	response.Extensions = maps.Clone(c.response.Extensions)
	return &Answer{response: &response, cached: c.cached, cost: c.cost}
}

// failed reports whether services failed, so that a stale answer is better.
func (c *content) failed() bool {
	if c.fellBack {
		return true
	}
	for _, err := range c.response.Errors {
		code, _ := err.Extensions["code"].(string)
		switch problem.Code(code) {
		case problem.ServiceError, problem.ServiceTimeout, problem.Unavailable, problem.Overloaded:
			return true
		}
	}
	return false
}

// cached is a content as bytes, with the header fields that go with it. It is made
// once and written any number of times.
type cached struct {
	born    time.Time
	policy  cachecontrol.Policy
	tag     string // of the identity coding, without quotes
	plain   coded
	others  [codings]lazily
	control []string // Cache-Control of a GET; "no-store" of a POST
	noStore []string
	noSniff []string
	keys    []string // Surrogate-Key
	tags    []string
	vary    []string
	types   [2][]string
	aged    atomic.Pointer[aged]

	mustRevalidate bool
}

// coded is an answer in one content coding.
type coded struct {
	coding []string // Content-Encoding; nil for identity
	body   []byte
	length []string
	// etags and types are those of the formats that an answer has.
	etags [2][]string
}

// head is what is known of an answer besides its data. Gateways share it but for
// what its entry has.
type head struct {
	Cost           float64
	Principal      bool
	Headers        []string
	Policy         cachecontrol.Policy
	MustRevalidate bool
	Tags           []string  `json:"-"`
	Born           time.Time `json:"-"`
}

// codec shares answers with other gateways.
func codec() *cache.Codec {
	return &cache.Codec{
		Encode: func(value any) (any, []byte) {
			c := value.(*content) //nolint:forcetypeassert // see contentOf
			return head{
				Cost: c.cost, Principal: c.vary.principal, Headers: c.vary.headers, Policy: c.cached.policy, MustRevalidate: c.cached.mustRevalidate,
			}, c.cached.data()
		},
		Decode: func(raw json.RawMessage, data []byte, e *cache.Entry) error {
			var h head
			if err := json.Unmarshal(raw, &h); err != nil {
				return err
			}
			h.Tags, h.Born = e.Tags, e.Born
			c := &content{cost: h.Cost, vary: &vary{principal: h.Principal, headers: h.Headers}}
			c.cached = newCached(data, c.vary, h)
			c.response = &graphql.Response{Data: c.cached.data()}
			e.Value, e.Cost = c, c.size()
			return nil
		},
	}
}

// size returns how many bytes a cached content has, with what is compressed, of
// which a client asks for one coding, mostly.
func (c *content) size() int64 { return int64(2 * len(c.cached.plain.body)) }

// contentOf returns the content that an entry has.
func contentOf(entry *cache.Entry) *content { return entry.Value.(*content) } //nolint:forcetypeassert // only contents are kept

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

// mostKeys is the most bytes of a Surrogate-Key: proxies bound the size of
// headers, usually to 8 KiB.
const mostKeys = 4 << 10

func newCached(data []byte, v *vary, h head) *cached {
	body := make([]byte, 0, len(data)+len(`{"data":}`))
	body = append(body, `{"data":`...)
	body = append(append(body, data...), '}')
	sum := sha256.Sum256(body)
	k := &cached{
		born: h.Born, policy: h.Policy, tags: h.Tags,
		tag:     base64.RawURLEncoding.EncodeToString(sum[:16]),
		control: []string{control(h.Policy, h.MustRevalidate)},
		noStore: []string{"no-store"},
		noSniff: []string{"nosniff"},
		keys:    surrogateKeys(h.Tags),
		vary:    v.field(),
		types:   [2][]string{{graphqlFormat + "; charset=utf-8"}, {jsonFormat + "; charset=utf-8"}},

		mustRevalidate: h.MustRevalidate,
	}
	k.plain = k.code(identity, body)
	return k
}

// data returns the part of the body that is the response's data.
func (k *cached) data() []byte { return k.plain.body[len(`{"data":`) : len(k.plain.body)-1] }

func (k *cached) code(as coding, body []byte) coded {
	c := coded{body: body, length: []string{strconv.Itoa(len(body))}}
	suffix := ""
	if as != identity {
		c.coding, suffix = []string{as.String()}, "."+as.String()
	}
	c.etags = [2][]string{{`"` + k.tag + suffix + `"`}, {`"` + k.tag + suffix + `.json"`}}
	return c
}

func surrogateKeys(tags []string) []string {
	var all strings.Builder
	for _, tag := range tags { // those of types come first
		if strings.ContainsAny(tag, " \t") || strings.HasPrefix(tag, cache.ServiceTag("")) {
			continue // a service's own, which this field cannot express; the name of a service, which clients are not told
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

// control returns the field Cache-Control of a GET (RFC 9111, RFC 5861).
func control(p cachecontrol.Policy, mustRevalidate bool) string {
	if p.Private {
		return "private, no-store"
	}
	text := "public, max-age=" + inSeconds(p.MaxAge)
	if mustRevalidate {
		text += ", must-revalidate"
	}
	if p.StaleWhileRevalidate > 0 {
		text += ", stale-while-revalidate=" + inSeconds(p.StaleWhileRevalidate)
	}
	if p.StaleIfError > 0 {
		text += ", stale-if-error=" + inSeconds(p.StaleIfError)
	}
	return text
}

func inSeconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// aged is the field Age of a second.
type aged struct {
	seconds int64
	field   []string
}

// age is the field Age, which is made once a second.
func (k *cached) age() []string {
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

// in returns the content in a coding, compressed when it is first asked for.
func (k *cached) in(as coding, c *compressor) *coded {
	if as == identity {
		return &k.plain
	}
	l := &k.others[as]
	l.once.Do(func() {
		var b bytes.Buffer
		if c.compress(&b, as, k.plain.body); b.Len() < len(k.plain.body) {
			l.coded = k.code(as, bytes.Clone(b.Bytes()))
		} else {
			l.coded = k.plain
		}
	})
	return &l.coded
}
