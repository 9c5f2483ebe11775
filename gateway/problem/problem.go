// Package problem has the errors that a frontend may see: a code, a message that is
// safe to show, and the cause, which is only logged.
//
// A hand-written method returns one for everything that its callers should know. Any
// other error becomes [Internal], with an id that the log has too.
package problem

import (
	"errors"
	"fmt"
	"maps"
)

// Code is the machine-readable kind of a problem, found by a frontend at
// errors[].extensions.code. Codes are stable: clients branch on them.
type Code string

// The codes that the gateway itself uses. A project may add its own, in the
// same spelling (upper snake case).
const (
	ParseFailed      Code = "GRAPHQL_PARSE_FAILED"      // the document is not GraphQL
	ValidationFailed Code = "GRAPHQL_VALIDATION_FAILED" // the document does not fit the schema
	BadUserInput     Code = "BAD_USER_INPUT"            // a variable or argument does not fit its type
	BadRequest       Code = "BAD_REQUEST"               // the request is not a GraphQL request
	FrontendNotFound Code = "FRONTEND_NOT_FOUND"        // no frontend has this name
	Unauthenticated  Code = "UNAUTHENTICATED"           // no token, or one that is not accepted
	Forbidden        Code = "FORBIDDEN"                 // the principal may not do this
	CSRFBlocked      Code = "CSRF_BLOCKED"              // a browser could have sent it from another site

	MaxTokensLimit       Code = "MAX_TOKENS_LIMIT"             // the document has too many tokens
	MaxDepthLimit        Code = "MAX_DEPTH_LIMIT"              // fields are nested too deep
	MaxFieldsLimit       Code = "MAX_FIELDS_LIMIT"             // too many fields are selected
	MaxAliasesLimit      Code = "MAX_ALIASES_LIMIT"            // too many of them have an alias
	MaxRootFieldsLimit   Code = "MAX_ROOT_FIELDS_LIMIT"        // too many stand at the root
	MaxResponseKeysLimit Code = "MAX_RESPONSE_KEYS_LIMIT"      // one key is selected too often in one place
	MaxDirectivesLimit   Code = "MAX_DIRECTIVES_LIMIT"         // the document has too many directives
	MaxFragmentsLimit    Code = "MAX_FRAGMENTS_LIMIT"          // too many fragments are spread, or too deep
	MaxInputLimit        Code = "MAX_INPUT_LIMIT"              // values are nested too deep, or too many
	MaxResponseLimit     Code = "MAX_RESPONSE_LIMIT"           // the data is too large
	CostTooHigh          Code = "COST_ESTIMATED_TOO_EXPENSIVE" // the operation could cost more than one may
	Throttled            Code = "THROTTLED"                    // the principal has asked for too much in too short a time

	PersistedQueryNotFound     Code = "PERSISTED_QUERY_NOT_FOUND"     // no document has this id
	PersistedQueryNotSupported Code = "PERSISTED_QUERY_NOT_SUPPORTED" // automatic persisted queries are off
	PersistedQueryMismatch     Code = "PERSISTED_QUERY_HASH_MISMATCH" // the document is not the one of this id
	PersistedQueryNotInList    Code = "PERSISTED_QUERY_NOT_IN_LIST"   // only trusted documents are executed
	Unavailable                Code = "SERVICE_UNAVAILABLE"           // the gateway can't answer yet
	Overloaded                 Code = "SERVICE_OVERLOADED"            // the gateway has more to do than it can

	IntrospectionDisabled Code = "INTROSPECTION_DISABLED"   // introspection is disabled for the frontend, or the caller
	ServiceError          Code = "DOWNSTREAM_SERVICE_ERROR" // a service failed or answered nonsense
	ServiceTimeout        Code = "DOWNSTREAM_TIMEOUT"       // a service did not answer in time
	Internal              Code = "INTERNAL_SERVER_ERROR"    // anything else; extensions.id is in the log
)

// RetryAfter is the extension that says in how many seconds it makes sense to try
// again: a whole float64. The header Retry-After of an answer is the largest of
// its problems.
const RetryAfter = "retryAfter"

// Error is one problem. It is immutable once returned and may be shared
// between fields and goroutines.
type Error struct {
	// Code is the kind of problem.
	Code Code
	// Message is shown to the frontend: no addresses, no internals, no input.
	Message string
	// Extensions are added to errors[].extensions beside the code; nil for none.
	Extensions map[string]any
	// Service is the name of the service that the problem is of; empty for none.
	// The log has it. A frontend sees it, as errors[].extensions.service, only if
	// services are named in its answers ([Presenter.Services]).
	Service string
	// Outage reports that the service is not available: there was no connection, it did
	// not answer in time, it answered that it failed, or it is not called since it failed
	// before. A field may have a fallback value then.
	Outage bool

	cause error
}

// New returns a problem without a cause, which is not logged. The message is formatted as
// [fmt.Sprintf] does.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns a problem with a cause, which is logged as a warning but never shown. It
// panics if cause is nil: use [New].
func Wrap(cause error, code Code, format string, args ...any) *Error {
	if cause == nil {
		panic("problem.Wrap: nil cause")
	}
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), cause: cause}
}

// With returns a copy with one more extension, whose value JSON can express. The key "code"
// is the problem's own.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Extensions = make(map[string]any, len(e.Extensions)+1)
	maps.Copy(c.Extensions, e.Extensions)
	c.Extensions[key] = value
	return &c
}

// Of returns a copy with the name of the service that the problem is of.
func (e *Error) Of(service string) *Error {
	c := *e
	c.Service = service
	return &c
}

// OfOutage returns a copy that says that the service is not available.
func (e *Error) OfOutage() *Error {
	c := *e
	c.Outage = true
	return &c
}

// Error returns the code, the message and the cause. It is for logs.
func (e *Error) Error() string {
	if e.cause == nil {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.cause)
}

// Unwrap returns the cause, or nil.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf returns the code of the first problem in err's tree, as [errors.As] finds it, or
// [Internal] if there is none, also for nil.
func CodeOf(err error) Code {
	if p, ok := errors.AsType[*Error](err); ok {
		return p.Code
	}
	return Internal
}
