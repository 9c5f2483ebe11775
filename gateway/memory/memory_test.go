package memory

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestPercent(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		limit, used int64
		want        int
	}{
		{64 * mib, 128 * mib, 100}, {512 * mib, 128 * mib, 100}, {1024 * mib, 128 * mib, 300}, {64 << 30, 128 * mib, 400}, {1 << 62, 0, 400},
	} {
		if got := percent(c.limit, c.used); got != c.want {
			t.Errorf("limit %d MiB, used %d MiB: %d, want %d", c.limit/mib, c.used/mib, got, c.want)
		}
	}
}

// The settings are of the whole process, so that a process of its own tries them.
func TestTune(t *testing.T) {
	if os.Getenv("TUNE") != "" {
		s, err := Tune(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("limit %d, percent %d", s.Limit, s.Percent)
		return
	}
	for want, env := range map[string][]string{
		"percent 400":                   nil,
		"percent 50":                    {"GOGC=50"},
		"percent -1":                    {"GOGC=off"},
		"limit 104857600, percent 400":  {"GOMEMLIMIT=100MiB"},
		"limit 104857600, percent 1000": {"GOMEMLIMIT=100MiB", "GOGC=1000"},
	} {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTune$", "-test.v")
		command.Env = append(os.Environ(), append(env, "TUNE=1")...)
		out, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want+"\n") {
			t.Errorf("%v: %v\n%s\nwant %s", env, err, out, want)
		}
	}
}
