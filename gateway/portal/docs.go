package portal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/apidocs"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/middleware"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/transport"
)

// docsPolicy lets the documentation load only what this server has, and nothing that is written into a page.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// addDocs adds the documentation of the frontends' APIs: /docs/web, /docs/web.md, and /docs, the list of all.
func (c *Config) addDocs(mux *http.ServeMux) error {
	pages := map[string]http.Handler{}
	index := apidocs.Index{Assets: "/docs/assets/"}
	for _, f := range c.Frontends {
		pages[f.Name] = f.serve(c.docsHandler(f, htmlForm()))
		mux.Handle("/docs/"+f.Name, pages[f.Name])
		mux.Handle("/docs/"+f.Name+"/{$}", pages[f.Name])
		mux.Handle("/docs/"+f.Name+".md", f.serve(c.docsHandler(f, markdownForm())))
		if f.Config.Introspection {
			index.Frontends = append(index.Frontends, apidocs.Listed{Name: f.Name, URL: "/docs/" + f.Name})
		}
	}
	mux.Handle("/docs/{frontend}", &middleware.Choice{Handlers: pages})
	if err := addDocsAssets(mux); err != nil {
		return err
	}
	var list http.Handler = http.HandlerFunc(middleware.NotFound)
	switch len(index.Frontends) {
	case 0:
	case 1:
		list = reading(http.RedirectHandler(index.Frontends[0].URL, http.StatusTemporaryRedirect))
	default:
		var text bytes.Buffer
		if err := apidocs.WriteIndex(&text, index); err != nil {
			return err
		}
		list = reading(newDocsFile(text.Bytes(), htmlForm().mediaType))
	}
	mux.Handle("/docs", list)
	mux.Handle("/docs/{$}", list)
	return nil
}

func addDocsAssets(mux *http.ServeMux) error {
	style, err := apidocs.Style()
	if err != nil {
		return err
	}
	script, err := apidocs.Script(false)
	if err != nil {
		return err
	}
	mux.Handle("/docs/assets/docs.css", reading(newDocsFile(style, "text/css; charset=utf-8")))
	mux.Handle("/docs/assets/docs.js", reading(newDocsFile(script, "text/javascript; charset=utf-8")))
	return nil
}

// docsForm is a form in which the documentation is written.
type docsForm struct {
	mediaType string
	write     func(io.Writer, *apidocs.Reference) error
}

func htmlForm() docsForm     { return docsForm{"text/html; charset=utf-8", apidocs.WriteHTML} }
func markdownForm() docsForm { return docsForm{"text/markdown; charset=utf-8", apidocs.WriteMarkdown} }

// docsHandler answers with the documentation of a frontend to callers who may read the schema. It names services to
// those who may have explanations. Both versions are written once, when they are first read.
func (c *Config) docsHandler(f Frontend, form docsForm) http.Handler {
	private := f.Config.IntrospectionScope != "" || f.Config.ExplainScope != ""
	once := func(routes []execute.Route) func() written {
		return sync.OnceValue(func() written {
			var text bytes.Buffer
			err := form.write(&text, apidocs.New(docsSource(f, routes)))
			file := newDocsFile(text.Bytes(), form.mediaType)
			file.private = private
			return written{file, err}
		})
	}
	plain, routed := once(nil), once(f.Routes)
	return reading(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.Operations.MayIntrospect(r.Context()) {
			middleware.NotFound(w, r)
			return
		}
		page := plain
		if f.Operations.MayExplain(r.Context()) {
			page = routed
		}
		made := page()
		if made.err != nil {
			presented := problem.NewPresenter(c.Log).Present(r.Context(), made.err)
			transport.WriteError(w, r, http.StatusInternalServerError, presented)
			return
		}
		made.file.ServeHTTP(w, r)
	}))
}

// written is a page, or why it could not be written.
type written struct {
	file *docsFile
	err  error
}

func docsSource(f Frontend, routes []execute.Route) apidocs.Source {
	source := apidocs.Source{
		Frontend: f.Name, Endpoint: middleware.Path + "/" + f.Name, Schema: f.Schema.Schema(), Operations: f.Frontend.Operations, Routes: routes,
		ListSize: f.Config.Cost.ListSize, Codes: problem.Descriptions(),
		Links: apidocs.Links{
			Assets: "/docs/assets/", Index: "/docs", Markdown: "/docs/" + f.Name + ".md", Playground: "/playground/", Run: middleware.Path + "/" + f.Name,
		},
	}
	for _, bound := range f.Config.Bounds() {
		source.Limits = append(source.Limits, apidocs.Limit(bound))
	}
	return source
}

// docsFile is a page of the documentation, or what it loads.
type docsFile struct {
	body            []byte
	mediaType, etag string
	private         bool // what is answered depends on the caller
}

func newDocsFile(body []byte, mediaType string) *docsFile {
	sum := sha256.Sum256(body)
	return &docsFile{body: body, mediaType: mediaType, etag: strconv.Quote(hex.EncodeToString(sum[:8]))}
}

// ServeHTTP answers with the file.
func (f *docsFile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.mediaType)
	header.Set("Cache-Control", "no-cache")
	if f.private {
		header.Set("Cache-Control", "private, no-cache")
	}
	header.Set("Etag", f.etag)
	header.Set("Content-Security-Policy", docsPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}

// reading refuses what is neither GET nor HEAD.
func reading(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			transport.WriteError(w, r, http.StatusMethodNotAllowed, problem.New(problem.BadRequest, "This is read by GET.").OfRequest())
			return
		}
		next.ServeHTTP(w, r)
	})
}
