package listen

import (
	"bytes"
	"log/slog"
)

// serverErrors logs what net/http reports. The message is always the same, so
// that these are one kind of line: the text has addresses of callers.
type serverErrors struct{ log *slog.Logger }

// Write is part of io.Writer.
func (e serverErrors) Write(text []byte) (int, error) {
	e.log.Warn("the HTTP server reports an error", "cause", string(bytes.TrimSpace(text)))
	return len(text), nil
}
