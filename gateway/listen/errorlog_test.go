package listen

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/observe"
)

// Callers who cut connections without end do not fill the log: what net/http says of them is one kind of line.
func TestErrorsWithoutEnd(t *testing.T) {
	var out bytes.Buffer
	log := observe.NewLogger(&out, slog.LevelInfo, func(string) string { return "" })
	for i := range 500 {
		newServer(Config{Log: log}).ErrorLog.Printf("http: panic serving 192.0.2.1:%d", i)
	}
	observe.Flush(log)
	if lines := strings.Count(out.String(), "the HTTP server reports an error"); lines == 0 || lines > 400 || !strings.Contains(out.String(), `"suppressed":`) {
		t.Errorf("%d lines:\n%s", lines, out.String())
	}
}
