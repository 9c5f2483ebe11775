package upstream_test

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/provenance"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// resetting is a service over HTTP/2 that resets the first requests with an error, of which
// it has read everything, and answers others with 204.
type resetting struct {
	requests atomic.Int64
	resets   int64
	code     http2.ErrCode
}

func (s *resetting) serve(conn net.Conn) {
	defer conn.Close()
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(conn, conn)
	_ = f.WriteSettings()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		switch frame.(type) {
		case *http2.HeadersFrame, *http2.DataFrame:
			if frame.Header().Flags.Has(http2.FlagDataEndStream) {
				s.answer(f, frame.Header().StreamID)
			}
		}
	}
}

func (s *resetting) answer(f *http2.Framer, stream uint32) {
	if s.requests.Add(1) <= s.resets {
		_ = f.WriteRSTStream(stream, s.code)
		return
	}
	var head bytes.Buffer
	_ = hpack.NewEncoder(&head).WriteField(hpack.HeaderField{Name: ":status", Value: "204"})
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: head.Bytes(), EndHeaders: true, EndStream: true})
}

// open returns a client of the service.
func (s *resetting) open(t *testing.T) upstream.HTTP {
	t.Helper()
	other := httptest.NewTLSServer(http.NotFoundHandler()) // which has a certificate
	certificate := other.TLS.Certificates[0]
	other.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})
	if err := os.WriteFile(ca, text, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var conns []net.Conn // which net/http may keep for longer
	accepted := make(chan struct{})
	group.Go(func() {
		defer close(accepted)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			group.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		<-accepted
		for _, conn := range conns {
			_ = conn.Close()
		}
		group.Wait()
	})
	return open(t, upstream.Config{URL: "https://" + l.Addr().String(), TLS: upstream.TLS{CA: ca}})
}

// A mutation whose stream the service resets is sent again only if the service says that
// it has not processed it: net/http sends requests without a body, and with one that it
// can have again, hundreds of times after PROTOCOL_ERROR.
func TestMutationsAreSentOnceOverHTTP2(t *testing.T) {
	for code, c := range map[http2.ErrCode]struct {
		sent    int64
		succeed bool
	}{
		http2.ErrCodeProtocol:      {1, false},
		http2.ErrCodeInternal:      {1, false},
		http2.ErrCodeCancel:        {1, false},
		http2.ErrCodeRefusedStream: {2, true},
	} {
		for _, request := range []upstream.Request{
			{Method: http.MethodPost, Body: map[string]int{"a": 1}},
			{Method: http.MethodPost},
			{Method: http.MethodDelete},
			{Method: http.MethodGet},
		} {
			service := &resetting{code: code, resets: 1}
			client := service.open(t)
			request.Path = []string{"a"}
			err := client.Done(provenance.Writing(t.Context()), request)
			if (err == nil) != c.succeed || service.requests.Load() != c.sent {
				t.Errorf("%v, %s: sent %d times, want %d: %v", code, request.Method, service.requests.Load(), c.sent, err)
			}
			if err := client.Done(provenance.Writing(t.Context()), request); err != nil || service.requests.Load() != c.sent+1 {
				t.Errorf("%v, %s: the next one: sent %d times: %v", code, request.Method, service.requests.Load()-c.sent, err)
			}
		}
	}
}

// A query whose stream the service resets each time is sent few times: net/http does not
// bound it, and makes no pauses.
func TestQueriesAreSentFewTimesOverHTTP2(t *testing.T) {
	service := &resetting{code: http2.ErrCodeProtocol, resets: 1 << 62}
	client := service.open(t)
	err := client.Done(t.Context(), upstream.Request{Path: []string{"a"}})
	if problem.CodeOf(err) != problem.ServiceError || service.requests.Load() > 20 { // of two attempts; cancelling is not exact
		t.Errorf("it was sent %d times: %v", service.requests.Load(), err)
	}
	service = &resetting{code: http2.ErrCodeRefusedStream, resets: 1}
	client = service.open(t)
	if err := client.Done(t.Context(), upstream.Request{Path: []string{"a"}}); err != nil || service.requests.Load() != 2 {
		t.Errorf("it was sent %d times: %v", service.requests.Load(), err)
	}
}
