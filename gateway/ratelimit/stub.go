package ratelimit

import (
	"context"
	"log/slog"
	"time"
)

type Bucket struct {
	Key              string
	Capacity, Refill float64
}
type Charge struct {
	Bucket
	Points float64
}
type State struct {
	Available float64
	Wait      time.Duration
}
type Config struct {
	MaxBuckets int
	Redis      *Redis
	Now        func() time.Time
	Log        *slog.Logger
}
type Redis struct {
	URL        string
	Timeout    time.Duration
	LocalShare float64
	Prefix     string
}
type Limiter struct{}

func Open(cfg Config) (*Limiter, error) { return &Limiter{}, nil }
func (l *Limiter) Take(ctx context.Context, charges []Charge, states []State) (granted bool) {
	return true
}
func (l *Limiter) Return(b Bucket, points float64) {}
func (l *Limiter) Close() error                    { return nil }
