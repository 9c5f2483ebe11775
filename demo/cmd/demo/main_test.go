package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/demo"
	"github.com/portico-gateway/portico/demo/demotest"
)

// roleVariable makes the test binary play a part, so that tests have real
// processes: "demo" is this command, the others are commands it runs.
const roleVariable = "PORTICO_DEMO_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "demo":
		main()
	case "signals":
		playSignals()
	default:
		goleak.VerifyTestMain(m)
	}
}

// free are flags that take a free port for every service.
func free() []string {
	var flags []string
	for _, name := range demo.Names() {
		flags = append(flags, "-"+name, "127.0.0.1:0")
	}
	return flags
}

// try runs the command in this process.
func try(t *testing.T, signals <-chan os.Signal, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	err := run(t.Context(), args, signals, stdio{in: strings.NewReader("input"), out: &out, err: &errs})
	code = exitCode(err, &errs)
	return code, out.String(), errs.String()
}

func TestExitCodeIsTheCommands(t *testing.T) {
	tests := []struct {
		name    string
		command []string
		code    int
		stdout  string
		stderr  string // has this in it
	}{
		{"success", []string{"sh", "-c", "exit 0"}, 0, "", ""},
		{"failure", []string{"sh", "-c", "exit 7"}, 7, "", ""},
		{"killed", []string{"sh", "-c", "kill -9 $$"}, 128 + 9, "", ""},
		{"input and output", []string{"sh", "-c", "cat; echo problem >&2"}, 0, "input", "problem\n"},
		{"arguments like flags", []string{"echo", "-quiet", "--", "-x"}, 0, "-quiet -- -x\n", ""},
		{"no such command", []string{"no-such-command"}, 1, "", "demo: start the command"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, stderr := try(t, nil, append(free(), tc.command...)...)
			if code != tc.code || stdout != tc.stdout || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("got %d, %q, %q", code, stdout, stderr)
			}
		})
	}
}

func TestServicesAreUpUntilTheSignal(t *testing.T) {
	d := demotest.Start(t) // for an address that was free a moment ago
	address := d.Addr(demo.Catalog)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	signals, done := make(chan os.Signal), make(chan int)
	go func() {
		code, _, _ := try(t, signals, append(free(), "-catalog", address)...)
		done <- code
	}()
	await(t, "http://"+address+"/healthz")
	signals <- os.Interrupt
	if code := <-done; code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// await asks until it is answered.
func await(t *testing.T, url string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for t.Context().Err() == nil {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := client.Do(req); err == nil {
			_ = res.Body.Close()
			return
		}
	}
	t.Fatalf("%s is never answered", url)
}

func TestEndOfContextIsSuccess(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := run(ctx, free(), nil, stdio{out: io.Discard, err: io.Discard})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAddressInUseSaysWhatToDo(t *testing.T) {
	d := demotest.Start(t)
	code, _, stderr := try(t, nil, append(free(), "-orders", d.Addr(demo.Orders))...)
	want := fmt.Sprintf("demo: orders cannot listen on %s: bind: address already in use\n"+
		"Is another demo running? Stop it, or give orders another address: demo -orders 127.0.0.1:0\n", d.Addr(demo.Orders))
	if code != 1 || stderr != want {
		t.Errorf("got %d, %q, want %q", code, stderr, want)
	}
}

func TestUsage(t *testing.T) {
	for flag, want := range map[string]int{"-h": 0, "-nonsense": 2} {
		code, _, stderr := try(t, nil, flag)
		if code != want || strings.Count(stderr, "Usage: demo [flags] [command args…]") != 1 {
			t.Errorf("%s: got %d, %s", flag, code, stderr)
		}
	}
}

func TestPrintServices(t *testing.T) {
	d := demotest.Start(t)
	var out bytes.Buffer
	printServices(&out, d)
	for _, want := range []string{
		"Demo services:\n",
		"  control    http://" + d.Addr(demo.Control) + "\n",
		"  inventory  grpc://" + d.Addr(demo.Inventory) + "\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}
