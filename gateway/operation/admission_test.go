package operation

import (
	"context"
	"net/http"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/overload"
	"github.com/portico-gateway/portico/gateway/transport"
)

// panicking is a schema whose execution panics.
type panicking struct{ graphql.ExecutableSchema }

func (panicking) Exec(context.Context) graphql.ResponseHandler { panic("a defect") }

// perform executes an operation, which may panic.
func perform(ctx context.Context, t *testing.T, f *Frontend, query string) {
	t.Helper()
	defer func() { _ = recover() }()
	operation, failed := f.Prepare(ctx, &transport.Request{Method: http.MethodPost, Query: query})
	if failed != nil {
		t.Errorf("refused: %s", failed.Append(nil))
		return
	}
	operation.Run(ctx, func(*answer.Answer) bool { return true })
}

var kinds = map[ast.Operation]string{
	ast.Query:    `{ products(first: 1) { nodes { id } } }`,
	ast.Mutation: `mutation { placeOrder(input: { items: [{ productId: "1", quantity: 1 }] }) { __typename } }`,
}

// An operation that panics, or whose caller leaves, does not count as executed any more.
func TestAdmissionEnds(t *testing.T) {
	for kind, query := range kinds {
		t.Run(string(kind)+" panics", func(t *testing.T) {
			admission := overload.New(nil)
			f := shop(t, func(c *Config) { c.Admission = admission }, nil)
			f.schema = panicking{f.schema}
			for range 3 {
				perform(t.Context(), t, f, query)
			}
			if s := admission.Stats(); s.Busy != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
	t.Run("its caller leaves", func(t *testing.T) {
		admission := overload.New(nil)
		ctx, leave := context.WithCancel(t.Context())
		called, done := make(chan struct{}), make(chan struct{})
		f := shop(t, func(c *Config) { c.Admission = admission }, func(_ http.ResponseWriter, r *http.Request) {
			close(called)
			<-r.Context().Done()
		})
		go func() {
			defer close(done)
			perform(ctx, t, f, kinds[ast.Query])
		}()
		<-called
		if s := admission.Stats(); s.Busy != 1 {
			t.Errorf("while it is executed: %+v", s)
		}
		leave()
		<-done
		f.Close() // it waits for what is being made
		if s := admission.Stats(); s.Busy != 0 {
			t.Errorf("%+v", s)
		}
	})
}
