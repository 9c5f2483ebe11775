package server

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/problem"
)

// newExecutor executes a frontend's operations. It prepares none: that is the
// pipeline's.
func newExecutor(f execute.Frontend, log *slog.Logger) *executor.Executor {
	exec := executor.New(f.Schema)
	exec.SetErrorPresenter(func(ctx context.Context, err error) *gqlerror.Error {
		return presenter(ctx, log).Present(ctx, err)
	})
	exec.SetRecoverFunc(recoverPanic)
	exec.Use(responses{})
	return exec
}

type presenterKey struct{}

// presenter is the operation's presenter, or a new one before there is an
// operation.
func presenter(ctx context.Context, log *slog.Logger) *problem.Presenter {
	if p, ok := ctx.Value(presenterKey{}).(*problem.Presenter); ok {
		return p
	}
	return problem.NewPresenter(log)
}

// presenter returns one for an operation of the frontend.
func (p *pipeline) presenter() *problem.Presenter {
	out := problem.NewPresenter(p.log)
	out.Services = p.config.Errors.Services
	return out
}

// responses sorts the errors of responses.
type responses struct{}

var _ graphql.ResponseInterceptor = responses{}

// ExtensionName is part of graphql.HandlerExtension.
func (responses) ExtensionName() string { return "Responses" }

// Validate is part of graphql.HandlerExtension.
func (responses) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptResponse is part of graphql.ResponseInterceptor.
func (responses) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	return sorted(next(ctx))
}

// sorted puts errors in the order of their paths. gqlgen has them in the order
// in which goroutines came by, so that equal requests had different answers.
func sorted(resp *graphql.Response) *graphql.Response {
	if resp != nil && len(resp.Errors) > 1 {
		slices.SortStableFunc(resp.Errors, func(a, b *gqlerror.Error) int {
			return slices.CompareFunc(a.Path, b.Path, comparePathElements)
		})
	}
	return resp
}

// comparePathElements orders names by the alphabet, indexes by their number,
// and indexes before names.
func comparePathElements(a, b ast.PathElement) int {
	nameA, isNameA := a.(ast.PathName)
	nameB, isNameB := b.(ast.PathName)
	indexA, _ := a.(ast.PathIndex)
	indexB, _ := b.(ast.PathIndex)
	switch {
	case isNameA && isNameB:
		return cmp.Compare(nameA, nameB)
	case isNameA:
		return 1
	case isNameB:
		return -1
	}
	return cmp.Compare(indexA, indexB)
}

// sdl is a schema in the schema definition language.
func sdl(s *ast.Schema) string {
	var b bytes.Buffer
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchema(s)
	return b.String()
}

// frontendHeader names the frontend of a request to /graphql.
const frontendHeader = "X-Frontend"

// choice finds the frontend of a request.
type choice struct {
	handlers map[string]http.Handler
	hosts    map[string]string
	fallback string
}

// ServeHTTP serves the frontend that the path names, else the header, else the
// host, else the default one.
func (c *choice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler, ok := c.handlers[c.name(r)]
	if !ok {
		c.notFound(w, r)
		return
	}
	handler.ServeHTTP(w, r)
}

func (c *choice) name(r *http.Request) string {
	if name := r.PathValue("frontend"); name != "" {
		return name
	}
	if name := r.Header.Get(frontendHeader); name != "" {
		return name
	}
	host := r.Host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		host = bare
	}
	if name, ok := c.hosts[strings.ToLower(host)]; ok {
		return name
	}
	return c.fallback
}

func (c *choice) notFound(w http.ResponseWriter, r *http.Request) {
	names := slices.Sorted(maps.Keys(c.handlers))
	writeProblem(w, r, http.StatusNotFound,
		problem.New(problem.FrontendNotFound, "There is no such frontend. There are: %s.", strings.Join(names, ", ")).
			With("frontends", names))
}
