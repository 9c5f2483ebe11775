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
	asked  time.Time     // for it
	fresh  time.Duration // since then, if it says so
	said   bool
	part   *cache.Part // nil when it is not kept
	// How long it may be used after that: while it is validated, and when the
	// service fails (RFC 5861).
	whileRevalidate, ifError time.Duration
}

// note tells the provenance of an answer what the service says of its part.
func (g *got) note(ctx context.Context) {
	record := provenance.From(ctx)
	if record == nil {
		return
	}
	if g.said {
		record.Fresh(g.fresh - time.Since(g.asked))
	}
	record.Tag(tagsOf(g.header)...)
	if g.part != nil {
		record.Has(g.part)
	}
}

// keptForValidation is how long an answer is kept that can be validated, after
// it is fresh: what changes less often than that is sent once.
const keptForValidation = 10 * time.Minute

// get returns the answer to a GET: the one that the operation has had already, one
// that is kept and fresh (RFC 9111, as a shared cache), one that is under way, or a
// new one. Requests are the same
// when URL and header are, but for the trace, so that whatever Vary names is
// the same. What several callers share has the trace of the one whose request
// began it. An answer of which something is passed to the caller is one that the
// operation has had already, or a new one.
func (c *HTTP) get(ctx context.Context, r Request) (*got, error) {
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	key := keyOf(c.config.Name, req)
	if r.Passes != nil {
		return cache.Once(ctx, r.Passes.key(key), func() (*got, error) { return c.answer(ctx, r, req) })
	}
	return cache.Once(ctx, key, func() (*got, error) { return c.recall(ctx, req, key) })
}

// recall is get for the first time in an operation.
func (c *HTTP) recall(ctx context.Context, req *http.Request, key cache.Key) (*got, error) {
	entry, now := c.store.Get(key), time.Now()
	var have *got
	if entry != nil {
		have = entry.Value.(*got) //nolint:forcetypeassert // this client's keys have no other
		if entry.IsFresh(now) {
			return have, nil
		}
		if now.Sub(have.asked) < have.fresh+have.whileRevalidate {
			c.flights.Start(ctx, key, c.fetch(req, key, have))
			return have, nil
		}
	}
	answer, _, err := c.flights.Do(ctx, key, c.fetch(req, key, have))
	switch {
	case err == nil:
		return answer, nil
	case ctx.Err() != nil:
		return nil, failed(ctx, c.config.Name, ctx.Err())
	case have != nil && isFailure(err) && time.Since(have.asked) < have.fresh+have.ifError:
		return have, nil
	}
	return nil, err
}

// keyOf returns the key of a request: all that the service is sent, except the
// trace.
func keyOf(service string, req *http.Request) cache.Key {
	names := make([]string, 0, 16)
	for name := range req.Header {
		if name != "Traceparent" && name != "Tracestate" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	text := append(make([]byte, 0, 1<<10), "GET"...)
	text = cache.AppendPart(cache.AppendPart(text, service), req.URL.String())
	for _, name := range names {
		text = cache.AppendPart(text, name)
		text = binary.BigEndian.AppendUint64(text, uint64(len(req.Header[name])))
		for _, value := range req.Header[name] {
			text = cache.AppendPart(text, value)
		}
	}
	return sha256.Sum256(text)
}

// isFailure tells whether the service failed, and not the request (RFC 5861,
// section 4).
func isFailure(err error) bool {
	if e, ok := errors.AsType[*StatusError](err); ok {
		return e.Status >= 500
	}
	p, ok := errors.AsType[*problem.Error](err)
	return ok && (p.Code == problem.ServiceError || p.Code == problem.ServiceTimeout)
}

// fetch asks the service, whether its answer is still the one that is there, if
// one is, and keeps what may be kept.
func (c *HTTP) fetch(req *http.Request, key cache.Key, have *got) cache.Make[*got] {
	return func(ctx context.Context, put func(*cache.Entry)) (*got, error) {
		if entry := c.store.Get(key); entry != nil { // it can have come after it was looked for
			if now := entry.Value.(*got); now != have && entry.IsFresh(time.Now()) { //nolint:forcetypeassert // see get
				return now, nil
			}
		}
		req := req.WithContext(ctx)
		if have != nil {
			validate(req, have.header)
		}
		asked := time.Now()
		resp, err := c.send(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		answer := &got{asked: asked}
		direct := resp.Request.URL == req.URL // else a redirect led to it, which may lead elsewhere the next time
		if have != nil && direct && resp.StatusCode == http.StatusNotModified {
			answer.status, answer.header, answer.body = have.status, updated(have.header, resp.Header), have.body
		} else {
			body, err := c.body(ctx, resp)
			if err != nil {
				return nil, err
			}
			answer.status, answer.header, answer.body = resp.StatusCode, resp.Header, body
		}
		kept := answer.read(req)
		if kept > 0 && direct && c.store.Keeps() && !hasNoContent(resp.StatusCode) {
			answer.body = strings.Clone(answer.body) // it may have more memory than it needs
			entry := answer.entry(c.store, kept-max(answer.fresh, 0), append(tagsOf(answer.header), cache.ServiceTag(c.config.Name)))
			entry.Key = key
			put(entry)
		}
		return answer, nil
	}
}

// validate makes a request conditional (RFC 9111, section 4.3.1).
func validate(req *http.Request, header http.Header) {
	if etag := header.Get("Etag"); etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	if modified := header.Get("Last-Modified"); modified != "" {
		req.Header.Set("If-Modified-Since", modified)
	}
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

// read finds out how long the answer is fresh and may be used after that, and
// returns how long it is to be kept: 0 for not at all (RFC 9111, section 3).
func (g *got) read(req *http.Request) time.Duration {
	said := directives(g.header)
	g.fresh, g.said = freshness(g.header, said)
	if !g.said && g.header.Get("Cache-Control") == "" {
		return 0 // without a word nothing is kept, though it could be
	}
	personal := req.Header.Get("Authorization") != ""
	mayShare := said.Public || said.SMaxAge >= 0 || said.MustRevalidate
	if said.NoStore || said.PrivatePresent || personal && !mayShare || slices.Contains(g.header.Values("Vary"), "*") {
		return 0
	}
	kept := max(g.fresh, 0)
	if !said.MustRevalidate && !said.ProxyRevalidate && said.SMaxAge < 0 && !said.NoCachePresent && g.fresh > 0 {
		g.whileRevalidate = seconds(max(int64(said.StaleWhileRevalidate), 0))
		g.ifError = seconds(max(int64(said.StaleIfError), 0))
		kept += max(g.whileRevalidate, g.ifError)
	}
	if g.header.Get("Etag") != "" || g.header.Get("Last-Modified") != "" {
		kept = max(kept, max(g.fresh, 0)+keptForValidation)
	}
	return kept
}

// tagsOf are the tags that a service gives an answer: Surrogate-Key by spaces
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
