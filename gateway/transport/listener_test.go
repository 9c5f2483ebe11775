package transport_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/portico-gateway/portico/gateway/transport"
)

// TestRefusesABodyThatDoesNotCome: 408, and the end, however its length
// is given.
func TestRefusesABodyThatDoesNotCome(t *testing.T) {
	g := serveWithin(t, timeouts{read: 50 * time.Millisecond}, transport.Config{})
	for name, request := range map[string]string{
		"nothing":   "Content-Length: 100\r\n\r\n",
		"half":      "Content-Length: 100\r\n\r\n{\"query\":",
		"chunked":   "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"query\":\r\n",
		"gzip":      "Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b\x08",
		"large":     "Content-Length: 100000\r\n\r\n{\"query\":\"" + strings.Repeat("x", 50_000),
		"last byte": "Content-Length: 24\r\n\r\n{\"query\":\"{__typename}\"",
	} {
		t.Run(name, func(t *testing.T) {
			c := g.raw(t)
			c.write(headOfPost, request)
			a := c.answer()
			if a.status != http.StatusRequestTimeout {
				t.Errorf("%d %s", a.status, a.body)
			}
			checkErrors(t, a, "BAD_REQUEST")
			c.ends()
		})
	}
}

// TestReadTimeoutEndsNoOperation: it is for the request, not for what comes
// after that.
func TestReadTimeoutEndsNoOperation(t *testing.T) {
	const timeout = 300 * time.Millisecond
	g := serveWithin(t, timeouts{read: timeout}, transport.Config{}, func(s transport.Source) transport.Source { return delayed{s, 2 * timeout} })
	a := g.post(t, `{"query":"{ echo(text: \"a\") }"}`)
	if a.body != `{"data":{"echo":"a"}}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	socket := g.connect(t, true)
	socket.send(subscribe("1", `{ echo(text: "a") }`))
	socket.expect(`{"type":"next","id":"1","payload":{"data":{"echo":"a"}}}`)
	stream := g.post(t, `{"query":"{ echo(text: \"a\") }"}`, acceptEvents)
	if !strings.Contains(stream.body, "event: complete") {
		t.Errorf("%d %s", stream.status, stream.body)
	}
}

const largeQuery = `{"query":"{large(bytes:50000000)}"}`

// TestCutsAnAnswerThatIsNotRead: a client that does not read must not hold the
// answer for ever.
func TestCutsAnAnswerThatIsNotRead(t *testing.T) {
	g := serveWithin(t, timeouts{write: 50 * time.Millisecond}, transport.Config{})
	c := g.raw(t)
	c.write(headOfPost, fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(largeQuery), largeQuery))
	if _, err := c.reader.Peek(1); err != nil { // it has begun
		t.Fatal(err)
	}
	g.Close() // waits until the connection has ended, which no reading helps
	if n, _ := io.Copy(io.Discard, c.reader); n >= 50_000_000 {
		t.Error("all of it came")
	}
}

// stubborn is a connection of which each write takes a few bytes and then fails
// as if the deadline had passed, until so many have been taken.
type stubborn struct {
	net.Conn
	takes []int
	moved int // how often the deadline was set
}

func (c *stubborn) Write(p []byte) (int, error) {
	if len(c.takes) == 0 {
		return len(p), nil
	}
	n := c.takes[0]
	c.takes = c.takes[1:]
	return n, os.ErrDeadlineExceeded
}

func (c *stubborn) SetWriteDeadline(time.Time) error {
	c.moved++
	return nil
}

func (c *stubborn) Close() error { return nil }

type listenerOf struct {
	net.Listener
	conn net.Conn
}

func (l listenerOf) Accept() (net.Conn, error) { return l.conn, nil }

// TestWritesAsLongAsTheClientReads: the deadline moves with what is written.
func TestWritesAsLongAsTheClientReads(t *testing.T) {
	inner := &stubborn{takes: []int{10, 1, 30, 5}}
	conn, err := transport.NewListener(listenerOf{conn: inner}, transport.ListenerConfig{WriteTimeout: time.Minute}).Accept()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Write(make([]byte, 1000)); n != 1000 || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if inner.moved != 5 {
		t.Errorf("the deadline was set %d times, want 5", inner.moved)
	}
	for range 100 {
		if _, err := conn.Write(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
	}
	if inner.moved != 5 {
		t.Errorf("the deadline was set %d times for writes that were quick", inner.moved-5)
	}
	inner = &stubborn{takes: []int{10, 0, 0, 0}}
	conn, err = transport.NewListener(listenerOf{conn: inner}, transport.ListenerConfig{WriteTimeout: time.Nanosecond}).Accept()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Write(make([]byte, 1000)); n != 10 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("wrote %d, %v", n, err)
	}
}

// TestServesASlowReader gets all of a large answer to a client that reads a
// little at a time, for much longer than the timeout.
func TestServesASlowReader(t *testing.T) {
	const timeout = 500 * time.Millisecond
	g := serveWithin(t, timeouts{write: timeout}, transport.Config{})
	const size = 8 << 20
	query := fmt.Sprintf(`{"query":"{large(bytes:%d)}"}`, size)
	c := g.raw(t)
	if err := c.Conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	c.write(headOfPost, fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(query), query))
	resp, err := http.ReadResponse(bufio.NewReader(slowly{c.Conn, time.Now(), 3 * timeout}), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err != nil || n < size {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// slowly reads little until a time has passed.
type slowly struct {
	io.Reader
	begin time.Time
	until time.Duration
}

func (s slowly) Read(p []byte) (int, error) {
	if time.Since(s.begin) < s.until {
		time.Sleep(5 * time.Millisecond) // this is what it is
	}
	return s.Reader.Read(p)
}

// bothLengths is a head only: a connection that is closed before all was read
// may be reset before the answer is.
const bothLengths = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"

// TestRefusesTwoLengths: as the first request, after others, and pipelined;
// those before are answered, and the connection ends.
func TestRefusesTwoLengths(t *testing.T) {
	g := serve(t, transport.Config{})
	const good = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n{\"query\":\"{__typename}\"}"
	const chunked = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n18\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n"
	for _, c := range []struct {
		name   string
		before []string // answered first, one by one
		sent   string
		good   int // of those that are sent
	}{
		{"first", nil, bothLengths, 0},
		{"second", []string{good}, bothLengths, 0},
		{"after a chunked one", []string{chunked, good}, bothLengths, 0},
		{"pipelined", nil, good + chunked + bothLengths, 2},
		{"in capitals", nil, strings.NewReplacer("Content-Length", "CONTENT-LENGTH", "Transfer-Encoding", "TRANSFER-ENCODING").Replace(bothLengths), 0},
		{"in small letters", []string{good}, strings.NewReplacer("Content-Length", "content-length", "Transfer-Encoding", "transfer-encoding").Replace(bothLengths), 0},
		{"in the other order", nil, strings.Replace(strings.Replace(bothLengths, "Content-Length: 4\r\n", "", 1), "chunked\r\n", "chunked\r\nContent-Length: 4\r\n", 1), 0},
		{"folded", nil, strings.Replace(bothLengths, ": chunked", ":\r\n chunked", 1), 0},
		{"of zero", nil, strings.Replace(bothLengths, "Length: 4", "Length: 0", 1), 0},
		{"far from each other", nil, strings.Replace(bothLengths, "Content-Length", "X-Long: "+strings.Repeat("x", 6000)+"\r\nContent-Length", 1), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := g.raw(t)
			for _, text := range c.before {
				conn.write(text)
				if a := conn.answer(); a.status != http.StatusOK {
					t.Fatalf("%d %s", a.status, a.body)
				}
			}
			conn.write(c.sent)
			for range c.good {
				if a := conn.answer(); a.status != http.StatusOK {
					t.Fatalf("%d %s", a.status, a.body)
				}
			}
			if a := conn.answer(); a.status != http.StatusBadRequest {
				t.Errorf("%d %s", a.status, a.body)
			}
			conn.ends()
		})
	}
	begin, rest, _ := strings.Cut(bothLengths, "Transfer")
	// In small pieces, with what looks like it in a body before.
	conn := g.raw(t)
	const body = `{"query":"{__typename}","a":"` + "1\",\n\"b\":\"" + `Content-Length: 1 Transfer-Encoding: chunked"}`
	for _, c := range fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", headOfPost, len(body), body) + begin + "Tran" {
		conn.write(string(c))
	}
	conn.write("sfer" + rest)
	if a := conn.answer(); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := conn.answer(); a.status != http.StatusBadRequest {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// counted counts how often the deadline of reads is set.
type counted struct {
	net.Conn
	sets *atomic.Int64
}

func (c counted) SetReadDeadline(t time.Time) error {
	c.sets.Add(1)
	return c.Conn.SetReadDeadline(t)
}

type countedListener struct {
	net.Listener
	sets atomic.Int64
}

func (l *countedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return counted{c, &l.sets}, err
}

// Deadlines of reads are set when there is something to wait for: net/http sets
// them seven times for a request.
func TestReadDeadlinesAreSetLate(t *testing.T) {
	server := httptest.NewUnstartedServer(newCanned(t, []byte(`{"a":1}`)))
	listener := &countedListener{Listener: server.Listener}
	server.Listener = transport.NewListener(listener, transport.ListenerConfig{})
	transport.Attach(server.Config, 0)
	server.Config.ReadTimeout, server.Config.ReadHeaderTimeout, server.Config.IdleTimeout = time.Minute, 50*time.Second, 2*time.Minute
	server.Start()
	defer server.Close()
	const requests, attempts = 100, 5
	for n := 1; ; n++ { // answers that take long, on a machine that is busy, are waited for with deadlines
		before := listener.sets.Load()
		askOften(t, server, requests)
		sets := listener.sets.Load() - before
		if sets <= requests/10 {
			return
		}
		if n == attempts {
			t.Fatalf("%d deadlines for %d requests", sets, requests)
		}
	}
}

func askOften(t *testing.T, server *httptest.Server, times int) {
	t.Helper()
	for range times {
		resp, err := server.Client().Post(server.URL, "application/json", strings.NewReader(benchBody))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
}

// hasty is a connection of which so many reads fail as if the deadline had passed.
type hasty struct {
	net.Conn
	fails int
	set   []time.Time // the deadlines of reads
}

func (c *hasty) Read(p []byte) (int, error) {
	if c.fails > 0 {
		c.fails--
		return 0, os.ErrDeadlineExceeded
	}
	return copy(p, "x"), nil
}

func (c *hasty) SetReadDeadline(t time.Time) error {
	c.set = append(c.set, t)
	return nil
}

// A read goes on when a deadline passes that is not wanted any more, and ends when
// one passes that is.
func TestReadsUntilTheDeadlineThatIsWanted(t *testing.T) {
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		deadlines []time.Time
		fails     int
		read      int
		set       int // how often the deadline of the connection is set
	}{
		"none":                    {nil, 0, 1, 0},
		"in the future":           {[]time.Time{future}, 0, 1, 1},
		"in the past":             {[]time.Time{past}, 1, 0, 1},
		"taken back":              {[]time.Time{future, {}}, 0, 1, 0},
		"the later one":           {[]time.Time{past, future}, 0, 1, 1},
		"the earlier one":         {[]time.Time{future, past}, 1, 0, 1},
		"a stale one, then later": {[]time.Time{future.Add(time.Hour), future}, 0, 1, 1},
	} {
		inner := &hasty{fails: c.fails}
		conn, err := transport.NewListener(listenerOf{conn: inner}, transport.ListenerConfig{WriteTimeout: time.Minute}).Accept()
		if err != nil {
			t.Fatal(err)
		}
		for _, deadline := range c.deadlines {
			if err := conn.SetReadDeadline(deadline); err != nil {
				t.Fatal(err)
			}
		}
		n, err := conn.Read(make([]byte, 2))
		if n != c.read || (err != nil) != (n == 0) || err != nil && !errors.Is(err, os.ErrDeadlineExceeded) || len(inner.set) != c.set {
			t.Errorf("%s: read %d, %v; deadlines %v", name, n, err, inner.set)
		}
	}
	// What was set for one request passes during the next.
	inner := &hasty{}
	conn, err := transport.NewListener(listenerOf{conn: inner}, transport.ListenerConfig{WriteTimeout: time.Minute}).Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []time.Time{future.Add(time.Hour), {}, future} {
		_ = conn.SetReadDeadline(wanted)
		if n, err := conn.Read(make([]byte, 2)); n != 1 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
	}
	if len(inner.set) != 2 || !inner.set[1].Equal(future) {
		t.Errorf("deadlines %v", inner.set)
	}
}

// A read that waits is interrupted, as net/http does, and the next one waits again: before it has begun, of one byte,
// and after that.
func TestInterruptedReads(t *testing.T) {
	for size := 1; size <= 2; size++ {
		testInterruptedReads(t, size)
	}
}

// Only a read that net/http interrupts waits before it begins: HTTP/2 in plain text reads single bytes, too.
func TestReadsOfOneByteDoNotWait(t *testing.T) { synctest.Test(t, readsOfOneByte) }

func readsOfOneByte(t *testing.T) {
	conn, err := transport.NewListener(listenerOf{conn: &hasty{}}, transport.ListenerConfig{WriteTimeout: time.Minute}).Accept()
	if err != nil {
		t.Fatal(err)
	}
	read := func() time.Duration { // of the bubble's clock
		began := time.Now()
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		return time.Since(began)
	}
	_ = conn.SetReadDeadline(time.Time{})
	if waited := read(); waited == 0 {
		t.Error("a read that net/http interrupts did not wait")
	}
	for range 3 {
		if waited := read(); waited != 0 {
			t.Errorf("a read waited for %v", waited)
		}
	}
}

func testInterruptedReads(t *testing.T, size int) {
	t.Helper()
	near, far := net.Pipe()
	defer far.Close()
	conn, err := transport.NewListener(listenerOf{conn: near}, transport.ListenerConfig{WriteTimeout: time.Minute}).Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	read := func() <-chan error {
		done := make(chan error, 1)
		go func() {
			_, err := conn.Read(make([]byte, size))
			done <- err
		}()
		return done
	}
	for range 3 {
		_ = conn.SetReadDeadline(time.Now().Add(time.Hour))
		waiting := read()
		_ = conn.SetReadDeadline(time.Unix(1, 0))
		if err := <-waiting; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("interrupted: %v", err)
		}
		_ = conn.SetReadDeadline(time.Time{}) // as net/http does before it reads while a handler answers
		waiting = read()
		_ = conn.SetReadDeadline(time.Unix(1, 0))
		if err := <-waiting; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("interrupted without a deadline: %v", err)
		}
		_ = conn.SetReadDeadline(time.Time{})
		waiting = read()
		if _, err := far.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := <-waiting; err != nil {
			t.Fatalf("after an interruption: %v", err)
		}
	}
}
