// Package telemetry reports to operators what a gateway does: requests, operations and calls, in the access log,
// metrics, traces and recorded usage. It is what connects the parts of a gateway with package observe, which
// knows the formats.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/gateway/observe"
	"github.com/portico-gateway/portico/gateway/usage"
)

// Observer observes requests ([Observer.BeginRequest]), operations and calls: it is an
// operation.Observer and an upstream.Observer. It is safe for concurrent use.
type Observer struct {
	metrics *observe.Metrics
	access  *observe.Access
	tracing *tracing
	usage   *usage.Recorder
	log     *slog.Logger
}

// New returns an observer whose access log goes to w; nil for nowhere. Until Change it logs no
// requests and samples no traces. Its errors are [config.Mistakes].
func New(cfg *config.Config, w io.Writer, log *slog.Logger) (*Observer, error) {
	o := &Observer{
		metrics: observe.NewMetrics(), access: observe.NewAccess(w, rand.Float64),
		usage: usage.NewRecorder(usage.RecorderConfig{File: cfg.Usage.File, Log: log, Now: time.Now}, cfg.Usage.Days), log: log,
	}
	var err error
	o.tracing, err = openTracing(cfg, o.metrics, log)
	return o, err
}

// Run writes the access log and recorded usage, until ctx is done. It is called once.
func (o *Observer) Run(ctx context.Context) {
	var group sync.WaitGroup
	group.Go(func() { o.access.Run(ctx) })
	group.Go(func() { o.usage.Run(ctx) })
	group.Wait()
}

// Send sends spans and metrics to the collector of the configuration, if it has one, until stop is called. What
// has ended by then is sent before stop returns.
func (o *Observer) Send() (stop func(context.Context)) {
	if o.tracing.otlp == nil {
		return func(context.Context) {}
	}
	return o.tracing.otlp.Start()
}

// Settings are what can change while the gateway runs.
type Settings struct {
	Access observe.AccessConfig
	// Sample is the share of requests without a trace context that are traced, from 0 to 1, and SampleCallers how many
	// of those whose callers' traces are sampled, a second.
	Sample        float64
	SampleCallers int
	// UsageDays is for how many days usage is kept.
	UsageDays int
}

// Change applies settings.
func (o *Observer) Change(s Settings) {
	o.access.Change(s.Access)
	o.tracing.sampling.Store(&sampling{share: s.Sample, callers: s.SampleCallers})
	o.usage.Retain(s.UsageDays)
}

// Metrics are the metrics.
func (o *Observer) Metrics() *observe.Metrics { return o.metrics }

// WriteUsage writes recorded usage as a file: of a frontend, or of all if frontend is empty.
func (o *Observer) WriteUsage(w io.Writer, frontend string) error {
	return o.usage.Write(w, frontend)
}
