package usage_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-gateway/portico/gateway/usage"
)

// running is a recorder with a file that runs in a bubble, until end is called.
func running(t *testing.T, file string) (r *usage.Recorder, log *bytes.Buffer, end func()) {
	t.Helper()
	log = &bytes.Buffer{}
	r = usage.NewRecorder(usage.RecorderConfig{File: file, Log: slog.New(slog.NewTextHandler(log, nil)), Now: time.Now}, 90)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	synctest.Wait()
	return r, log, func() {
		cancel()
		<-done
	}
}

func countsOf(t *testing.T, file string) uint64 {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	u, err := usage.Read(bytes.NewReader(text), usage.Limits{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	sum := uint64(0)
	for _, r := range u.Records() {
		sum += r.Count
	}
	return sum
}

// The file is written every minute and at the end, and a restart goes on with what it has.
func TestFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "usage.jsonl")
	synctest.Test(t, func(t *testing.T) {
		for restart := range uint64(3) {
			r, log, end := running(t, file)
			o := r.Operation("web", [][]string{{"Query.a"}})
			o.Count("shop", "1")
			time.Sleep(time.Minute + time.Second)
			synctest.Wait()
			if n := countsOf(t, file); n != 2*restart+1 {
				t.Errorf("%d requests after a minute, want %d", n, 2*restart+1)
			}
			o.Count("shop", "1")
			end()
			if n := countsOf(t, file); n != 2*restart+2 || log.Len() > 0 {
				t.Errorf("%d requests at the end, want %d: %s", n, 2*restart+2, log)
			}
		}
	})
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("there are %v", entries)
	}
}

// Nothing is written when nothing has changed.
func TestFileIsWrittenForChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "usage.jsonl")
	synctest.Test(t, func(t *testing.T) {
		_, _, end := running(t, file)
		defer end()
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		if _, err := os.Stat(file); err == nil {
			t.Error("it was written")
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if _, err := os.Stat(file); err != nil {
			t.Error("it was not written on another day, which is its last then")
		}
	})
}

// A file that can't be written is logged once a minute, and what it lacks is written later.
func TestFileThatCannotBeWritten(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "missing")
	file := filepath.Join(folder, "usage.jsonl")
	synctest.Test(t, func(t *testing.T) {
		r, log, end := running(t, file)
		r.Operation("web", [][]string{{"Query.a"}}).Count("shop", "1")
		time.Sleep(3*time.Minute + time.Second)
		synctest.Wait()
		if n := strings.Count(log.String(), "not written"); n != 4 { // at the start, too
			t.Errorf("%d lines:\n%s", n, log)
		}
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := countsOf(t, file); n != 1 || strings.Count(log.String(), "not written") != 4 {
			t.Errorf("%d requests: %s", n, log)
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		r.Operation("web", [][]string{{"Query.a"}}).Count("shop", "1")
		end()
		if !strings.Contains(log.String(), "recorded usage is lost") {
			t.Errorf("the end is not logged: %s", log)
		}
	})
}

// A file that can't be read is kept under another name.
func TestFileThatCannotBeRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "usage.jsonl")
	if err := os.WriteFile(file, []byte(header+"{\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r, log, end := running(t, file)
		r.Operation("web", [][]string{{"Query.a"}}).Count("shop", "1")
		end()
		if n := countsOf(t, file); n != 1 || !strings.Contains(log.String(), "line 2: ") {
			t.Errorf("%d requests: %s", n, log)
		}
	})
	if text, err := os.ReadFile(file + ".bad"); err != nil || string(text) != header+"{\n" {
		t.Errorf("%s: %v", text, err)
	}
}
