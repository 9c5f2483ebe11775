package transport

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/problem"
)

// request is what came in one HTTP request.
type request struct {
	finished Finished             // its answer, if that is known; then there is nothing else
	text     string               // for Reply
	params   *graphql.RawParams   // nil of a batch
	batch    []*graphql.RawParams // it was a list, and so is the answer
	memory   reservation          // for it
}

// decodeBatch reads a list of operations.
func decodeBatch(body []byte, most int) ([]*graphql.RawParams, *problem.Error) {
	if most < 2 {
		return nil, wrongBatch(most)
	}
	d := newDecoder(body)
	var list []*graphql.RawParams
	err := d.list(func() error {
		params, err := d.operation()
		list = append(list, params)
		return err
	})
	if err == nil {
		err = d.end()
	}
	switch {
	case err != nil:
		return nil, notGraphQL(err)
	case len(list) == 0 || len(list) > most:
		return nil, wrongBatch(most)
	}
	for _, params := range list {
		if err := checkParams(params); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// wrongBatch refuses a batch for the number of its operations.
func wrongBatch(most int) *problem.Error {
	if most < 2 {
		return problem.New(problem.BadRequest, "Batches are not supported: send each operation as a request of its own.")
	}
	return problem.New(problem.BadRequest, "A batch has from 1 to %d operations.", most)
}

// answerBatch executes operations concurrently and answers with the list of
// their responses, in the order of the request. The status is 200: it can't be
// that of several.
func (h *Handler) answerBatch(ctx context.Context, w http.ResponseWriter, operations []*graphql.RawParams) {
	responses := make([]*graphql.Response, len(operations))
	var wait sync.WaitGroup
	for i, params := range operations {
		wait.Go(func() {
			defer func() {
				if value := recover(); value != nil {
					responses[i] = h.panicked(ctx, value)
				}
			}()
			responses[i] = h.respond(graphql.StartOperationTrace(ctx), params)
		})
	}
	wait.Wait()
	buffer := h.buffers.get()
	defer h.buffers.put(buffer)
	appendResponses(buffer, responses)
	header := w.Header()
	header.Set("Content-Type", plainJSON+"; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(buffer.Len()))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	_, _ = w.Write(buffer.Bytes()) // the caller left: nobody to tell
}

func appendResponses(buffer *bytes.Buffer, responses []*graphql.Response) {
	for i, resp := range responses {
		buffer.WriteByte("[,"[min(i, 1)])
		appendResponse(buffer, resp)
	}
	buffer.WriteByte(']')
}

// respond is the response to one operation of a batch.
func (h *Handler) respond(ctx context.Context, params *graphql.RawParams) *graphql.Response {
	oc, failed := h.operation(ctx, params)
	if failed != nil {
		return failed
	}
	if oc.Operation.Operation == ast.Subscription {
		return problemResponse(problem.New(problem.BadRequest, "A subscription can't be part of a batch."))
	}
	var out *graphql.Response
	h.execute(ctx, oc, func(resp *graphql.Response) bool {
		out = resp
		return true
	})
	return out
}
