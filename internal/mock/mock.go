// Package mock answers for services, so that frontends are developed and tested without them.
//
//	Project   mock.go                     which of these answers for a service
//	api       api.go, xmlnames.go         an OpenAPI document
//	protos    grpc.go                     protos
//	bound     binding.go                  the bindings of schemas, for a service without a document
//	  request request.go, target.go       which call a request is, and what it asks for
//	  shapes  shape.go, part.go, converter.go  what a binding reads, as a schema that a document could have
//	  answer  answer.go, xml.go           the answer of a call
//	maker     maker.go, rows.go, entries.go, scalar.go  values of schemas, of documents and of bindings
//	          decide.go                   what a call decides of them
//	paging    paging.go, besides.go       the page of the rows that a call asks for, and what an answer has beside them
//
// Answers are deterministic: they depend on the seed, on the call and on the document. An entity has the same values in
// all answers that have it: what GET /orders lists, GET /orders/1 has too.
package mock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"sync"

	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/openapi"
	"github.com/portico-gateway/portico/internal/plan"
	"github.com/portico-gateway/portico/internal/project"
)

// ErrNoDocument is the error for a service of which neither a document nor a binding says what it answers.
var ErrNoDocument = errors.New("it has no document")

// Project has the mocks of the services of a project. It is safe for concurrent use.
type Project struct {
	root string

	once sync.Once
	plan *plan.Plan
	err  error
}

// NewProject returns the mocks of the project at root. It reads nothing yet.
func NewProject(root string) *Project { return &Project{root: root} }

// Service returns what answers for a service: if it has a URL of gRPC from the protos in clients/proto, or else from
// clients/<service>/openapi.yaml (or .yml, .json), or without one from the bindings of the project's schemas. For these, the project is
// planned once, with the restrictions of [bindgen.Plan]. The error is [ErrNoDocument] if the service has neither a document nor a binding.
func (p *Project) Service(ctx context.Context, service, url string, seed uint64) (http.Handler, error) {
	if strings.HasPrefix(url, "grpc") {
		return newGRPC(ctx, filepath.Join(p.root, filepath.FromSlash(project.ProtoFolder)), seed)
	}
	for _, extension := range []string{".yaml", ".yml", ".json"} {
		name := filepath.Join(p.root, "clients", service, "openapi"+extension)
		source, err := openapi.Read(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		doc, err := source.Select(openapi.All)
		if err != nil {
			return nil, err
		}
		return newAPI(service, doc.T, seed), nil
	}
	p.once.Do(func() { p.plan, p.err = bindgen.Plan(context.WithoutCancel(ctx), p.root) })
	if p.err != nil {
		return nil, fmt.Errorf("%w, and the bindings can't be read: %w", ErrNoDocument, p.err)
	}
	for _, s := range p.plan.Services {
		if s.Name == service && !s.GRPC {
			return newBound(s, seed), nil
		}
	}
	return nil, fmt.Errorf("%w, and no binding calls it", ErrNoDocument)
}
