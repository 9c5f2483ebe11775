// Package playground serves the console: a page with an editor for operations
// (GraphiQL), a picture of how requests are routed, and documentation, for each
// frontend. Its assets are in the binary, so that it needs no internet; ui/ has
// the sources, and `make playground` builds them.
package playground

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets
var assets embed.FS

// Config is what the page shows.
type Config struct {
	// Frontends are the choices of the switch.
	Frontends []Frontend `json:"frontends"`
	// Default is the name of the frontend that is chosen at first.
	Default string `json:"default"`
	// TokenURL is where POST mints a demo token; empty for no button.
	TokenURL string `json:"tokenURL,omitempty"`
}

// Frontend is one choice of the switch. Its URLs are relative to the page, or
// start with a slash.
type Frontend struct {
	Name     string `json:"name"`
	Endpoint string `json:"endpoint"`
	// The URLs of its schema, routes, trusted documents and documentation. They
	// answer callers who may know these.
	SchemaURL    string `json:"schemaURL"`
	RoutesURL    string `json:"routesURL"`
	DocumentsURL string `json:"documentsURL"`
	DocsURL      string `json:"docsURL"`
	// Explain reports whether requests may ask for an explanation.
	Explain bool `json:"explain"`
	// Documents is what trusted documents are for, such as "only".
	Documents  string      `json:"documents"`
	Operations []Operation `json:"operations"`
}

// Operation is an example, and a tab of the editor.
type Operation struct {
	Name  string `json:"name"`
	Query string `json:"query"`
}

// policy lets the page load only what this server has. Monaco, the editor, sets
// styles on elements, and has its icons in data URLs.
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"font-src 'self' data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page at "/" and what it loads beside it, to be mounted by
// http.StripPrefix at a path that ends with a slash. It is safe for concurrent
// use.
func Handler(cfg Config) (http.Handler, error) {
	settings, err := json.Marshal(cfg)
	if err != nil {
		return nil, err
	}
	h := &handler{files: map[string]*file{"/config.json": plain("config.json", settings)}}
	entries, err := fs.ReadDir(assets, "assets")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		packed, err := assets.ReadFile(path.Join("assets", entry.Name()))
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(entry.Name(), ".gz")
		h.files["/"+name] = compressed(name, packed)
	}
	page, ok := h.files["/index.html"]
	if !ok {
		return nil, errors.New("the assets of the playground are missing: run make playground")
	}
	delete(h.files, "/index.html")
	h.files["/"] = page
	return h, nil
}

type handler struct{ files map[string]*file }

// file is one asset, as it is or packed by gzip.
type file struct {
	plain, packed []byte
	mediaType     string
	etag          string
	caching       string
}

func newFile(name string) *file {
	f := &file{mediaType: mime.TypeByExtension(path.Ext(name)), caching: "no-cache"}
	switch path.Ext(name) { // the system's table may lack or change them
	case ".js":
		f.mediaType = "text/javascript; charset=utf-8"
	case ".css":
		f.mediaType = "text/css; charset=utf-8"
	case ".ttf":
		f.mediaType = "font/ttf"
	case ".json":
		f.mediaType = "application/json; charset=utf-8"
	}
	if strings.Contains(name, "-") { // its name has a hash of its content
		f.caching = "public, max-age=31536000, immutable"
	}
	return f
}

func plain(name string, text []byte) *file {
	f := newFile(name)
	f.plain, f.etag = text, tag(text)
	return f
}

func compressed(name string, packed []byte) *file {
	f := newFile(name)
	f.packed, f.etag = packed, tag(packed)
	return f
}

func tag(b []byte) string {
	sum := sha256.Sum256(b)
	return strconv.Quote(hex.EncodeToString(sum[:8]))
}

// ServeHTTP serves an asset by GET or HEAD.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "the playground is read by GET", http.StatusMethodNotAllowed)
		return
	}
	f, ok := h.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Type", f.mediaType)
	header.Set("Cache-Control", f.caching)
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Vary", "Accept-Encoding")
	f.serve(w, r)
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	body, etag := f.plain, f.etag
	switch {
	case body != nil:
	case acceptsGzip(r):
		body = f.packed
		header.Set("Content-Encoding", "gzip")
	default:
		etag = strings.TrimSuffix(f.etag, `"`) + `-plain"` // other bytes, another strong tag
		var err error
		if body, err = unpack(f.packed); err != nil {
			http.Error(w, "the asset is damaged", http.StatusInternalServerError)
			return
		}
	}
	header.Set("Etag", etag)
	if r.Header.Get("If-None-Match") == etag {
		header.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the caller left: nothing to do
	}
}

func acceptsGzip(r *http.Request) bool {
	for entry := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, params, _ := strings.Cut(strings.TrimSpace(entry), ";")
		if (coding == "gzip" || coding == "*") && !strings.HasPrefix(strings.ReplaceAll(params, " ", ""), "q=0") {
			return true
		}
	}
	return false
}

func unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
