package admin

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"

	"github.com/portico-gateway/portico/gateway/cachecontrol"
	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
)

// purgeRequest is the body of POST /cache/purge: what is to be dropped.
type purgeRequest struct {
	Tags  []string
	Types []string // of the schema
	All   bool
}

// readPurge reads a request for a purge. It is false if it is not exactly one: what drops too much, or something else than
// was meant, is refused.
func readPurge(text string) (asked purgeRequest, ok bool) {
	d := decode.NewJSON(text, decode.Source{})
	if d.Object() != nil {
		return asked, false
	}
	seen := map[string]bool{}
	for d.Next() {
		name := d.Name()
		if seen[name] {
			return asked, false
		}
		seen[name] = true
		var err error
		switch name {
		case "tags":
			asked.Tags, err = decode.List(d, (*decode.JSON).String)
		case "types":
			asked.Types, err = decode.List(d, (*decode.JSON).String)
		case "all":
			asked.All, err = d.Bool()
		default:
			return asked, false
		}
		if err != nil {
			return asked, false
		}
	}
	named := len(asked.Tags) + len(asked.Types)
	isEmpty := slices.Contains(asked.Tags, "") || slices.Contains(asked.Types, "")
	return asked, d.End() == nil && !isEmpty && named <= mostPurged && asked.All == (named == 0)
}

// notShared is the answer to a purge of which other gateways do not know yet.
const notShared = `{"shared": false, "message": "This gateway has purged. Redis is not available, or refuses to write: the others purge when it is back."}
`

// The most that one request may have.
const (
	largestPurge = 1 << 20
	mostPurged   = 10_000
)

// cacheStats answers with what the cache did since the gateway started.
func (c *Config) cacheStats(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(c.Store.Stats()) // an error is that of a client that left
}

// purge drops cached answers. It is for principals with the scope cache:purge: the
// header of an API key, or Authorization with a token. It answers 204 when all
// gateways have dropped them, 202 when the others do not know yet.
func (c *Config) purge(w http.ResponseWriter, r *http.Request, by string) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestPurge))
	asked, ok := readPurge(string(text))
	if err != nil || !ok {
		refuse(w, r, http.StatusBadRequest, problem.New(problem.BadRequest,
			`The body must be JSON with at most %d tags and types, or with all: {"tags": ["product-1"]}, {"types": ["Product"]} or {"all": true}.`, mostPurged))
		return
	}
	for _, name := range asked.Types {
		asked.Tags = append(asked.Tags, cachecontrol.TypeTag(name))
	}
	shared := false
	if asked.All {
		shared = c.Store.Clear(r.Context())
	} else {
		shared = c.Store.Invalidate(r.Context(), asked.Tags...)
	}
	c.Log.InfoContext(r.Context(), "cache purged", "by", by, "all", asked.All, "tags", len(asked.Tags), "shared", shared)
	if shared {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, notShared)
}
