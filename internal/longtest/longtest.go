// Package longtest marks the tests that take too long for every change.
//
// A test whose name ends in Long runs only with PORTICO_LONG=1, which
// `make test-long` sets: it selects these tests by their names. A short run of
// the same, with a fixed seed or fewer callers, belongs in a test without the
// suffix.
//
// An environment variable is used rather than a build tag, so that the long tests
// are compiled, vetted and linted with the others, and so that both kinds run
// from one set of compiled packages; and rather than -short, so that a plain
// `go test ./...` is the short run.
package longtest

import (
	"os"
	"strings"
	"testing"
)

// Only skips the test unless long tests are asked for. It fails a test whose
// name does not end in Long: make test-long would not find it.
func Only(t testing.TB) {
	t.Helper()
	if !strings.HasSuffix(t.Name(), "Long") {
		t.Fatal("the name of a long test ends in Long: make test-long selects it by that")
	}
	if os.Getenv("PORTICO_LONG") == "" {
		t.Skip("a long test: make test-long runs it")
	}
}
