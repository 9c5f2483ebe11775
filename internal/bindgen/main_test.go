package bindgen_test

import (
	"log"
	"os"
	"path/filepath"
	"testing"
)

// TestMain makes what is compiled in the temporary projects of the tests the
// same in all of them, and in the next run, wherever they are, and tells projects
// where the JavaScript clients are.
func TestMain(m *testing.M) {
	_ = os.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -trimpath")
	clients, err := filepath.Abs("../../e2e/clients")
	if err != nil {
		log.Fatal(err)
	}
	_ = os.Setenv("PORTICO_CLIENTS", clients)
	os.Exit(m.Run())
}
