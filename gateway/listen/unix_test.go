package listen

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// An address that is not served is closed, too, as that of one gateway is when its other one is in use.
func TestClosesWithoutServing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	a, err := Open(t.Context(), Config{Address: "unix:" + path, Mode: 0o600, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Errorf("the second time: %v", err)
	}
}

// What a gateway closes after its drain time is not the socket of the next one, which may have the same
// inode.
func TestClosesOnlyItsOwnSocket(t *testing.T) {
	config := Config{Address: "unix:" + filepath.Join(t.TempDir(), "s"), Mode: 0o600, Log: slog.New(slog.DiscardHandler), Handler: http.NotFoundHandler()}
	open := func() *Address {
		a, err := Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := open()
	ended := make(chan error)
	go func() { ended <- first.Serve() }()
	if err := first.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	second := open()
	defer second.Close()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(strings.TrimPrefix(config.Address, "unix:")); err != nil {
		t.Error(err)
	}
}

func TestUnixSocketsKeepFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenUnix(t.Context(), file, 0o660); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("a file: %v", err)
	}
	// A socket that another process has put in place is not removed.
	path := filepath.Join(t.TempDir(), "s")
	first, err := listenUnix(t.Context(), path, 0o660)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := listenUnix(t.Context(), path, 0o660)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	_ = first.Close()
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
