package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

const (
	sse    = "text/event-stream"
	ndjson = "application/x-ndjson"
)

// streams is a service that answers with a stream: texts that are sent one by
// one, and then what end does.
func streams(mediaType string, end func(*http.Request), texts ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		for _, text := range texts {
			_, _ = io.WriteString(w, text)
			_ = http.NewResponseController(w).Flush()
		}
		end(r)
	}
}

func ends(*http.Request) {}

func breaks(*http.Request) { panic(http.ErrAbortHandler) }

// rows reads the rows that a stream has as events, as generated clients do. An
// event that is none is "!", and the error that ends the stream is returned.
func rows(ctx context.Context, c upstream.HTTP, r upstream.Request) (got []string, err error) {
	readers, err := c.StreamJSON(ctx, r)
	if err != nil {
		return nil, err
	}
	for id, err := range rowsOf(readers) {
		_, ofEvent := errors.AsType[*problem.EventError](err)
		switch {
		case ofEvent && problem.CodeOf(err) == problem.ServiceError:
			got = append(got, "!")
		case err != nil:
			return got, err
		default:
			got = append(got, id)
		}
	}
	return got, nil
}

func rowsOf(readers iter.Seq2[*decode.JSON, error]) iter.Seq2[string, error] {
	return upstream.Events(readers, func(answer *decode.JSON) (string, error) {
		v, fault := decode.Value[row](answer)
		return v.ID, answer.Done("the event", fault)
	})
}

func TestStreamJSON(t *testing.T) {
	for name, c := range map[string]struct {
		service http.HandlerFunc
		want    []string
		code    problem.Code
		cause   string
	}{
		"server-sent events": {streams(sse, ends, "data: {\"id\":\"a\"}\n\n", ":\n", "event: x\ndata: {\ndata: \"id\":\"b\"}\n\n"), []string{"a", "b"}, "", ""},
		"JSON lines":         {streams(ndjson, ends, `{"id":"a"}`+"\n\n", `{"id":"b"}`), []string{"a", "b"}, "", ""},
		"a charset":          {streams("Text/Event-Stream;charset=UTF-8", ends, "data: {\"id\":\"a\"}\n\n"), []string{"a"}, "", ""},
		"nothing":            {streams(sse, ends), nil, "", ""},
		"wrong events":       {streams(ndjson, ends, "{\n{\"id\":7}\n{\"id\":\"a\"}x\nnull\n[]\n{\"id\":\"b\"}\n"), []string{"!", "!", "!", "!", "!", "b"}, "", ""},
		"it breaks":          {streams(ndjson, breaks, `{"id":"a"}`+"\n", `{"id":`), []string{"a"}, problem.ServiceError, "read the stream: unexpected EOF"},
		"it breaks at once":  {streams(sse, breaks), nil, problem.ServiceError, "read the stream: unexpected EOF"},
		"a long event": {streams(sse, ends, "data: {\"id\":\"a\"}\n\n", "data: "+strings.Repeat("1", 1000)), []string{"a"}, problem.ServiceError,
			"service rows: an event has too many bytes: more than 1000"},
		"JSON":          {answers(200, "application/json", "[]"), nil, problem.ServiceError, `not a stream but "application/json": want text/event-stream, or`},
		"no media type": {answers(204, "", ""), nil, problem.ServiceError, `not a stream but ""`},
		"compressed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", sse)
		}, nil, problem.ServiceError, `the content coding "gzip"`},
		"not found": {answers(404, sse, "data: "+secret), nil, problem.ServiceError, "status 404"},
		"redirect":  {answers(302, sse, ""), nil, problem.ServiceError, "status 302"},
		"forbidden": {answers(403, "", ""), nil, problem.Forbidden, "status 403"},
	} {
		t.Run(name, func(t *testing.T) {
			client := open(t, upstream.Config{URL: serve(t, c.service), MaxResponseBytes: 1000})
			got, err := rows(t.Context(), client, upstream.Request{Path: []string{"x"}})
			if !slices.Equal(got, c.want) || (err == nil) != (c.code == "") || err != nil && problem.CodeOf(err) != c.code {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && !strings.Contains(fmt.Sprint(errors.Unwrap(err)), c.cause) {
				t.Errorf("the log has %v, want %s", errors.Unwrap(err), c.cause)
			}
		})
	}
}

// What opens a stream is like any other call.
func TestRequestsOfStreams(t *testing.T) {
	var got string
	client := open(t, upstream.Config{ForwardAuthorization: true, URL: serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprint(r.Method, " ", r.URL, " ", string(body), r.Header["Accept"], r.Header["Accept-Encoding"], r.Header["X-A"], r.Header["Authorization"])
		streams(sse, ends)(w, r)
	})})
	ctx := upstream.WithCaller(t.Context(), upstream.Caller{Authorization: "me"})
	for want, r := range map[string]upstream.Request{
		"GET /a [text/event-stream, application/x-ndjson] [] [] [me]": {Path: []string{"a"}},
		`POST /a {"n":1}[text/event-stream, application/x-ndjson] [] [1] [me]`: {
			Method: http.MethodPost, Path: []string{"a"}, Body: map[string]int{"n": 1}, Header: http.Header{"X-A": {"1"}}},
		"GET /a [text/event-stream;v=1] [] [] [me]": {Path: []string{"a"}, Header: http.Header{"Accept": {"text/event-stream;v=1"}}},
	} {
		if _, err := rows(ctx, client, r); err != nil || got != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
	if _, err := rows(ctx, client, upstream.Request{Path: []string{".."}}); problem.CodeOf(err) != problem.BadUserInput {
		t.Errorf("got %v", err)
	}
}

// Only events of the names are the caller's.
func TestNamesOfEvents(t *testing.T) {
	client := open(t, upstream.Config{URL: serve(t, streams(sse, ends, "event: a\ndata: {\"id\":\"1\"}\n\ndata: {\"id\":\"2\"}\n\nevent: ping\ndata: {}\n\n"))})
	got, err := rows(t.Context(), client, upstream.Request{Path: []string{"x"}, Events: []string{"a", "message"}})
	if !slices.Equal(got, []string{"1", "2"}) || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// untilClosed is the end of a stream that the gateway closes: closed is closed
// then.
func untilClosed(closed chan struct{}) func(*http.Request) {
	return func(r *http.Request) {
		<-r.Context().Done()
		close(closed)
	}
}

const oneRow = "data: {\"id\":\"a\"}\n\n"

// A loop that is left closes the connection.
func TestStreamThatIsLeft(t *testing.T) {
	closed := make(chan struct{})
	client := open(t, upstream.Config{URL: serve(t, streams(sse, untilClosed(closed), oneRow))})
	readers, err := client.StreamJSON(t.Context(), upstream.Request{Path: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range readers {
		if err != nil {
			t.Error(err)
		}
		break
	}
	<-closed
}

// So does a subscriber who leaves while an event is awaited.
func TestStreamEndsWithItsContext(t *testing.T) {
	closed := make(chan struct{})
	client := open(t, upstream.Config{URL: serve(t, streams(sse, untilClosed(closed), oneRow))})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	readers, err := client.StreamJSON(ctx, upstream.Request{Path: []string{"x"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range readers {
		err = e
		cancel()
	}
	if _, isProblem := errors.AsType[*problem.Error](err); isProblem || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-closed
}

// So does one who leaves before anybody ranges over the events.
func TestStreamThatNobodyReads(t *testing.T) {
	closed := make(chan struct{})
	client := open(t, upstream.Config{URL: serve(t, streams(sse, untilClosed(closed), oneRow))})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := client.StreamJSON(ctx, upstream.Request{Path: []string{"x"}})
	cancel()
	if err != nil {
		t.Fatal(err)
	}
	<-closed
}

// A stream that does not begin is given up at the service's timeout, or when the
// subscriber leaves.
func TestStreamThatDoesNotBegin(t *testing.T) {
	asked, closed := make(chan struct{}, 2), make(chan struct{}, 2)
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
		closed <- struct{}{}
	})
	_, err := rows(t.Context(), open(t, upstream.Config{URL: url, Timeout: 50 * time.Millisecond}), upstream.Request{Path: []string{"x"}})
	if problem.CodeOf(err) != problem.ServiceTimeout {
		t.Errorf("got %v", err)
	}
	<-asked
	<-closed
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	_, err = rows(ctx, open(t, upstream.Config{URL: url, Timeout: time.Hour}), upstream.Request{Path: []string{"x"}})
	if _, isProblem := errors.AsType[*problem.Error](err); isProblem || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-closed
}

// A stream lasts longer than the service's timeout, and leaves the connections
// to calls.
func TestStreamsAreNoCalls(t *testing.T) {
	more := make(chan struct{})
	service := http.NewServeMux()
	service.HandleFunc("/long", func(w http.ResponseWriter, r *http.Request) {
		streams(sse, func(*http.Request) { <-more }, oneRow)(w, r)
		_, _ = io.WriteString(w, oneRow)
	})
	service.HandleFunc("/row", answers(200, "application/json", `{"id":"b"}`))
	service.HandleFunc("/never", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	client := open(t, upstream.Config{URL: serve(t, service.ServeHTTP), Timeout: time.Second, Concurrency: 1})

	var next []func() (string, error, bool)
	for range 3 {
		readers, err := client.StreamJSON(t.Context(), upstream.Request{Path: []string{"long"}})
		if err != nil {
			t.Fatal(err)
		}
		pull, stop := iter.Pull2(rowsOf(readers))
		defer stop()
		next = append(next, pull)
		if id, err, _ := pull(); id != "a" || err != nil {
			t.Fatalf("got %q, %v", id, err)
		}
	}
	if v, err := upstream.GetJSON[row](t.Context(), client, upstream.Request{Path: []string{"row"}}); v.ID != "b" || err != nil {
		t.Errorf("beside streams: %v, %v", v, err)
	}
	// When this call has timed out, the streams are older than the timeout.
	if err := client.Done(t.Context(), upstream.Request{Path: []string{"never"}}); problem.CodeOf(err) != problem.ServiceTimeout {
		t.Fatal(err)
	}
	close(more)
	for _, pull := range next {
		if id, err, ok := pull(); id != "a" || err != nil || !ok {
			t.Errorf("after the timeout: %q, %v", id, err)
		}
		if _, err, ok := pull(); err != nil || ok {
			t.Errorf("at the end: %v", err)
		}
	}
}
