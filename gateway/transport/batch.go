package transport

import (
	"context"
	"net/http"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/answer"
	"github.com/portico-gateway/portico/gateway/problem"
)

// received is what came in one HTTP request.
type received struct {
	answer   answer.Answer // if it is recalled: then there is nothing else
	recalled bool
	single   *Request    // nil of a batch
	batch    []*Request  // it was a list, and so is the answer
	memory   reservation // for it
}

// decodeBatch reads a list of operations.
func decodeBatch(body []byte, most int) ([]*Request, *problem.Error) {
	if most < 2 {
		return nil, wrongBatch(most)
	}
	d := newDecoder(body)
	var list []*Request
	err := d.list(func() error {
		request, err := d.request()
		list = append(list, request)
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
	for _, request := range list {
		if err := request.check(); err != nil {
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
func (h *Handler) answerBatch(ctx context.Context, w http.ResponseWriter, r *http.Request, requests []*Request) {
	answers := make([]*answer.Answer, len(requests))
	var wait sync.WaitGroup
	for i, request := range requests {
		wait.Go(func() {
			defer func() {
				if value := recover(); value != nil {
					answers[i] = h.panicked(ctx, value)
				}
			}()
			answers[i] = h.single(ctx, request)
		})
	}
	wait.Wait()
	buffer := h.writer.Get()
	defer h.writer.Put(buffer)
	for i, a := range answers {
		buffer.WriteByte("[,"[min(i, 1)])
		buffer.Write(a.Append(buffer.AvailableBuffer()))
	}
	buffer.WriteByte(']')
	h.writer.WriteJSON(w, r, http.StatusOK, plainJSON, buffer.Bytes())
}

// single returns the answer to one operation of a batch.
func (h *Handler) single(ctx context.Context, request *Request) *answer.Answer {
	operation, failed := h.current.Load().source.Prepare(ctx, request)
	if failed != nil {
		return failed
	}
	if operation.Kind() == ast.Subscription {
		return answer.Problem(problem.New(problem.BadRequest, "A subscription can't be part of a batch."))
	}
	var out *answer.Answer
	operation.Run(ctx, func(a *answer.Answer) bool {
		out = a
		return true
	})
	return out
}
