package transport_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portico-gateway/portico/gateway/transport"
)

// rawConn is a connection on which a test writes what it likes.
type rawConn struct {
	*testing.T
	net.Conn
	reader *bufio.Reader
}

func (g *gateway) raw(t *testing.T) *rawConn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", g.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &rawConn{t, conn, bufio.NewReader(conn)}
}

func (c *rawConn) write(parts ...string) {
	c.Helper()
	if _, err := io.WriteString(c.Conn, strings.Join(parts, "")); err != nil {
		c.Fatal(err)
	}
}

// answer reads the next answer.
func (c *rawConn) answer() reply {
	c.Helper()
	resp, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// ends wants the gateway to close the connection, with nothing more on it.
func (c *rawConn) ends() {
	c.Helper()
	rest, err := io.ReadAll(c.reader)
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() || len(rest) > 0 {
		c.Errorf("after the answer: %q, %v; want the end", rest, err)
	}
}

const headOfPost = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

// hollow is a JSON text that takes much more memory when it is decoded.
var hollow = `{"query":"{__typename}","extensions":{"a":[` + strings.Repeat("[],", 300_000) + `[]]}}`

// TestRefusesWithoutReadingTheRest: what comes after the first kilobytes need
// not be sent, let alone read.
func TestRefusesWithoutReadingTheRest(t *testing.T) {
	g := serve(t, transport.Config{})
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(hollow))
	_ = z.Flush()
	for name, request := range map[string]string{
		"content length": fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(hollow), hollow[:8<<10]),
		"chunked":        fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s", len(hollow), hollow[:8<<10]),
		"gzip":           "Content-Encoding: gzip\r\nContent-Length: 100000\r\n\r\n" + packed.String(),
	} {
		t.Run(name, func(t *testing.T) {
			c := g.raw(t)
			c.write(headOfPost, request)
			a := c.answer()
			if a.status != http.StatusBadRequest {
				t.Errorf("%d %s", a.status, a.body)
			}
			checkErrors(t, a, "MAX_INPUT_LIMIT")
			c.ends()
		})
	}
}

// items returns a list of so many.
func items(n int) string { return "[" + strings.Repeat("1,", n-1) + "1]" }

// nested returns so many lists within each other.
func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// Variables, extensions and unknown members count together, in each operation.
func TestBoundsInputs(t *testing.T) {
	g := serve(t, transport.Config{MaxInputItems: 100, MaxInputDepth: 3, MaxBatch: 2})
	operation := func(name, value string) string { return `{"query":"{__typename}","` + name + `":{"a":` + value + `}}` }
	for _, c := range []struct {
		name, value string
		refused     bool
	}{
		{"most items", items(99), false},
		{"too many items", items(120), true},
		{"most levels", nested(3), false},
		{"too many levels", nested(4), true},
	} {
		for _, member := range []string{"variables", "extensions", "unknown"} {
			status := map[bool]int{false: http.StatusOK, true: http.StatusBadRequest}[c.refused]
			body := operation(member, c.value)
			answers := map[string]reply{"POST": g.post(t, body), "batch": g.post(t, "["+body+","+body+"]")}
			if member != "unknown" {
				answers["GET"] = g.send(t, http.MethodGet, "/?query={__typename}&"+member+"="+url.QueryEscape(`{"a":`+c.value+`}`), "", preflight)
			}
			for how, a := range answers {
				if a.status != status {
					t.Errorf("%s of %s by %s: %d %s", c.name, member, how, a.status, a.body)
				} else if c.refused {
					checkErrors(t, a, "MAX_INPUT_LIMIT")
				}
			}
			socket := g.connect(t, true)
			socket.send(`{"type":"subscribe","id":"1","payload":` + body + `}`)
			if c.refused {
				socket.expectClose(4400, "Message has too many values")
			} else {
				socket.expect(`{"type":"next","id":"1","payload":{"data":{"__typename":"Query"}}}`)
			}
		}
	}
	texts := `{"query":"{echo(text:\"[[[[[,,,,,\")}","operationName":null,"variables":{"a":"` + strings.Repeat(`,[{\"`, 1000) + `"}}`
	if a := g.post(t, texts); a.status != http.StatusOK {
		t.Errorf("what is in strings counts: %s", a.body)
	}
}

// TestBudgetOfBodies: beyond the budget requests are refused, not queued; and it
// is free again when they have been decoded, or their senders are gone.
func TestBudgetOfBodies(t *testing.T) {
	g := serve(t, transport.Config{Budget: transport.NewBudget(80 << 10)})
	large := `{"query":"{__typename}","variables":{"a":"` + strings.Repeat("x", 10_000) + `"}}`
	awaitStatus := func(want int) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; {
			a := g.post(t, large)
			if a.status == want {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("status %d, want %d", a.status, want)
			}
		}
	}
	awaitStatus(http.StatusOK)
	// The slow one may not have been read when the other is, and be refused then.
	slow := g.raw(t)
	a := reply{}
	for deadline := time.Now().Add(patience); a.status != http.StatusServiceUnavailable; {
		if time.Now().After(deadline) {
			t.Fatalf("status %d, want 503", a.status)
		}
		_ = slow.Close()
		slow = g.raw(t)
		slow.write(headOfPost, "Content-Length: 100000\r\n\r\n", `{"a":"`, strings.Repeat("x", 30_000))
		a = g.post(t, large)
	}
	checkErrors(t, a, "SERVICE_UNAVAILABLE")
	if a.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
	}
	if a := g.post(t, `{"query":"{__typename}"}`); a.status != http.StatusOK {
		t.Errorf("a small request: %d %s", a.status, a.body)
	}
	socket := g.connect(t, true)
	socket.send(`{"type":"ping","payload":` + large + `}`)
	socket.expectClose(websocket.StatusTryAgainLater, "Try again later")
	_ = slow.Close()
	awaitStatus(http.StatusOK)

	waiting := g.connect(t, true) // an operation that is executed holds nothing
	waiting.send(`{"type":"subscribe","id":"1","payload":{"query":"subscription{waiting}","variables":` + `{"a":"` + strings.Repeat("x", 30_000) + `"}}}`)
	waiting.expect(`{"type":"next","id":"1","payload":{"data":{"waiting":1}}}`)
	if a := g.post(t, large); a.status != http.StatusOK {
		t.Errorf("beside an operation: %d %s", a.status, a.body)
	}
}

// TestReadsBodiesOfAllSizes: whether they are read at once or grow.
func TestReadsBodiesOfAllSizes(t *testing.T) {
	g := serve(t, transport.Config{MaxBodyBytes: 100_000})
	for _, size := range []int{100, 8<<10 - 1, 8 << 10, 8<<10 + 1, 16 << 10, 50_000, 100_000, 100_001} {
		const before = `{"query":"query($t:String!){echo(text:$t)}","variables":{"t":"`
		text := strings.Repeat("x", size-len(before)-3)
		body := before + text + `"}}`
		for name, head := range map[string]string{
			"content length": fmt.Sprintf("Content-Length: %d\r\n\r\n%s", size, body),
			"chunked":        fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", size, body),
		} {
			c := g.raw(t)
			c.write(headOfPost, head)
			a := c.answer()
			if size > 100_000 {
				if a.status != http.StatusRequestEntityTooLarge {
					t.Errorf("%d bytes, %s: %d", size, name, a.status)
				}
				continue
			}
			want, _ := json.Marshal(map[string]any{"data": map[string]string{"echo": text}})
			if a.body != string(want) {
				t.Errorf("%d bytes, %s: %d %.100s", size, name, a.status, a.body)
			}
		}
	}
}
