package observe_test

import (
	"io"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/observe"
)

// BenchmarkRequest is what a request costs whose answer is cached: its metrics and its line.
func BenchmarkRequest(b *testing.B) {
	m := observe.NewMetrics()
	o := m.Of(observe.Operation{Frontend: "web", Name: "Home", Type: "query"})
	a := observe.NewAccess(io.Discard, func() float64 { return 0 })
	a.Change(observe.AccessConfig{All: true, Sample: 1, Slow: time.Second})
	d := &observe.Done{Outcome: observe.Success, Cache: "hit", Took: 10 * time.Microsecond, Requested: 42, Actual: 41}
	l := &observe.Line{
		Request: "577635ba4f9c8ca8d8ebce015709ca05", Transport: "http", Method: "POST", Status: 200, Frontend: "web", Operation: "Home", Type: "query",
		Hash: "ab99247c62ea1a57ab99247c62ea1a57ab99247c62ea1a57ab99247c62ea1a57", Client: "shop", Version: "1.2", Outcome: observe.Success, Cache: "hit",
		Took: 10 * time.Microsecond, Cost: 41, Bytes: 1853,
	}
	b.Run("metrics", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Request(200)
			o.Add(d)
		}
	})
	b.Run("line", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			a.Write(l)
		}
	})
}
