package memory

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

func TestPercent(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct{ inUse, room, want int64 }{
		{0, 64 * mib, 400}, {5 * mib, 64 * mib, 400}, {16 * mib, 64 * mib, 400}, {20 * mib, 64 * mib, 300}, {64 * mib, 64 * mib, 100},
		{1 << 30, 64 * mib, 100}, {20 * mib, 16 * mib, 100},
	} {
		if got := percent(c.inUse, c.room); got != c.want {
			t.Errorf("in use %d MiB, room %d MiB: %d, want %d", c.inUse/mib, c.room/mib, got, c.want)
		}
	}
}

// The settings are of the whole process, so that processes of their own try them.
func TestTuner(t *testing.T) {
	if os.Getenv("TUNE") != "" {
		tune(t)
		return
	}
	for want, env := range map[string][]string{
		"small 400, large 100, stopped 100": {"GOGC="},
		"small 50, large 50, stopped 50":    {"GOGC=50"},
		"small -1, large -1, stopped -1":    {"GOGC=off"},
		"limit 104857600":                   {"GOGC=", "GOMEMLIMIT=100MiB"},
		"limit ":                            {"GOGC=", "GOMEMLIMIT="},
	} {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTuner$", "-test.v")
		for _, variable := range append(os.Environ(), append(env, "TUNE=1")...) {
			if !strings.HasSuffix(variable, "=") { // an empty one is absent
				command.Env = append(command.Env, variable)
			}
		}
		out, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: %v\n%s\nwant %s", env, err, out, want)
		}
	}
}

func tune(t *testing.T) {
	tuner, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	set := func() int {
		now := debug.SetGCPercent(100)
		debug.SetGCPercent(now)
		return now
	}
	small := set()
	heap := make([]byte, 200<<20)
	if small > 0 && small != 50 { // else nothing changes
		for range 1000 { // cleanups run in a goroutine
			if runtime.GC(); set() == 100 {
				break
			}
			runtime.Gosched()
		}
	}
	large := set()
	runtime.KeepAlive(heap)
	tuner.Stop()
	tuner.Stop() // again
	fmt.Printf("small %d, large %d, stopped %d\nlimit %d\n", small, large, set(), tuner.Limit())
}
