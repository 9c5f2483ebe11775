package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/internal/longtest"
)

// TestMain is the program itself for the process that attacks.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-target" {
		main()
		return
	}
	os.Exit(m.Run())
}

// No attack makes the gateway grow by more than 150 MB. How long others wait
// depends on the machine, so that is only told.
func TestMemoryLong(t *testing.T) {
	longtest.Only(t)
	binary := filepath.Join(t.TempDir(), "gateway")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/gateway").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Chdir("../..")
	var out strings.Builder
	if err := run(t.Context(), []string{"-gateway", binary, "-for", "500ms"}, &out); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + out.String())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")[1:]
	if len(lines) != len(attacks()) {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		fields := strings.Fields(strings.TrimSpace(line[13:])) // after the name
		before, _ := strconv.Atoi(fields[0])
		peak, _ := strconv.Atoi(fields[2])
		if before == 0 || peak-before > 150 {
			t.Errorf("the gateway grew by %d MB: %s", peak-before, line)
		}
	}
}
