package listen

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// What net/http reports is one kind of line, of which the log limits the number: the text, which has addresses of
// callers, is not in the message.
func TestErrorsAreOfOneKind(t *testing.T) {
	var out bytes.Buffer
	server := newServer(Config{Log: slog.New(slog.NewTextHandler(&out, nil))})
	for _, address := range []string{"192.0.2.1:1", "192.0.2.2:2"} {
		server.ErrorLog.Printf("http: panic serving %s", address)
		if want := `msg="the HTTP server reports an error" cause="http: panic serving ` + address + `"` + "\n"; !strings.HasSuffix(out.String(), want) {
			t.Errorf("got %s, want %s", out.String(), want)
		}
	}
}
