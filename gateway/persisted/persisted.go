// Package persisted finds the documents that requests only name: trusted ones,
// which a frontend's build put into a manifest, and automatic ones, which
// callers have sent before (Apollo's automatic persisted queries, APQ).
package persisted

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Mode determines what trusted documents are for.
type Mode string

// The modes.
const (
	Off        Mode = "off"         // there are none
	Allow      Mode = "allow"       // they can be named; others are executed, too
	LogUnknown Mode = "log-unknown" // as Allow, and others are logged
	Only       Mode = "only"        // others are refused
)

// Config configures which documents are known. Zero values stand for the defaults.
type Config struct {
	// Mode is Off by default.
	Mode Mode
	// Manifest is the file with the trusted documents.
	Manifest string
	// Automatic lets callers persist documents.
	Automatic bool
	// MaxAutomatic is how many of them are kept; 1000. Together they have at
	// most 8 MiB.
	MaxAutomatic int
	// Check returns the error of a trusted document. It is called for each
	// when a manifest is read.
	Check func(document string) error
	// Interval is how often the manifest is looked at; 2 s.
	Interval time.Duration
	// Log receives records of unknown documents and of manifests; nil for none.
	Log *slog.Logger
}

// Request is what a caller sent.
type Request struct {
	// Document is empty when only an id was sent.
	Document string
	// ID is documentId (GraphQL over HTTP, "Persisted Documents").
	ID string
	// Extensions are those of the request; persistedQuery is APQ's.
	Extensions map[string]any
}

// Resolved is a document that a request means.
type Resolved struct {
	Document string
	// Trusted reports whether it is in the manifest.
	Trusted bool
	// Logged reports whether its requests are logged.
	Logged bool

	hash string // by which Register stores it; "" when there is nothing to store
}

// Document is a trusted document.
type Document struct {
	ID   string `json:"id"`
	Text string `json:"document"`
}

// Library has the documents of a frontend. It is safe for concurrent use.
type Library struct {
	config  Config
	trusted atomic.Pointer[manifest]
	version atomic.Uint64

	mu        sync.Mutex
	automatic *lru.Cache[string, string]
	bytes     int
	logged    *lru.Cache[string, time.Time] // unknown documents, by their hash
}

// What bounds memory.
const (
	automaticBytes = 8 << 20
	loggedMost     = 1000
	logEvery       = time.Minute
)

// Open reads the manifest. Its error reports a wrong configuration, and all
// mistakes of the manifest.
func Open(config Config) (*Library, error) {
	if config.Mode == "" {
		config.Mode = Off
	}
	if config.MaxAutomatic <= 0 {
		config.MaxAutomatic = 1000
	}
	if config.Interval <= 0 {
		config.Interval = 2 * time.Second
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	if config.Check == nil {
		config.Check = func(string) error { return nil }
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	l := &Library{config: config}
	l.trusted.Store(&manifest{})
	var errAutomatic, errLogged error
	l.automatic, errAutomatic = lru.NewWithEvict(config.MaxAutomatic, func(_, document string) { l.bytes -= len(document) })
	l.logged, errLogged = lru.New[string, time.Time](loggedMost)
	if err := errors.Join(errAutomatic, errLogged); err != nil {
		return nil, err
	}
	if config.Mode == Off {
		return l, nil
	}
	m, err := readManifest(config.Manifest, config.Check)
	if err != nil {
		return nil, &ManifestError{err}
	}
	l.trusted.Store(m)
	return l, nil
}

// ManifestError is the error of a manifest; it may wrap several joined errors.
type ManifestError struct{ error }

// Unwrap returns what is wrong.
func (e *ManifestError) Unwrap() error { return e.error }

func (c Config) check() error {
	switch c.Mode {
	case Off:
		if c.Manifest != "" {
			return errors.New("documents.manifest is set, but documents.mode is off: set it to allow, log-unknown or only")
		}
	case Allow, LogUnknown, Only:
		if c.Manifest == "" {
			return fmt.Errorf("documents.mode is %s, so documents.manifest must be a file", c.Mode)
		}
	default:
		return fmt.Errorf("documents.mode %q is none of off, allow, log-unknown, only", string(c.Mode))
	}
	if c.Mode == Only && c.Automatic {
		return errors.New("documents.automatic lets callers add documents, which documents.mode only forbids")
	}
	return nil
}

// Run looks for changes of the manifest until ctx is done. A changed manifest
// takes the place of the one before in one moment, unless something is wrong
// with it.
func (l *Library) Run(ctx context.Context) {
	if l.config.Mode == Off {
		return
	}
	ticker := time.NewTicker(l.config.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			l.reload(ctx)
		}
	}
}

func (l *Library) reload(ctx context.Context) {
	have := l.trusted.Load()
	state, err := stateOf(l.config.Manifest)
	if err != nil || state == have.state {
		return // a file that is gone is being replaced
	}
	m, err := readManifest(l.config.Manifest, l.config.Check)
	if err != nil {
		l.config.Log.ErrorContext(ctx, "the changed manifest of trusted documents is wrong: the one before stays", "cause", err)
		kept := *have
		kept.state = state // it is reported once
		l.trusted.Store(&kept)
		return
	}
	l.trusted.Store(m)
	l.version.Add(1)
	l.config.Log.InfoContext(ctx, "trusted documents changed", "manifest", l.config.Manifest, "documents", len(m.byID))
}

// Version changes when the trusted documents do. What [Library.Resolve] found
// before, it finds again while the version is the same, but for documents that
// are logged.
func (l *Library) Version() uint64 { return l.version.Load() }

// Trusted returns the trusted documents, by their ids.
func (l *Library) Trusted() []Document {
	m := l.trusted.Load()
	out := make([]Document, 0, len(m.byID))
	for _, id := range slices.Sorted(maps.Keys(m.byID)) {
		out = append(out, Document{id, m.byID[id]})
	}
	return out
}

// Resolve finds the document of a request. The error is a *problem.Error.
func (l *Library) Resolve(ctx context.Context, req Request) (Resolved, error) {
	id, hash, err := req.names()
	if err != nil {
		return Resolved{}, err
	}
	if id != "" {
		return l.named(req, id)
	}
	if hash != "" {
		return l.hashed(ctx, req, hash)
	}
	return l.free(ctx, req.Document)
}

// names are documentId and APQ's hash, of which a request has at most one.
func (r *Request) names() (id, hash string, _ error) {
	extension := r.Extensions["persistedQuery"] // null is as if it was absent
	ok := extension != nil
	if !ok {
		return r.ID, "", nil
	}
	members, _ := extension.(map[string]any)
	hash, _ = members["sha256Hash"].(string)
	if version := fmt.Sprint(members["version"]); version != "1" || hash == "" {
		return "", "", problem.New(problem.BadRequest, "extensions.persistedQuery must have the version 1 and a sha256Hash.")
	}
	if r.ID != "" && r.ID != hash {
		return "", "", problem.New(problem.BadRequest, "Send documentId or extensions.persistedQuery, not both.")
	}
	return "", strings.ToLower(hash), nil
}

// named finds what documentId means. A hash may have its algorithm before it:
// "sha256:…".
func (l *Library) named(req Request, id string) (Resolved, error) {
	bare := strings.TrimPrefix(id, "sha256:")
	document, trusted := l.trusted.Load().byID[id]
	if !trusted {
		document, trusted = l.trusted.Load().byID[bare]
	}
	if !trusted {
		document = l.kept(strings.ToLower(bare))
	}
	switch {
	case document == "":
		return Resolved{}, notFound()
	case req.Document != "" && req.Document != document:
		return Resolved{}, problem.New(problem.PersistedQueryMismatch, "The document is not the one that documentId names.")
	}
	return Resolved{Document: document, Trusted: trusted}, nil
}

// hashed is APQ: a hash alone, or with the document that it is to name from now
// on.
func (l *Library) hashed(ctx context.Context, req Request, hash string) (Resolved, error) {
	if document, ok := l.trusted.Load().byID[hash]; ok {
		if req.Document != "" && req.Document != document {
			return Resolved{}, mismatch()
		}
		return Resolved{Document: document, Trusted: true}, nil
	}
	if req.Document == "" {
		if !l.config.Automatic && l.config.Mode == Off {
			return Resolved{}, problem.New(problem.PersistedQueryNotSupported, "PersistedQueryNotSupported")
		}
		if document := l.kept(hash); document != "" {
			return Resolved{Document: document}, nil
		}
		return Resolved{}, notFound()
	}
	if sum := sha256.Sum256([]byte(req.Document)); hex.EncodeToString(sum[:]) != hash {
		return Resolved{}, mismatch()
	}
	resolved, err := l.free(ctx, req.Document)
	if err == nil && l.config.Automatic {
		resolved.hash = hash
	}
	return resolved, err
}

// notFound has the words that clients of APQ look for: they send the document
// then.
func notFound() error { return problem.New(problem.PersistedQueryNotFound, "PersistedQueryNotFound") }

func mismatch() error {
	return problem.New(problem.PersistedQueryMismatch, "The document does not have the hash that extensions.persistedQuery says.")
}

// free is a document that was sent in whole.
func (l *Library) free(ctx context.Context, document string) (Resolved, error) {
	if l.config.Mode == Off {
		return Resolved{Document: document}, nil
	}
	if l.trusted.Load().documents[document] {
		return Resolved{Document: document, Trusted: true}, nil
	}
	switch l.config.Mode {
	case Only:
		return Resolved{}, problem.New(problem.PersistedQueryNotInList, "Only documents of the frontend's own build are executed here.")
	case LogUnknown:
		l.logUnknown(ctx, document)
	}
	return Resolved{Document: document, Logged: l.config.Mode == LogUnknown}, nil
}

// logUnknown logs a document once in a while, by its hash: its content
// may come from anybody.
func (l *Library) logUnknown(ctx context.Context, document string) {
	sum := sha256.Sum256([]byte(document))
	hash := hex.EncodeToString(sum[:])
	now := time.Now()
	l.mu.Lock()
	last, _ := l.logged.Get(hash)
	due := now.Sub(last) >= logEvery
	if due {
		l.logged.Add(hash, now)
	}
	l.mu.Unlock()
	if due {
		l.config.Log.WarnContext(ctx, "a document that is not trusted", "sha256", hash, "bytes", len(document))
	}
}

// Register stores a document that a caller persists. Call it when the document is
// known to be valid.
func (l *Library) Register(r Resolved) {
	if r.hash == "" || len(r.Document) > automaticBytes/8 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.automatic.Contains(r.hash) {
		return
	}
	l.bytes += len(r.Document)
	l.automatic.Add(r.hash, r.Document)
	for l.bytes > automaticBytes {
		l.automatic.RemoveOldest()
	}
}

func (l *Library) kept(hash string) string {
	if !l.config.Automatic {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	document, _ := l.automatic.Get(hash)
	return document
}
