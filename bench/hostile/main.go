// Command hostile measures what hostile requests do to a gateway: how much its
// process grows, and how long others wait meanwhile.
//
//	go build -o bin/ ./cmd/gateway && go run ./bench/hostile -gateway bin/gateway
//
// For each attack it starts a gateway, which needs no services, and opens 60
// connections that send requests in a loop, each with a body of about 1 MB. One
// more connection asks for {__typename} in a loop; how long its answers take is
// told besides the resident memory (VmRSS) before and at its peak, and the share
// of one CPU that the gateway takes. The attack comes from a process of the
// lowest priority: on a machine of its own it would not take the gateway's CPU.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("hostile", flag.ContinueOnError)
	binary := flags.String("gateway", "bin/gateway", "the gateway's binary")
	lasts := flags.Duration("for", 3*time.Second, "how long each attack lasts")
	connections := flags.Int("connections", 60, "of an attack")
	only := flags.String("only", "", "the name of one attack")
	target := flags.String("target", "", "send this attack to an address, and nothing else")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *target != "" {
		ctx, cancel := context.WithTimeout(ctx, *lasts)
		defer cancel()
		fmt.Fprint(stdout, hitAll(ctx, *target, *only, *connections))
		return nil
	}
	fmt.Fprintf(stdout, "%-12s %9s %9s %6s %9s %9s %9s %6s  %s\n", "attack", "RSS", "peak", "CPU", "p50", "p99", "worst", "asked", "answers to the attack")
	for _, a := range attacks() {
		if *only != "" && *only != a.name {
			continue
		}
		r, err := measure(ctx, *binary, a, *connections, *lasts)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		fmt.Fprintf(stdout, "%-12s %6d MB %6d MB %5.0f%% %9v %9v %9v %6d  %s\n", a.name, r.before>>10, r.peak>>10, 100*r.cpu.Seconds()/lasts.Seconds(),
			r.quantile(0.5), r.quantile(0.99), r.quantile(1), len(r.times), r.answers)
	}
	return nil
}

// attack is a request that is sent again and again.
type attack struct {
	name    string
	request []byte
}

// attacks are bodies that are small for what they make of a gateway's memory.
func attacks() []attack {
	const open = `{"query":"{__typename}","extensions":{"a":[`
	hollow := open + strings.Repeat("[],", 330_000) + `[]]}}`
	deep := `{"query":"{__typename}","variables":{"a":` + strings.Repeat("[", 500_000) + strings.Repeat("]", 500_000) + "}}"
	var members strings.Builder
	for i := range 90_000 {
		fmt.Fprintf(&members, `"%d":1,`, i)
	}
	text := `{"query":"{__typename}","variables":{"a":"` + strings.Repeat("x", 1_000_000) + `"}}`
	return []attack{
		{name: "none"},
		{"hollow", sized(hollow)},
		{"hollow small", sized(open + strings.Repeat("[],", 60_000) + `[]]}}`)},
		{"chunked", fmt.Appendf(nil, "%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", head, len(hollow), hollow)},
		{"gzip", packed(hollow)},
		{"deep", sized(deep)},
		{"members", sized(`{"query":"{__typename}",` + members.String() + `"a":1}`)},
		{"text", sized(text)},
		{"unfinished", sized(text)[:900_000]},
	}
}

const head = "POST /graphql/web HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

func sized(body string) []byte {
	return fmt.Appendf(nil, "%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
}

func packed(body string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(body)) // a Buffer never fails
	_ = z.Close()
	return fmt.Appendf(nil, "%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", head, b.Len(), b.Bytes())
}

// result is what came of an attack.
type result struct {
	before, peak int64         // kB
	cpu          time.Duration // of the gateway
	times        []time.Duration
	answers      string
}

func (r *result) quantile(q float64) time.Duration {
	return r.times[int(q*float64(len(r.times)-1))].Round(10 * time.Microsecond)
}

func measure(ctx context.Context, binary string, a attack, connections int, lasts time.Duration) (*result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	address, cmd, err := start(ctx, binary)
	if err != nil {
		return nil, err
	}
	defer cmd.Wait()                          //nolint:errcheck // it is stopped
	defer cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended
	r := &result{}
	if _, err := ask(ctx, address, 500*time.Millisecond); err != nil {
		return nil, err
	}
	if r.before, err = resident(cmd.Process.Pid); err != nil {
		return nil, err
	}
	used := cpu(cmd.Process.Pid)
	attacking, stop := context.WithTimeout(ctx, lasts)
	defer stop()
	var group sync.WaitGroup
	attackers := exec.CommandContext(ctx, "nice", "-n", "19", os.Args[0],
		"-target", address, "-only", a.name, "-connections", strconv.Itoa(connections), "-for", lasts.String())
	var answers, failure strings.Builder
	attackers.Stdout, attackers.Stderr = &answers, &failure
	if err := attackers.Start(); err != nil {
		return nil, err
	}
	group.Go(func() {
		for attacking.Err() == nil {
			if now, err := resident(cmd.Process.Pid); err == nil {
				r.peak = max(r.peak, now)
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
	r.times, err = ask(ctx, address, lasts)
	stop()
	r.cpu = cpu(cmd.Process.Pid) - used
	group.Wait()
	if failed := attackers.Wait(); failed != nil {
		return nil, fmt.Errorf("%w: %s", failed, failure.String())
	}
	r.answers = answers.String()
	slices.Sort(r.times)
	return r, err
}

// start runs a gateway until ctx is done.
func start(ctx context.Context, binary string) (address string, cmd *exec.Cmd, err error) {
	cmd = exec.CommandContext(ctx, binary)
	cmd.Env = append(os.Environ(), "PORTICO_LISTEN=127.0.0.1:0", "PORTICO_ADMIN_LISTEN=127.0.0.1:0", "CACHE_SIZE=0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var record struct{ Msg, GraphQL string }
		if json.Unmarshal(lines.Bytes(), &record) == nil && record.Msg == "ready to serve" {
			go func() { _, _ = io.Copy(io.Discard, stdout) }() // until the process ends
			return strings.TrimSuffix(strings.TrimPrefix(record.GraphQL, "http://"), "/graphql"), cmd, nil
		}
	}
	return "", nil, errors.Join(errors.New("the gateway did not start"), cmd.Wait())
}

// ask asks for {__typename} on one connection for a time.
func ask(ctx context.Context, address string, lasts time.Duration) ([]time.Duration, error) {
	const body = `{"query":"{__typename}"}`
	var times []time.Duration
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		begin := time.Now()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/graphql/web", strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, resp.Body) // only the status matters
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("status %d", resp.StatusCode)
		}
		times = append(times, time.Since(begin))
		time.Sleep(time.Millisecond)
	}
	return times, nil
}

// hitAll sends an attack until ctx is done and returns what was answered.
func hitAll(ctx context.Context, address, name string, connections int) string {
	var group sync.WaitGroup
	var answers tally
	for _, a := range attacks() {
		for range connections {
			if a.name == name && a.request != nil {
				group.Go(func() { hit(ctx, address, a.request, &answers) })
			}
		}
	}
	group.Wait()
	return answers.String()
}

// hit sends a request in a loop, on new connections when one ends.
func hit(ctx context.Context, address string, request []byte, answers *tally) {
	for ctx.Err() == nil {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			continue
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		reader := bufio.NewReader(conn)
		for ctx.Err() == nil {
			written := make(chan struct{})
			go func() {
				defer close(written)
				_, _ = conn.Write(request) // the gateway may have closed it
			}()
			resp, err := http.ReadResponse(reader, nil) //nolint:bodyclose // it ends with the connection
			if err == nil {
				answers.add(resp.StatusCode)
				_, err = io.Copy(io.Discard, resp.Body)
			}
			closed := err != nil || resp.Close
			if closed {
				_ = conn.Close()
			}
			<-written
			if closed {
				break
			}
		}
		stop()
		_ = conn.Close()
	}
}

// tally counts answers by their status.
type tally [600]atomic.Int64

func (t *tally) add(status int) { t[min(max(status, 0), len(t)-1)].Add(1) }

// String lists statuses and how many there were.
func (t *tally) String() string {
	var list []string
	for status := range t {
		if n := t[status].Load(); n > 0 {
			list = append(list, fmt.Sprintf("%d × %d", n, status))
		}
	}
	return strings.Join(list, ", ")
}

// resident returns the memory of a process in kB.
func resident(pid int) (int64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, errors.New("the process has no memory")
	}
	return strconv.ParseInt(fields[0], 10, 64)
}

// cpu returns the time that a process has used; 0 if that is not known.
func cpu(pid int) time.Duration {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}
