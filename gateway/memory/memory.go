// Package memory sets the garbage collector of a gateway's process by the memory
// that it may use.
package memory

import (
	"errors"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Settings are those of the garbage collector.
type Settings struct {
	// Limit is the soft limit of the process in bytes: near it, the collector works
	// as often as it must. It is nine tenths of the memory of the cgroup, else of
	// the machine; what is not the heap's needs the rest.
	Limit int64
	// Percent is how much the heap grows, in percent of what is in use, until it is
	// collected. More of it is less work.
	Percent int
}

// The bounds of Settings.Percent. The lower one is Go's default.
const (
	leastPercent = 100
	mostPercent  = 400
)

// ratio is the part of the memory that is the limit.
const ratio = 0.9

// Tune sets the garbage collector of this process. used is about how many bytes are
// in use when the process has warmed up. What the environment sets by GOMEMLIMIT
// and GOGC stays.
func Tune(used int64) (Settings, error) {
	limit, err := memlimit.Set(
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)), memlimit.WithRatio(ratio))
	if errors.Is(err, memlimit.ErrNoLimit) {
		err = nil
	}
	if err != nil || limit <= 0 {
		limit = debug.SetMemoryLimit(-1)
	}
	s := Settings{Limit: limit, Percent: percent(limit, used)}
	if _, set := os.LookupEnv("GOGC"); set {
		s.Percent = debug.SetGCPercent(leastPercent)
		debug.SetGCPercent(s.Percent)
		return s, err
	}
	debug.SetGCPercent(s.Percent)
	return s, err
}

// percent lets the heap grow to half of the limit.
func percent(limit, used int64) int {
	used = max(used, 1)
	return int(min(max((limit/2-used)/used*100, leastPercent), mostPercent))
}
