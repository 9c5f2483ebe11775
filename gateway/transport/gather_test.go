package transport_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/portico-gateway/portico/gateway/transport"
	"github.com/portico-gateway/portico/internal/certtest"
)

// writes counts the writes of the connections of a listener. Its connections do not support
// writev, so that what is written beside a buffer counts as another write.
type writes struct {
	net.Listener
	count atomic.Int64
}

type writing struct {
	net.Conn
	count *atomic.Int64
}

func (l *writes) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return writing{c, &l.count}, err
}

func (c writing) Write(p []byte) (int, error) {
	c.count.Add(1)
	return c.Conn.Write(p)
}

// An answer over HTTP/1 takes few system calls, and is what the handler wrote, whatever its size.
func TestAnswersAreWrittenTogether(t *testing.T) {
	authority := certtest.New(t)
	own := authority.Issue(t, certtest.Subject{DNS: []string{"127.0.0.1"}})
	body := func(size int) string { return strings.Repeat("0123456789abcdef", size/16+1)[:size] }
	for _, secure := range []bool{false, true} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			size, _ := strconv.Atoi(r.FormValue("size"))
			times, _ := strconv.Atoi(r.FormValue("times"))
			if r.FormValue("counted") != "" {
				w.Header().Set("Content-Length", strconv.Itoa(size*times))
			}
			for range times {
				if n, err := io.WriteString(w, body(size)); n != size || err != nil {
					t.Errorf("%s: wrote %d: %v", r.URL, n, err)
				}
			}
		}))
		counter := &writes{Listener: server.Listener}
		config := transport.ListenerConfig{}
		if secure {
			config.TLS = transport.NewTLS(&tls.Config{Certificates: []tls.Certificate{own.Certificate}})
		}
		server.Listener = transport.NewListener(counter, config)
		transport.Attach(server.Config, 0)
		server.Start()
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool}}}
		url := server.URL + "/"
		if secure {
			url = strings.Replace(url, "http:", "https:", 1)
		}
		for _, c := range []struct {
			size, times     int
			counted         bool
			most, mostOfTLS int64
		}{
			{1, 1, true, 1, 1}, {2048, 1, true, 1, 2}, {3000, 1, true, 1, 1}, {3800, 1, true, 1, 1}, {4096, 1, true, 1, 1}, {9000, 1, true, 1, 1},
			{12_000, 1, true, 1, 1}, {60_000, 1, true, 2, 10}, {3000, 3, true, 3, 3}, {9000, 1, false, 2, 2}, {5_000_000, 1, true, 2, 700}, {3000, 100, false, 110, 200},
		} {
			query := "?size=" + strconv.Itoa(c.size) + "&times=" + strconv.Itoa(c.times)
			if c.counted {
				query += "&counted=1"
			}
			get := func() {
				resp, err := client.Get(url + query)
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(resp.Body)
				if want := strings.Repeat(body(c.size), c.times); err != nil || string(got) != want {
					t.Fatalf("%s: %d bytes of %d: %v", query, len(got), len(want), err)
				}
				_ = resp.Body.Close()
			}
			get() // with the handshake
			before := counter.count.Load()
			get()
			if got, most := counter.count.Load()-before, map[bool]int64{false: c.most, true: c.mostOfTLS}[secure]; got > most {
				t.Errorf("TLS %t, %s: %d writes, want at most %d", secure, query, got, most)
			}
		}
		client.CloseIdleConnections()
		server.Close()
	}
}

// failing writes a part of what it gets, and then fails.
type failing struct {
	net.Conn
	left *atomic.Int64
}

type failingListener struct {
	net.Listener
	left atomic.Int64
}

func (l *failingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return failing{c, &l.left}, err
}

func (c failing) Write(p []byte) (int, error) {
	most := min(int(c.left.Load()), len(p))
	c.left.Add(int64(-most))
	n, err := c.Conn.Write(p[:most])
	if err == nil && most < len(p) {
		err = syscall.ECONNRESET
	}
	return n, err
}

// A handler learns that its answer was not written, although net/http does not.
func TestWritesThatFailTogether(t *testing.T) {
	for _, size := range []int{9000, 60_000} {
		failed := make(chan error, 1)
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(size))
			_, err := w.Write(bytes.Repeat([]byte("a"), size))
			failed <- err
		}))
		listener := &failingListener{Listener: server.Listener}
		listener.left.Store(8000)
		server.Listener = transport.NewListener(listener, transport.ListenerConfig{})
		transport.Attach(server.Config, 0)
		server.Start()
		resp, err := server.Client().Get(server.URL)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		if err == nil {
			t.Error("the client got an answer")
		}
		if err := <-failed; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%d bytes: the handler got %v", size, err)
		}
		server.Close()
	}
}

// A connection can be closed while an answer is written: what a client gets is of that answer.
func TestConnectionsThatAreClosedWhileTheyWrite(t *testing.T) {
	authority := certtest.New(t)
	own := authority.Issue(t, certtest.Subject{DNS: []string{"127.0.0.1"}})
	type connKey struct{}
	var group sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		const size = 40_000
		w.Header().Set("Content-Length", strconv.Itoa(3*size))
		for i := range 3 {
			if i == 1 {
				group.Go(func() { _ = r.Context().Value(connKey{}).(net.Conn).Close() })
			}
			_, _ = io.WriteString(w, strings.Repeat(r.URL.Path[1:2], size)) // the connection may be closed
		}
	}))
	server.Listener = transport.NewListener(server.Listener, transport.ListenerConfig{TLS: transport.NewTLS(&tls.Config{Certificates: []tls.Certificate{own.Certificate}})})
	transport.Attach(server.Config, 0)
	next := server.Config.ConnContext
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return next(context.WithValue(ctx, connKey{}, c), c)
	}
	server.Start()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: authority.Pool}}}
	began := 0
	for i := range 50 {
		letter := string(rune('a' + i%26))
		resp, err := client.Get(strings.Replace(server.URL, "http:", "https:", 1) + "/" + letter)
		if err != nil {
			continue // it was closed before the header came
		}
		began++
		got, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if strings.Trim(string(got), letter) != "" {
			t.Errorf("an answer of %s has other bytes", letter)
		}
	}
	server.Close()
	group.Wait()
	if began == 0 {
		t.Error("no answer has begun")
	}
}
