package telemetry

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/upstream"
)

// The lines of the log about shared streams.
func TestLogOfStreams(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	o := &Observer{log: log}
	e := upstream.StreamEvent{Service: "prices", Stream: "web.graphqls:1:2", Subscribers: 3}
	dropped, resumed := e, e
	dropped.Dropped = 2
	resumed.Attempts, resumed.Outage, resumed.Cause = 4, time.Second, errors.New("lost")
	o.logStream(dropped)
	o.logStream(resumed)
	const want = `level=WARN msg="subscribers of a shared stream read too slowly and were dropped" service=prices stream=web.graphqls:1:2 dropped=2 subscribers=3
level=WARN msg="a shared stream broke and was resumed" service=prices stream=web.graphqls:1:2 outage=1s attempts=4 subscribers=3 cause=lost
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}
