package listen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
