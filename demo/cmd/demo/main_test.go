package main

import (
	"bufio"
	"bytes"
	"context"
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
	flags := []string{"-quiet"}
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

func TestServicesAreUpUntilTheEnd(t *testing.T) {
	signals := make(chan os.Signal)
	stdin, typed := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	tests := []struct {
		name    string
		command []string
		end     func()
	}{
		{"of a signal", nil, func() { signals <- os.Interrupt }},
		{"of the command", []string{"cat"}, func() { _ = typed.Close() }},
		{"of the context", nil, cancel},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			stderr, table, err := os.Pipe() // it has a buffer: nobody must read on
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			defer table.Close()
			done := make(chan error)
			go func() {
				args := append(append(free(), "-quiet=false"), tc.command...)
				done <- run(ctx, args, signals, stdio{in: stdin, out: io.Discard, err: table})
			}()
			url := printedURL(t, stderr, demo.Catalog)
			if code := ask(t, url+"/healthz"); code != http.StatusOK {
				t.Errorf("status %d", code)
			}
			tc.end()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if code := ask(t, url+"/healthz"); code != 0 {
				t.Errorf("status %d after the end", code)
			}
		})
	}
}

// printedURL finds the URL of a service in the table.
func printedURL(t *testing.T, table io.Reader, service string) string {
	t.Helper()
	scanner := bufio.NewScanner(table)
	urls := make(map[string]string)
	for len(urls) < len(demo.Names()) && scanner.Scan() {
		if fields := strings.Fields(scanner.Text()); len(fields) == 2 && fields[0] != "Demo" {
			urls[fields[0]] = fields[1]
		}
	}
	if urls[service] == "" {
		t.Fatalf("no %s in %v", service, urls)
	}
	return urls[service]
}

// ask returns the status of the answer, 0 when there is none.
func ask(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
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
