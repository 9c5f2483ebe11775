package persisted

import (
	"context"
	"log/slog"
	"time"
)

type Mode string

func (m *Mode) UnmarshalText(text []byte) error { *m = Mode(text); return nil }

type Config struct {
	Mode         Mode
	Manifest     string
	Automatic    bool
	MaxAutomatic int
	Check        func(document string) error
	Interval     time.Duration
	Log          *slog.Logger
}
type Request struct {
	Document, ID string
	Extensions   map[string]any
}
type Library struct{}
type Resolved struct {
	Document, ID string
	Trusted      bool
}

func Open(cfg Config) (*Library, error)    { return &Library{}, nil }
func (l *Library) Run(ctx context.Context) {}
func (l *Library) Resolve(ctx context.Context, req Request) (Resolved, error) {
	return Resolved{Document: req.Document}, nil
}
func (l *Library) Keep(r Resolved) {}
