package observe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// limited returns a logger whose clock only moves when the test moves it.
func limited() (log *slog.Logger, lines func() []string, advance func(time.Duration)) {
	var mu sync.Mutex
	var out bytes.Buffer
	now := time.Unix(1000, 0)
	handler := newLimitedHandler(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}), func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	})
	lines = func() []string {
		var list []string
		for line := range strings.Lines(out.String()) {
			var record struct {
				Msg, Of    string
				Suppressed int
			}
			_ = json.Unmarshal([]byte(line), &record)
			text := record.Msg
			if record.Of != "" {
				text = record.Of + " were"
			}
			if record.Suppressed > 0 {
				text += fmt.Sprintf(" suppressed=%d", record.Suppressed)
			}
			list = append(list, text)
		}
		out.Reset()
		return list
	}
	return slog.New(handler), lines, func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
}

func times(n int, line string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = line
	}
	return list
}

func TestTenLinesASecondOfOneKind(t *testing.T) {
	log, lines, advance := limited()
	for range 500 {
		log.Warn("failed", "n", 1)
	}
	expect(t, lines(), times(10, "failed")...)
	advance(999 * time.Millisecond)
	log.Warn("failed")
	expect(t, lines())
	advance(time.Millisecond)
	log.Warn("failed")
	expect(t, lines(), "failed suppressed=491")
}

// Any second is meant, not only those of a clock.
func TestSecondsSlide(t *testing.T) {
	log, lines, advance := limited()
	passed := 0
	for range 100 {
		log.Info("x")
		passed += len(lines())
		advance(30 * time.Millisecond)
	}
	if passed != 30 {
		t.Errorf("%d of 100 lines in three seconds, want 30", passed)
	}
}

func TestTheEndOfABurstIsTold(t *testing.T) {
	log, lines, advance := limited()
	for range 15 {
		log.Warn("failed")
	}
	lines()
	log.Info("other")
	expect(t, lines(), "other")
	advance(time.Second)
	log.Info("other")
	expect(t, lines(), "failed were suppressed=5", "other")
	log.Warn("failed")
	expect(t, lines(), "failed")
}

func TestFlush(t *testing.T) {
	log, lines, _ := limited()
	for range 15 {
		log.Warn("failed")
		log.Error("broken")
	}
	lines()
	Flush(log)
	expect(t, lines(), "failed were suppressed=5", "broken were suppressed=5")
	Flush(log)
	Flush(slog.New(slog.DiscardHandler))
	expect(t, lines())
}

// Kinds do not take each other's lines; attributes make no kinds.
func TestKinds(t *testing.T) {
	log, lines, _ := limited()
	for i := range 20 {
		log.Info("a", "i", i)
		log.With("service", i).Info("a")
		log.WithGroup(fmt.Sprint("g", i)).Info("a")
	}
	expect(t, lines(), times(10, "a")...)
	log.Debug("a")
	log.Error("a")
	log.Info("b")
	expect(t, lines(), "a", "a", "b")
}

// There is no end of messages, but one of what is remembered.
func TestKindsAreBounded(t *testing.T) {
	log, lines, advance := limited()
	limit := log.Handler().(limitedHandler).lines
	for i := range 10 * mostKinds {
		log.Info(fmt.Sprint("message ", i))
	}
	if n := len(limit.kinds); n > mostKinds+1 {
		t.Errorf("%d kinds", n)
	}
	if n := len(lines()); n != mostKinds+linesOfSecond {
		t.Errorf("%d lines", n)
	}
	advance(time.Second)
	log.Info("after")
	expect(t, lines(), fmt.Sprintf("others were suppressed=%d", 9*mostKinds-linesOfSecond), "after")
	advance(time.Second)
	for i := range mostKinds {
		log.Info(fmt.Sprint("another ", i))
	}
	if n := len(lines()); n != mostKinds {
		t.Errorf("%d lines: old kinds are not forgotten", n)
	}
}

func TestConcurrentLines(t *testing.T) {
	log, lines, _ := limited()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 100 {
				log.Warn("failed")
			}
		})
	}
	wait.Wait()
	expect(t, lines(), times(10, "failed")...)
	Flush(log)
	expect(t, lines(), "failed were suppressed=790")
}

// A record that is not logged costs no allocation.
func TestSuppressedLinesAreCheap(t *testing.T) {
	log, _, _ := limited()
	for range linesOfSecond {
		log.Warn("failed")
	}
	if n := testing.AllocsPerRun(100, func() { log.Warn("failed") }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
