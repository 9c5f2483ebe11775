package middleware

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// trackedWriter knows whether the answer has begun.
type trackedWriter struct {
	http.ResponseWriter
	begun    bool
	status   int   // 0 until it is written
	bytes    int64 // of the body
	hijacked bool
}

// Hijack is for http.ResponseController.
func (w *trackedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.begun = true
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.hijacked = err == nil
	return conn, buffered, err
}

// WriteHeader is part of http.ResponseWriter.
func (w *trackedWriter) WriteHeader(status int) {
	w.begun = true
	if w.status == 0 || w.status == http.StatusContinue {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write is part of http.ResponseWriter.
func (w *trackedWriter) Write(b []byte) (int, error) {
	w.begun = true
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// SetReadDeadline is for http.ResponseController: it begins no answer.
func (w *trackedWriter) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(w.ResponseWriter).SetReadDeadline(t)
}

// Unwrap is for http.ResponseController.
func (w *trackedWriter) Unwrap() http.ResponseWriter {
	w.begun = true // a caller hijacks, flushes or sets deadlines
	return w.ResponseWriter
}
