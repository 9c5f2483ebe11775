package transport

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
)

// sendFunc is given a response. It tells whether more are wanted.
type sendFunc func(*graphql.Response) bool

// operation parses and validates a request. When it can't be executed, it
// returns what to answer instead.
func (h *Handler) operation(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, *graphql.Response) {
	oc, errs := h.exec.CreateOperationContext(ctx, params)
	if len(errs) > 0 {
		return nil, h.exec.DispatchError(graphql.WithOperationContext(ctx, oc), requestErrors(oc, errs))
	}
	return oc, nil
}

// execute gives send the response to a query or mutation, or those to a
// subscription until it ends, ctx is done, or send wants no more.
func (h *Handler) execute(ctx context.Context, oc *graphql.OperationContext, send sendFunc) {
	if oc.Operation.Operation == ast.Subscription {
		next, ctx := h.exec.DispatchOperation(ctx, oc)
		for resp := next(ctx); resp != nil && send(resp); resp = next(ctx) {
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, h.config.OperationTimeout)
	defer cancel()
	next, ctx := h.exec.DispatchOperation(ctx, oc)
	resp := next(ctx)
	if resp == nil {
		resp = problemResponse(unanswered(ctx))
	}
	send(resp)
}

// unanswered is why the executor has no response: it gives none when the
// context is done before it begins.
func unanswered(ctx context.Context) *problem.Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return problem.New(problem.ServiceTimeout, "The operation took too long.")
	}
	return problem.New(problem.Internal, "The operation was cancelled.")
}

// What a request can make an answer grow to.
const (
	maxErrors  = 10
	maxMessage = 500 // bytes; messages have names from the document
)

// requestErrors makes the errors of a request that is not executed say what
// frontends expect: codes that tell a wrong document from wrong variables, and
// messages that are bounded.
func requestErrors(oc *graphql.OperationContext, errs gqlerror.List) gqlerror.List {
	switch {
	case oc.Doc != nil && oc.Operation == nil:
		return gqlerror.List{noOperation(oc)}
	case oc.Operation != nil && oc.Variables == nil: // gqlgen gives these the code of a wrong document
		for _, err := range errs {
			if err.Extensions["code"] == string(problem.ValidationFailed) {
				wrongVariable(err)
			}
		}
	}
	for _, err := range errs {
		if len(err.Message) > maxMessage {
			err.Message = cut(err.Message, maxMessage) + "…"
		}
		if err.Err == nil && err.Extensions["code"] == nil { // an extension's; the presenter knows no more of it
			setCode(err, problem.BadRequest)
		}
	}
	return errs[:min(len(errs), maxErrors)]
}

func noOperation(oc *graphql.OperationContext) *gqlerror.Error {
	err := gqlerror.Errorf("The document has no operation with the name that operationName gives.")
	if oc.OperationName == "" {
		err = gqlerror.Errorf("The document has several operations: operationName must name one of them.")
	}
	setCode(err, problem.ValidationFailed)
	return err
}

// wrongVariable puts the place in the variables into the message: the path of
// an error is one in the data (GraphQL specification, 7.1.6).
func wrongVariable(err *gqlerror.Error) {
	setCode(err, problem.BadUserInput)
	if len(err.Path) > 1 && err.Path[0] == ast.PathName("variable") {
		err.Message = fmt.Sprintf("Variable $%s: %s.", err.Path[1:].String(), err.Message)
		err.Path = nil
	}
}

// setCode copies the extensions: an executor may keep errors of a document.
func setCode(err *gqlerror.Error, code problem.Code) {
	extensions := make(map[string]any, len(err.Extensions)+1)
	maps.Copy(extensions, err.Extensions)
	extensions["code"] = string(code)
	err.Extensions = extensions
}

// cut returns at most size bytes of text, without half a character.
func cut(text string, size int) string {
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return text[:size]
}
