// Package rest reads requests and writes answers of the demo's HTTP services.
package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxBody is the longest request body that is read, in bytes.
const maxBody = 1 << 20

// Error is an answer that is not a success: {"error":{"code":…,"message":…}}.
type Error struct {
	Status  int    `json:"-"` // HTTP
	Code    string `json:"code"`
	Message string `json:"message"`
	// ProductID and Available tell what is the matter with an order.
	ProductID string `json:"product_id,omitempty"`
	Available *int32 `json:"available,omitempty"`
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s: %s", e.Status, e.Code, e.Message) }

// BadRequest is an answer with status 400.
func BadRequest(format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: "bad_request", Message: fmt.Sprintf(format, args...)}
}

// NotFound is an answer with status 404.
func NotFound(format string, args ...any) *Error {
	return &Error{Status: http.StatusNotFound, Code: "not_found", Message: fmt.Sprintf(format, args...)}
}

// Unauthorized is an answer with status 401.
func Unauthorized() *Error {
	return &Error{Status: http.StatusUnauthorized, Code: "unauthorized", Message: "a valid bearer token is needed"}
}

// Forbidden is an answer with status 403.
func Forbidden(format string, args ...any) *Error {
	return &Error{Status: http.StatusForbidden, Code: "forbidden", Message: fmt.Sprintf(format, args...)}
}

// Handler answers a request itself, or returns an error before it has written
// anything.
type Handler func(w http.ResponseWriter, r *http.Request) error

// ServeHTTP writes the error, if there is one: an [Error] as it is, any other
// as status 500.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h(w, r)
	if err == nil {
		return
	}
	answer, ok := errors.AsType[*Error](err)
	if !ok {
		answer = &Error{Status: http.StatusInternalServerError, Code: "internal", Message: err.Error()}
	}
	if answer.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	writeBytes(w, answer.Status, mustMarshal(map[string]*Error{"error": answer}))
}

// mustMarshal is for values that always can be.
func mustMarshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// WriteJSON answers with a value. It fails, before it writes anything, when
// the value cannot be marshalled.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("marshal answer: %w", err)
	}
	writeBytes(w, status, b)
	return nil
}

func writeBytes(w http.ResponseWriter, status int, b []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b) // a caller that has gone needs no answer
}

// ReadJSON reads the body, one JSON value without unknown fields, into v. It
// fails with a [BadRequest].
func ReadJSON(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return BadRequest("the body does not fit: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return BadRequest("the body has more than one JSON value")
	}
	return nil
}
