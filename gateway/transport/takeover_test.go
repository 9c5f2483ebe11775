package transport_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/transport"
)

// subscribed sends a subscription, followed by more bytes, over a connection of its
// own.
func (g *gateway) subscribed(t *testing.T, version, field, more string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", g.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	body := fmt.Sprintf(`{"query":"subscription{%s}"}`, field)
	_, err = fmt.Fprintf(conn, "POST / HTTP/%s\r\nHost: x\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s%s",
		version, len(body), body, more)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// What is written after a connection was taken over, byte by byte, and what is not
// taken over.
func TestBytesOfAStream(t *testing.T) {
	const event = "event: next\ndata: {\"data\":{\"counter\":1}}\n\n"
	for name, c := range map[string]struct{ version, body string }{
		"HTTP/1.1": {"1.1", "3\r\n:\n\n\r\n2a\r\n" + event + "\r\n17\r\n" + complete + "\r\n0\r\n\r\n"},
		"HTTP/1.0": {"1.0", ":\n\n" + event + complete},
	} {
		t.Run(name, func(t *testing.T) {
			g := serve(t, transport.Config{})
			all, err := io.ReadAll(g.subscribed(t, c.version, "counter(to:1)", ""))
			if err != nil {
				t.Fatal(err)
			}
			header, body, _ := strings.Cut(string(all), "\r\n\r\n")
			if body != c.body {
				t.Errorf("got  %q\nwant %q", body, c.body)
			}
			resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(header+"\r\n\r\n")), nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || resp.Header.Get("Date") == "" || !resp.Close {
				t.Errorf("%v, closes: %t", resp.Header, resp.Close)
			}
		})
	}
}

// What a client sends during a stream is ignored.
func TestBytesDuringAStream(t *testing.T) {
	g := serve(t, transport.Config{KeepAlive: time.Millisecond})
	conn := g.subscribed(t, "1.1", "waiting", strings.Repeat("x", 1000))
	lines := bufio.NewReader(conn)
	for comments := 0; comments < 5; {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == ":\n" {
			comments++
			_, _ = io.WriteString(conn, strings.Repeat("x", 1000))
		}
	}
	_ = conn.Close()
	await(t, "ends", g.resolvers.Ended)
}

// A client that sends too much during a stream is cut.
func TestTooManyBytesDuringAStream(t *testing.T) {
	g := serve(t, transport.Config{KeepAlive: time.Hour})
	conn := g.subscribed(t, "1.1", "waiting", "")
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil { // it has begun
		t.Fatal(err)
	}
	_, _ = conn.Write(make([]byte, 128<<10)) // it may be closed before all is written
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is still open")
	}
	await(t, "ends", g.resolvers.Ended)
}

// A subscriber who does not read is cut off.
func TestCutsASubscriptionThatIsNotRead(t *testing.T) {
	g := serveWithin(t, timeouts{write: 50 * time.Millisecond}, transport.Config{})
	conn := g.subscribed(t, "1.1", "counter(to:1000000000)", "")
	if _, err := conn.Read(make([]byte, 1)); err != nil { // it has begun
		t.Fatal(err)
	}
	g.shutdown(t) // waits until it has ended, which no reading helps
}
