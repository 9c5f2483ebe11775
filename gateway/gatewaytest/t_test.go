package gatewaytest_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
)

// t is the *testing.T of the examples: go test gives them none.
var t = &exampleT{}

// TestMain ends what the examples have started.
func TestMain(m *testing.M) {
	m.Run()
	for _, end := range slices.Backward(t.cleanups) {
		end()
	}
}

// exampleT is a testing.TB whose test ends with the process. An example that fails panics.
type exampleT struct {
	testing.TB

	cleanups []func()
}

// Helper is part of testing.TB.
func (*exampleT) Helper() {}

// Cleanup is part of testing.TB.
func (t *exampleT) Cleanup(end func()) { t.cleanups = append(t.cleanups, end) }

// Context is part of testing.TB.
func (*exampleT) Context() context.Context { return context.Background() }

// Log is part of testing.TB.
func (*exampleT) Log(...any) {}

// Logf is part of testing.TB.
func (*exampleT) Logf(string, ...any) {}

// Error is part of testing.TB.
func (*exampleT) Error(args ...any) { panic(fmt.Sprint(args...)) }

// Errorf is part of testing.TB.
func (*exampleT) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// Fatal is part of testing.TB.
func (*exampleT) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// Fatalf is part of testing.TB.
func (*exampleT) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
