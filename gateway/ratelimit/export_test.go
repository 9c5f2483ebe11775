package ratelimit

import (
	"context"
	"log/slog"
	"time"
)

// Script is the text of the script.
const Script = script

// Port is a way to a server.
type Port = port

// NewOn returns a limiter without a link, and a function that settles, and sends what
// is given back.
func NewOn(p Port, prefix string, maxBuckets int, share float64, now func() time.Time) (*Limiter, func(context.Context)) {
	local := newMemory(maxBuckets, share, now)
	s := newShared(prefix, p, local, slog.New(slog.DiscardHandler))
	return &Limiter{local: local, shared: s}, func(ctx context.Context) {
		s.sendQueued(ctx, nil)
		s.settle(ctx)
	}
}
