package listen

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/observe"
)

// Callers who cut connections without end do not fill the log: what net/http says of them is one kind of line.
func TestErrorsWithoutEnd(t *testing.T) {
	var out bytes.Buffer
	log := observe.NewLogger(&out, slog.LevelInfo, func(string) string { return "" })
	const errors = 500
	began := time.Now()
	for i := range errors {
		newServer(Config{Log: log}).ErrorLog.Printf("http: panic serving 192.0.2.1:%d", i)
	}
	most := 10 * (int(time.Since(began)/time.Second) + 1)
	observe.Flush(log)
	written, all := 0, 0
	for line := range strings.Lines(out.String()) {
		var record struct {
			Msg, Of    string
			Suppressed int
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatal(err)
		}
		if all += record.Suppressed; record.Of == "" {
			written++
			all++
		}
	}
	if written > most || all != errors {
		t.Errorf("%d lines (at most %d are allowed), %d counted", written, most, all)
	}
}
