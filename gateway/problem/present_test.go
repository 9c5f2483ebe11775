package problem_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
)

func present(err error) (*gqlerror.Error, string) {
	var log bytes.Buffer
	p := problem.NewPresenter(slog.New(slog.NewTextHandler(&log, nil)))
	return p.Present(context.Background(), err), log.String()
}

func TestWhatAFrontendSees(t *testing.T) {
	path := ast.Path{ast.PathName("a"), ast.PathIndex(1)}
	secret := errors.New("secret: password=1")
	parse := &gqlerror.Error{Message: "Expected Name", Extensions: map[string]any{"code": "GRAPHQL_PARSE_FAILED"}}
	for name, c := range map[string]struct {
		err           error
		message, code string
	}{
		"a problem":            {problem.New("OUT_OF_STOCK", "Only %d left.", 3), "Only 3 left.", "OUT_OF_STOCK"},
		"with a cause":         {problem.Wrap(secret, problem.ServiceError, "The service failed."), "The service failed.", "DOWNSTREAM_SERVICE_ERROR"},
		"wrapped":              {fmt.Errorf("resolver: %w", problem.New(problem.Forbidden, "No.")), "No.", "FORBIDDEN"},
		"with a path":          {gqlerror.WrapPath(path, problem.New(problem.Forbidden, "No.")), "No.", "FORBIDDEN"},
		"of the parser":        {parse, "Expected Name", "GRAPHQL_PARSE_FAILED"},
		"of the executor":      {&gqlerror.Error{Message: "must not be null"}, "must not be null", "INTERNAL_SERVER_ERROR"},
		"unknown":              {secret, "Something went wrong on our side.", "INTERNAL_SERVER_ERROR"},
		"unknown, with a path": {gqlerror.WrapPath(path, secret), "Something went wrong on our side.", "INTERNAL_SERVER_ERROR"},
		"a panic":              {problem.Recovered(secret), "Something went wrong on our side.", "INTERNAL_SERVER_ERROR"},
		"too late":             {fmt.Errorf("x: %w", context.DeadlineExceeded), "The operation took too long.", "DOWNSTREAM_TIMEOUT"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := present(c.err)
			if got.Message != c.message || got.Extensions["code"] != c.code {
				t.Errorf("got %q, %v; want %q, %s", got.Message, got.Extensions["code"], c.message, c.code)
			}
			if strings.Contains(fmt.Sprint(got, got.Extensions), "password") {
				t.Error("the cause leaks")
			}
			if wrapped, ok := errors.AsType[*gqlerror.Error](c.err); ok && got.Path.String() != wrapped.Path.String() {
				t.Errorf("path %s", got.Path)
			}
		})
	}
}

func TestUnknownErrorsAreLoggedWithTheirID(t *testing.T) {
	got, log := present(problem.Recovered("boom"))
	id, _ := got.Extensions["id"].(string)
	if id == "" || !strings.Contains(log, id) || !strings.Contains(log, "boom") || !strings.Contains(log, "present_test.go") {
		t.Errorf("id %q, log %s", id, log)
	}
	if _, log := present(problem.Wrap(errors.New("why"), problem.ServiceError, "x")); !strings.Contains(log, "why") {
		t.Errorf("the cause is not in the log: %s", log)
	}
	if _, log := present(problem.New(problem.Forbidden, "x")); log != "" {
		t.Errorf("a problem without a cause is logged: %s", log)
	}
}

// Only what the caller cancelled is called so, for nobody reads it. Whatever else
// was cancelled is a mistake, which the log must have.
func TestCancelled(t *testing.T) {
	err := fmt.Errorf("x: %w", context.Canceled)
	if got, log := present(err); got.Message != "Something went wrong on our side." || got.Extensions["id"] == nil || !strings.Contains(log, "context canceled") {
		t.Errorf("the caller is here: %v, log %s", got, log)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var log bytes.Buffer
	got := problem.NewPresenter(slog.New(slog.NewTextHandler(&log, nil))).Present(ctx, err)
	if got.Message != "The request was cancelled." || got.Extensions["code"] != "SERVICE_UNAVAILABLE" || log.Len() > 0 {
		t.Errorf("the caller left: %v, log %s", got, log.String())
	}
	ctx, cancel = context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if got := problem.NewPresenter(slog.New(slog.DiscardHandler)).Present(ctx, err); got.Extensions["code"] != "DOWNSTREAM_TIMEOUT" {
		t.Errorf("it is too late: %v", got)
	}
}

func TestEventError(t *testing.T) {
	if problem.OfEvent(nil) != nil {
		t.Error("no error is one")
	}
	err := problem.OfEvent(problem.New(problem.Forbidden, "No."))
	if got, _ := present(err); got.Message != "No." || got.Extensions["code"] != "FORBIDDEN" || err.Error() != "FORBIDDEN: No." {
		t.Errorf("got %v of %v", got, err)
	}
}

// One error on many fields is one line in the log and one id.
func TestOneErrorIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	p := problem.NewPresenter(slog.New(slog.NewTextHandler(&log, nil)))
	err := problem.Recovered("boom")
	first, second := p.Present(t.Context(), err), p.Present(t.Context(), err)
	if first.Extensions["id"] != second.Extensions["id"] || strings.Count(log.String(), "boom") != 1 {
		t.Errorf("ids %v and %v, log %s", first.Extensions, second.Extensions, log.String())
	}
	uncomparable := errors.Join(errors.New("a"))
	if got := p.Present(t.Context(), uncomparable); got.Extensions["id"] == nil {
		t.Errorf("got %v", got)
	}
}

// An error that a fallback hides is one line in the log, also if other fields show it.
func TestFellBack(t *testing.T) {
	var log bytes.Buffer
	p := problem.NewPresenter(slog.New(slog.NewTextHandler(&log, nil)))
	err := problem.Wrap(errors.New("status 500"), problem.ServiceError, "The service failed.").Of("catalog").OfOutage()
	p.FellBack(t.Context(), "Query.products", fmt.Errorf("of a key: %w", err))
	p.FellBack(t.Context(), "Product.reviews", err)
	_ = p.Present(t.Context(), err)
	const want = `level=WARN msg="service catalog: The service failed." code=DOWNSTREAM_SERVICE_ERROR fallback=Query.products cause="status 500"`
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
	log.Reset()
	p.FellBack(t.Context(), "Query.a", context.DeadlineExceeded)
	p.FellBack(t.Context(), "Query.b", context.DeadlineExceeded)
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "code=DOWNSTREAM_TIMEOUT fallback=Query.a") {
		t.Errorf("got %s", got)
	}
}

func TestWith(t *testing.T) {
	a := problem.New("A", "a")
	b := a.With("x", 1).With("y", 2)
	if a.Extensions != nil || len(b.Extensions) != 2 || b.Error() != "A: a" || problem.CodeOf(fmt.Errorf("%w", b)) != "A" || problem.CodeOf(errors.New("x")) != problem.Internal {
		t.Errorf("a %v, b %v", a, b)
	}
	defer func() {
		if recover() == nil {
			t.Error("Wrap took nil")
		}
	}()
	_ = problem.Wrap(nil, "A", "a")
}

// The log always has the service, and so has the answer where services are named.
func TestServices(t *testing.T) {
	shared := problem.Wrap(errors.New("status 500"), problem.ServiceError, "The service failed.").With("status", 500).Of("catalog")
	for _, told := range []bool{false, true} {
		var log bytes.Buffer
		p := problem.NewPresenter(slog.New(slog.NewTextHandler(&log, nil)))
		p.Services = told
		got := p.Present(t.Context(), gqlerror.WrapPath(ast.Path{ast.PathName("a")}, shared))
		if _, has := got.Extensions["service"]; has != told || strings.Contains(got.Message, "catalog") || got.Extensions["status"] != 500 || got.Extensions["code"] != "DOWNSTREAM_SERVICE_ERROR" {
			t.Errorf("told: %t: %q %v", told, got.Message, got.Extensions)
		}
		if !strings.Contains(log.String(), `msg="service catalog: The service failed."`) {
			t.Errorf("the log: %s", log.String())
		}
	}
	if shared.Extensions["service"] != nil {
		t.Error("the problem has changed")
	}
}

// A path, which has names of the caller's, does not fill the log.
func TestPathInLog(t *testing.T) {
	var out bytes.Buffer
	p := problem.NewPresenter(slog.New(slog.NewTextHandler(&out, nil)))
	long := strings.Repeat("é", 10_000)
	for _, cause := range []error{problem.Wrap(errors.New("it broke"), problem.ServiceError, "It failed."), errors.New("it broke")} {
		out.Reset()
		shown := p.Present(t.Context(), &gqlerror.Error{Err: cause, Path: ast.Path{ast.PathName(long)}})
		if shown.Path.String() != long || out.Len() > 1000 || !strings.Contains(out.String(), "ééé") {
			t.Errorf("the line has %d bytes: %.200s", out.Len(), out.String())
		}
	}
}

// A subscription has errors with each event, and keeps none of them.
func TestForgottenErrors(t *testing.T) {
	var log bytes.Buffer
	p := problem.NewPresenter(slog.New(slog.NewTextHandler(&log, nil)))
	kept := weak.Make(presentTwice(t, p))
	if n := strings.Count(log.String(), "cause=cause"); n != 2 {
		t.Errorf("%d lines", n)
	}
	if runtime.GC(); kept.Value() != nil {
		t.Error("the presenter keeps an error that it has forgotten")
	}
	runtime.KeepAlive(p)
}

// presentTwice presents an error several times in each of two events.
func presentTwice(t *testing.T, p *problem.Presenter) *problem.Error {
	err := problem.Wrap(errors.New("cause"), problem.ServiceError, "No.")
	for range 2 {
		for range 3 {
			if got := p.Present(t.Context(), err); got.Message != "No." {
				t.Error(got)
			}
		}
		p.Forget()
	}
	return err
}
