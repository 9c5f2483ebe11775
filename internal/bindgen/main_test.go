package bindgen_test

import (
	"os"
	"testing"
)

// TestMain makes what is compiled in the temporary projects of the tests the
// same in all of them, and in the next run, wherever they are.
func TestMain(m *testing.M) {
	_ = os.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -trimpath")
	os.Exit(m.Run())
}
