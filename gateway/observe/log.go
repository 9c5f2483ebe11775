// Package observe makes what operators look at: logs, for now.
package observe

import (
	"context"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
)

// NewLogger returns a logger that writes to w: coloured lines for a person
// when w is a terminal, JSON for a machine when it is not. Records of a request
// carry its id ([RequestIDKey]). At most ten records of one level and message
// are written in a second; a later one has the number of the others
// as the attribute "suppressed". An empty NO_COLOR keeps the colours
// (https://no-color.org).
func NewLogger(w io.Writer, level slog.Level, getenv func(string) string) *slog.Logger {
	var handler slog.Handler = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	if isTerminal(w) {
		handler = tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: getenv("NO_COLOR") != ""})
	}
	return slog.New(newLimitedHandler(requestHandler{handler}, time.Now))
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// RequestIDKey is where a context has the id of its request, a string, which
// log records get.
type RequestIDKey struct{}

// requestHandler adds the request id to records.
type requestHandler struct{ slog.Handler }

// Handle is part of slog.Handler.
func (h requestHandler) Handle(ctx context.Context, record slog.Record) error {
	if id, ok := ctx.Value(RequestIDKey{}).(string); ok && id != "" {
		record.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, record)
}

// WithAttrs is part of slog.Handler.
func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup is part of slog.Handler.
func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}
