package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/portico-gateway/portico/gateway/problem"
)

// StatusError is the cause of a problem when the service answered with an
// error of its own.
type StatusError struct {
	// Service is the service's name.
	Service string
	// Status is the HTTP status; 0 for gRPC.
	Status int
	// Code is the gRPC code; codes.OK for HTTP.
	Code codes.Code
	// Body is the start of an HTTP answer, at most 64 KiB, or the message of a
	// gRPC status. It is for the log and for clients that know the service's
	// errors; it is never shown.
	Body []byte
}

const (
	bodyOfError = 64 << 10 // how much of a body an error keeps
	bodyInLog   = 200      // how much of a body an error's text has
)

// Error has the start of the body, quoted.
func (e *StatusError) Error() string {
	what := fmt.Sprintf("status %d", e.Status)
	if e.Status == 0 {
		what = e.Code.String()
	}
	return fmt.Sprintf("service %s: %s: %.*q", e.Service, what, bodyInLog, e.Body)
}

// IsStatus tells whether a service answered with this HTTP status.
func IsStatus(err error, status int) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && e.Status == status
}

// IsCode tells whether a service answered with this gRPC code.
func IsCode(err error, code codes.Code) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && e.Status == 0 && e.Code == code
}

// Detail is a value of an error's JSON body that a caller may see.
type Detail struct {
	// Name is that of the extension.
	Name string
	// Path leads to the value: the names of objects' members.
	Path []string
}

// Explain is the problem that an error of a service stands for. Details that
// the body does not have, or that are objects or lists, are left out.
func Explain(err error, code problem.Code, message string, details ...Detail) error {
	e, ok := errors.AsType[*StatusError](err)
	if !ok {
		return err
	}
	p := problem.Wrap(e, code, "%s", message)
	if len(details) == 0 {
		return p
	}
	var body any
	decoder := json.NewDecoder(bytes.NewReader(e.Body))
	decoder.UseNumber() // a number stays what it is
	if decoder.Decode(&body) != nil {
		return p
	}
	for _, d := range details {
		if value := at(body, d.Path); value != nil {
			p = p.With(d.Name, value)
		}
	}
	return p
}

// at is the scalar that a path leads to, or nil.
func at(value any, path []string) any {
	for _, name := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[name]
	}
	switch value.(type) {
	case string, bool, json.Number:
		return value
	}
	return nil
}

// IsNotFound tells whether a service said that something does not exist: 404,
// or NotFound.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && (e.Status == http.StatusNotFound || e.Code == codes.NotFound)
}

// failed is the error of a call that did not come to an answer: a problem,
// unless the caller left.
func failed(ctx context.Context, service string, err error) error {
	late := errors.Is(context.Cause(ctx), context.DeadlineExceeded) // as StreamJSON cancels, too
	switch {
	case errors.Is(ctx.Err(), context.Canceled) && !late: // by the caller, for whatever cause
		return fmt.Errorf("call of %s: %w", service, context.Canceled)
	case late, errors.Is(err, context.DeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return problem.Wrap(err, problem.ServiceTimeout, "The service did not answer in time.").Of(service)
	}
	return problem.Wrap(err, problem.ServiceError, "The service failed.").Of(service)
}

// nonsense is the problem of an answer that is not what was asked for.
func nonsense(service string, err error) error {
	return problem.Wrap(err, problem.ServiceError, "The service gave an answer that makes no sense.").Of(service)
}

// impossible is the problem of a request that can't be made of what the caller
// gave.
func impossible(service string, err error) error {
	return problem.Wrap(err, problem.BadUserInput, "The service can't be asked for this value.").Of(service)
}

// refused is the problem of an HTTP answer that is an error.
func refused(e *StatusError) error {
	switch e.Status {
	case http.StatusUnauthorized:
		return problem.Wrap(e, problem.Unauthenticated, "You must be signed in to do this.").Of(e.Service)
	case http.StatusForbidden:
		return problem.Wrap(e, problem.Forbidden, "You may not do this.").Of(e.Service)
	case http.StatusGatewayTimeout:
		return problem.Wrap(e, problem.ServiceTimeout, "The service did not answer in time.").Of(e.Service).With("status", e.Status)
	}
	return problem.Wrap(e, problem.ServiceError, "The service failed.").Of(e.Service).With("status", e.Status)
}

// grpcError is the error of a gRPC call that failed. Its status is spelled as
// google.rpc.Code does: UNAVAILABLE.
func grpcError(ctx context.Context, service string, err error) error {
	s := status.Convert(err)
	if ctx.Err() != nil && (s.Code() == codes.Canceled || s.Code() == codes.DeadlineExceeded) {
		return failed(ctx, service, errors.Join(ctx.Err(), err))
	}
	e := &StatusError{Service: service, Code: s.Code(), Body: []byte(s.Message())}
	switch s.Code() {
	case codes.Unauthenticated:
		return problem.Wrap(e, problem.Unauthenticated, "You must be signed in to do this.").Of(service)
	case codes.PermissionDenied:
		return problem.Wrap(e, problem.Forbidden, "You may not do this.").Of(service)
	case codes.DeadlineExceeded:
		return problem.Wrap(e, problem.ServiceTimeout, "The service did not answer in time.").Of(service)
	}
	return problem.Wrap(e, problem.ServiceError, "The service failed.").Of(service).With("status", code.Code(s.Code()).String())
}
