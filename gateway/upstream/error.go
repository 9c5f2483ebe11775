package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/portico-gateway/portico/gateway/deadline"
	"github.com/portico-gateway/portico/gateway/problem"
)

// StatusError is the cause of a problem if the service answered with an error.
type StatusError struct {
	// Service is the service's name.
	Service string
	// Status is the HTTP status; 0 for gRPC. It is 2xx if a condition of a request
	// makes the answer an error.
	Status int
	// Code is the gRPC code; codes.OK for HTTP, and for an answer that a condition
	// makes an error.
	Code codes.Code
	// RetryAfter is the time after which the service may be called again, at most a day;
	// 0 if the service does not set it. If it does, the HTTP status is 429 or 503.
	RetryAfter time.Duration
	// Redirect has the target of a redirect, and why it was not followed; empty for other
	// answers. It is for the log.
	Redirect string
	// Body is the start of an answer, at most 64 KiB (in JSON for gRPC), or the message of a
	// gRPC status. It is for the log and for clients that know the service's errors; it is
	// never shown to callers.
	Body []byte

	mediaType string        // of Body, as the service says
	answer    *got          // how long it holds, as the service says; nil if not known
	whole     string        // all of the body, if the status is 2xx
	message   proto.Message // the answer of gRPC that a condition makes an error
	details   details       // of a gRPC status
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
	if e.Redirect != "" {
		what += ": " + e.Redirect
	}
	return fmt.Sprintf("service %s: %s: %.*q", e.Service, what, bodyInLog, e.Body)
}

// IsStatus reports whether a service answered with this HTTP status.
func IsStatus(err error, status int) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && e.Status == status
}

// IsCode reports whether a service answered with this gRPC code.
func IsCode(err error, code codes.Code) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && e.Status == 0 && e.Code == code
}

// IsNotFound reports whether a service answered with 404 or NotFound.
func IsNotFound(err error) bool {
	e, ok := errors.AsType[*StatusError](err)
	return ok && (e.Status == http.StatusNotFound || e.Code == codes.NotFound)
}

// failed is the error of a call that did not come to an answer: the problem of an
// outage, unless the caller left.
func failed(ctx context.Context, service string, err error) error {
	_, silent := errors.AsType[firstMessageError](context.Cause(ctx))
	if silent || deadline.IsOver(ctx) {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	late := errors.Is(context.Cause(ctx), context.DeadlineExceeded) // as StreamJSON cancels, too
	switch {
	case errors.Is(context.Cause(ctx), errRepeated):
		err = errRepeated
	case errors.Is(ctx.Err(), context.Canceled) && !late: // by the caller, for whatever cause
		return fmt.Errorf("call of %s: %w", service, context.Canceled)
	case late, errors.Is(err, context.DeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return problem.Wrap(err, problem.ServiceTimeout, "The service did not answer in time.").Of(service).OfOutage()
	}
	return problem.Wrap(err, problem.ServiceError, "The service failed.").Of(service).OfOutage()
}

// nonsense is the problem of an answer that is not what was asked for.
func nonsense(service string, err error) error {
	return problem.Wrap(err, problem.ServiceError, "The service gave an answer that makes no sense.").Of(service)
}

// impossible is the problem of a request that can't be made of what the caller
// gave. It is err itself if that is one.
func impossible(service string, err error) error {
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return p.Of(service)
	}
	if _, ok := errors.AsType[notNumberError](err); ok {
		return problem.Wrap(err, problem.BadUserInput, "An argument must be a number.").Of(service)
	}
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
		return problem.Wrap(e, problem.ServiceTimeout, "The service did not answer in time.").Of(e.Service).With("status", e.Status).OfOutage()
	}
	p := e.withRetry(problem.Wrap(e, problem.ServiceError, "The service failed.").Of(e.Service).With("status", e.Status))
	p.Outage = e.Status >= http.StatusInternalServerError
	return p
}

// grpcError is the error of a gRPC call that failed. Its status is spelled as
// google.rpc.Code does: UNAVAILABLE.
func grpcError(ctx context.Context, service string, err error) error {
	s := status.Convert(err)
	if ctx.Err() != nil && (s.Code() == codes.Canceled || s.Code() == codes.DeadlineExceeded) {
		return failed(ctx, service, errors.Join(ctx.Err(), err))
	}
	e := &StatusError{Service: service, Code: s.Code(), Body: []byte(s.Message()), details: detailsOf(s)}
	e.RetryAfter = e.details.retryAfter()
	switch s.Code() {
	case codes.Unauthenticated:
		return problem.Wrap(e, problem.Unauthenticated, "You must be signed in to do this.").Of(service)
	case codes.PermissionDenied:
		return problem.Wrap(e, problem.Forbidden, "You may not do this.").Of(service)
	case codes.DeadlineExceeded:
		return problem.Wrap(e, problem.ServiceTimeout, "The service did not answer in time.").Of(service).OfOutage()
	}
	p := e.withRetry(problem.Wrap(e, problem.ServiceError, "The service failed.").Of(service).With("status", code.Code(s.Code()).String()))
	p.Outage = isServerError(s.Code())
	return p
}

// isServerError reports whether a code of gRPC is that of a status of 5xx, as
// google.rpc.Code has it.
func isServerError(c codes.Code) bool {
	switch c {
	case codes.Unknown, codes.Internal, codes.DataLoss, codes.Unimplemented, codes.Unavailable, codes.DeadlineExceeded:
		return true
	}
	return false
}
