package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// got is an answer to a GET, for all who ask the same. It is immutable. An answer
// that a condition of a binding makes an error is one, too, and as fresh as the
// service says: each binding that reads it applies its own conditions.
type got struct {
	status int
	header http.Header
	body   string
	born   time.Time     // when the service made it
	fresh  time.Duration // since then, if it says so
	said   bool
	// mustRevalidate reports that it must not be used when it is stale.
	mustRevalidate bool
	part           *cache.Part // nil if it is not cached
}

// note notes in the provenance of an answer what the service says of its part.
func (g *got) note(ctx context.Context) {
	record := provenance.From(ctx)
	if record == nil {
		return
	}
	record.Born(g.born)
	if g.said {
		record.Expires(g.born.Add(g.fresh))
	}
	if g.mustRevalidate {
		record.MustRevalidate()
	}
	record.Tag(tagsOf(g.header)...)
	if g.part != nil {
		record.Has(g.part)
		record.Expires(g.part.Until())
	}
}

// keptForValidation is how long an answer that can be validated is kept after it
// was fresh: what changes less often than that is sent once.
const keptForValidation = 10 * time.Minute

// get returns the answer to a GET: the one that the operation has had already, one
// that is cached (RFC 9111, as a shared cache), one that is under way, or a new
// one. Requests are the same if URL and header are, but for the trace, so that all
// that Vary names is the same. What several callers share has the trace of the one
// whose request began it. An answer of which something is passed to the caller is
// one that the operation has had already, or a new one.
func (c *httpClient) get(ctx context.Context, r Request) (*got, error) {
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	what := c.callOf(ctx, r)
	key := keyOf(c.config().Name, what.version.name, req.Request)
	if r.Passes != nil {
		return cache.Once(ctx, r.Passes.key(key), func() (*got, error) { return c.answer(ctx, r, req) })
	}
	return cache.Once(ctx, key, func() (*got, error) { return c.recall(ctx, req, what, key) })
}

// recall is get for the first time in an operation.
func (c *httpClient) recall(ctx context.Context, req based, what *call, key cache.Key) (*got, error) {
	began := time.Now()
	entry, status, err := c.gets.Fetch(ctx, key, c.fetch(req, what))
	if how := found(status); how != "" {
		provenance.From(ctx).Found(&provenance.Call{
			Service: c.config().Name, Version: what.version.name, Route: what.route, Keys: provenance.Keys(ctx),
			Cache: how, Began: began, Outcome: outcomeOf(err),
		})
	}
	switch {
	case err == nil:
		return gotOf(entry), nil
	case ctx.Err() != nil:
		return nil, failed(ctx, c.config().Name, ctx.Err())
	case isLate(err):
		return nil, failed(ctx, c.config().Name, err)
	}
	return nil, err
}

// isLate reports whether a call did not end in time, and not even with a problem.
func isLate(err error) bool {
	_, known := errors.AsType[*problem.Error](err)
	return !known && errors.Is(err, context.DeadlineExceeded)
}

// found returns how an answer was found without a call for this operation; empty if it was not.
func found(s cache.Status) string {
	switch {
	case s.Stale:
		return provenance.Stale
	case s.Hit:
		return provenance.Hit
	case s.Joined:
		return provenance.Coalesced
	}
	return ""
}

// keyOf returns the key of a request of a version: all that the service is sent, except what is
// for logs and traces.
func keyOf(service, version string, req *http.Request) cache.Key {
	names := make([]string, 0, 16)
	for name := range req.Header {
		if !isForLogs(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	text := append(make([]byte, 0, 1<<10), "GET"...)
	text = cache.AppendPart(cache.AppendPart(cache.AppendPart(text, service), version), req.URL.String())
	for _, name := range names {
		text = cache.AppendPart(text, name)
		text = binary.BigEndian.AppendUint64(text, uint64(len(req.Header[name])))
		for _, value := range req.Header[name] {
			text = cache.AppendPart(text, value)
		}
	}
	return sha256.Sum256(text)
}

// isFailure reports whether the service failed, and not the request (RFC 5861,
// section 4).
func isFailure(_ *cache.Entry, err error) bool {
	if e, ok := errors.AsType[*StatusError](err); ok {
		return e.Status >= 500
	}
	p, ok := errors.AsType[*problem.Error](err)
	return isLate(err) || ok && (p.Code == problem.ServiceError || p.Code == problem.ServiceTimeout)
}

// fetched is an answer, and how it may be cached.
type fetched struct {
	answer *got
	policy cache.Policy
	direct bool // else a redirect led to it, which may lead elsewhere the next time
}

// fetch returns a function that calls the service, with the validators of the answer
// that is cached, if one is.
func (c *httpClient) fetch(req based, what *call) cache.Make {
	return func(ctx context.Context, have *cache.Entry) (*cache.Entry, error) {
		req := based{req.WithContext(ctx), req.base}
		conditional := have != nil && validate(req.Request, gotOf(have).header)
		made, err := exchange(c, req, what, func(ctx context.Context, of *call, resp *http.Response, asked time.Time) (fetched, error) {
			answer := &got{status: resp.StatusCode, header: resp.Header}
			direct := isSame(resp.Request.URL, req.URL)
			if conditional && direct && resp.StatusCode == http.StatusNotModified {
				old := gotOf(have)
				answer = &got{status: old.status, header: updated(old.header, resp.Header), body: old.body}
			} else {
				body, err := c.body(ctx, of, resp)
				if err != nil {
					return fetched{}, err
				}
				answer.body = body
			}
			return fetched{answer, answer.read(req.Request, asked), direct}, nil
		})
		if err != nil {
			return nil, err
		}
		answer := made.answer
		entry := &cache.Entry{Value: answer, Born: answer.born}
		if made.policy == (cache.Policy{}) || !made.direct || what.fellBack || !c.store.Stores() || hasNoContent(answer.status) || answer.isBroken() {
			return entry, nil
		}
		entry.Policy = made.policy
		answer.body = strings.Clone(answer.body) // it may have more memory than it needs
		entry.Cost, entry.Part = answer.size(), true
		entry.Tags = append(tagsOf(answer.header), cache.ServiceTag(c.config().Name))
		answer.part = c.store.PartOf(entry)
		return entry, nil
	}
}

// isBroken reports whether an answer is not the JSON that it says it is. To cache it would only make that last.
func (g *got) isBroken() bool {
	kind, _, _ := strings.Cut(strings.ToLower(g.header.Get("Content-Type")), ";")
	return g.body != "" && strings.HasSuffix(strings.TrimSpace(kind), "json") && decode.NewJSON(g.body, decode.Source{}).End() != nil
}

// validate makes a request conditional (RFC 9111, section 4.3.1), and reports whether
// it is.
func validate(req *http.Request, header http.Header) bool {
	etag, modified := header.Get("Etag"), header.Get("Last-Modified")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	if modified != "" {
		req.Header.Set("If-Modified-Since", modified)
	}
	return etag+modified != ""
}

// updated is a stored header with the fields of a 304 (RFC 9111, section 3.2).
func updated(stored, fresh http.Header) http.Header {
	header := stored.Clone()
	header.Del("Age") // that of the stored answer
	for name, values := range fresh {
		switch name {
		case "Content-Length", "Content-Encoding", "Content-Type", "Content-Range":
		default:
			header[name] = values
		}
	}
	return header
}

// read finds out when an answer, which was requested at a time, was made and how long
// it is fresh, and returns how it may be cached (RFC 9111, section 3): with
// everything that the service does not say nothing is cached, though it could be.
func (g *got) read(req *http.Request, asked time.Time) cache.Policy {
	said, old := directives(g.header), age(g.header)
	left, ok := freshness(g.header, said)
	g.born, g.fresh, g.said = asked.Add(-old), left+old, ok
	g.mustRevalidate = said.MustRevalidate || said.ProxyRevalidate || said.SMaxAge >= 0 || said.NoCachePresent
	if slices.Contains(g.header.Values("Vary"), "*") {
		g.fresh, g.said = 0, true
		return cache.Policy{}
	}
	personal := req.Header.Get("Authorization") != ""
	mayShare := said.Public || said.SMaxAge >= 0 || said.MustRevalidate
	if !g.said && g.header.Get("Cache-Control") == "" || said.NoStore || said.PrivatePresent || personal && !mayShare {
		return cache.Policy{}
	}
	p := cache.Policy{Fresh: max(g.fresh, 0)}
	if left <= 0 {
		p.Fresh = 0
	}
	if !g.mustRevalidate && p.Fresh > 0 {
		p.Revalidate = seconds(max(int64(said.StaleWhileRevalidate), 0))
		p.IfError = seconds(max(int64(said.StaleIfError), 0))
	}
	if g.header.Get("Etag") != "" || g.header.Get("Last-Modified") != "" {
		p.Validate = keptForValidation
	}
	return p
}

// tagsOf returns the tags that a service sends with an answer: Surrogate-Key by spaces
// (Fastly), Cache-Tag by commas (Akamai, Cloudflare).
func tagsOf(header http.Header) []string {
	var tags []string
	for _, value := range header.Values("Surrogate-Key") {
		tags = append(tags, strings.Fields(value)...)
	}
	for _, value := range header.Values("Cache-Tag") {
		for tag := range strings.SplitSeq(value, ",") {
			tags = append(tags, strings.TrimSpace(tag))
		}
	}
	return tags
}
