package admin

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/portico-gateway/portico/gateway/cachecontrol"
	"github.com/portico-gateway/portico/gateway/problem"
)

// purgeRequest is the body of POST /cache/purge: what is to be dropped.
type purgeRequest struct {
	Tags  []string `json:"tags"`
	Types []string `json:"types"` // of the schema
	All   bool     `json:"all"`
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
	var asked purgeRequest
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, largestPurge))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asked); err != nil || len(asked.Tags)+len(asked.Types) > mostPurged || !asked.All && len(asked.Tags)+len(asked.Types) == 0 {
		refuse(w, r, http.StatusBadRequest, problem.New(problem.BadRequest,
			`The body must be JSON with at most %d tags and types: {"tags": ["product-1"]}, {"types": ["Product"]} or {"all": true}.`, mostPurged))
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
