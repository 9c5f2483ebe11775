package config

import (
	"strconv"
	"time"
)

// Bound is a setting of a frontend that its callers notice: what they may request, and for how long answers are cached.
type Bound struct {
	// Setting is its path within the frontend, such as limits.depth.
	Setting string
	Value   string
	// Meaning is a phrase without a full stop.
	Meaning string
}

// Bounds returns what bounds the requests of a frontend's callers, in the order of the configuration. What is not
// limited is left out.
func (f Frontend) Bounds() []Bound {
	l := f.Limits
	count := strconv.Itoa
	list := []Bound{
		{"limits.body", l.Body.String(), "bytes of a request's body, uncompressed"},
		{"limits.batch", count(l.Batch), "operations of a request"},
		{"limits.timeout", l.Timeout.String(), "time that a query or a mutation may take"},
		{"limits.operations", count(l.Operations), "open operations of a WebSocket"},
		{"limits.callerSubscriptions", count(l.CallerSubscriptions), "open subscriptions of a caller"},
		{"limits.response", l.Response.String(), "bytes of the data of a response"},
		{"limits.document", l.Document.String(), "bytes of a document"},
		{"limits.tokens", count(l.Tokens), "tokens of a document"},
		{"limits.depth", count(l.Depth), "depth of nested fields"},
		{"limits.fields", count(l.Fields), "fields that a document selects, with those of fragments"},
		{"limits.aliases", count(l.Aliases), "fields of an operation with an alias"},
		{"limits.rootFields", count(l.RootFields), "fields at the root of an operation"},
		{"limits.perKey", count(l.PerKey), "selections of one key in one place"},
		{"limits.directives", count(l.Directives), "directives of a document"},
		{"limits.spreads", count(l.Spreads), "fragment spreads of a document"},
		{"limits.spreadDepth", count(l.SpreadDepth), "depth of nested fragment spreads"},
		{"limits.inputDepth", count(l.InputDepth), "depth of nested input values"},
		{"limits.inputItems", count(l.InputItems), "list items and object members in variables"},
		{"cost.max", points(f.Cost.Max), "points that one operation may cost at most"},
		{"cost.listSize", count(f.Cost.ListSize), "items that a list without a known length is counted as"},
		{"cost.parse", points(f.Cost.Parse), "points of a document that the gateway does not know yet"},
	}
	list = append(list, bucket("rateLimit.anonymous", f.RateLimit.Anonymous, "a caller without a token")...)
	list = append(list, bucket("rateLimit.authenticated", f.RateLimit.Authenticated, "a caller with a token")...)
	if age := time.Duration(f.Caching.MaxAge); age > 0 {
		list = append(list, Bound{"caching.maxAge", f.Caching.MaxAge.String(), "time for which answers are cached whose fields do not say it"})
	}
	return list
}

func bucket(setting string, b *Bucket, whose string) []Bound {
	if b == nil {
		return nil
	}
	return []Bound{{setting, points(b.Capacity) + ", " + points(b.Refill) + " per second", "points that " + whose + " has, and gets back"}}
}

func points(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
