package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// freeAddress returns an address that was free.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// awaited passes on what is written, line by line.
type awaited struct{ lines chan string }

func (a awaited) Write(p []byte) (int, error) {
	a.lines <- string(p)
	return len(p), nil
}

func TestMock(t *testing.T) {
	dir, at := t.TempDir(), freeAddress(t)
	writeFiles(t, dir, map[string]string{
		"clients/orders/openapi.yaml": ordersDocument,
		"clients/remote/openapi.yaml": ordersDocument,
		"portico.yaml": fmt.Sprintf("services:\n  orders: { url: \"http://%s/v1\" }\n  remote: { url: \"http://192.0.2.1:80\" }\n  silent: { url: \"http://%s\" }\n",
			at, freeAddress(t)),
	})
	for _, c := range []struct {
		args   []string
		status int
		part   string
	}{
		{nil, http.StatusOK, `"id":"7"`},
		{[]string{"--fail", "1", "--latency", "1ms"}, http.StatusServiceUnavailable, "the mock fails"},
	} {
		ctx, stop := context.WithCancel(t.Context())
		out := awaited{make(chan string, 10)}
		ended := make(chan error, 1)
		go func() { ended <- run(ctx, append([]string{"mock", "-C", dir}, c.args...), out) }()
		for _, want := range []string{"mocked at http://" + at, "remote       left out: 192.0.2.1:80 is not this machine", "silent       left out: it has no document"} {
			select {
			case line := <-out.lines:
				if !strings.Contains(line, want) {
					t.Errorf("%q, want %q", line, want)
				}
			case err := <-ended:
				t.Fatal(err)
			}
		}
		if status, text := mockedAt(t, "http://"+at+"/v1/orders/7"); status != c.status || !strings.Contains(text, c.part) {
			t.Errorf("%v: %d %s; want %d with %s", c.args, status, text, c.status, c.part)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
	}
	t.Run("bindings", testMockOfBindings)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--service", "remote"}, 1, "no service is mocked"},
		{[]string{"--service", "other"}, 1, "portico.yaml has no service other"},
		{[]string{"orders"}, 2, "mock takes no arguments"},
	} {
		var out bytes.Buffer
		if code := exitCode(run(t.Context(), append([]string{"mock", "-C", dir}, c.args...), &out), &out); code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: exit code %d: %s; want %d, %s", c.args, code, out.String(), c.code, c.want)
		}
	}
}

// mockedAt gets a URL.
func mockedAt(t *testing.T, url string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// testMockOfBindings mocks a service of this repository, which has no document.
func testMockOfBindings(t *testing.T) {
	at := freeAddress(t)
	t.Setenv("CATALOG_URL", "http://"+at)
	ctx, stop := context.WithCancel(t.Context())
	out := awaited{make(chan string, 10)}
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"mock", "-C", "../..", "--service", "catalog"}, out) }()
	select {
	case line := <-out.lines:
		if line != "catalog      mocked at http://"+at+"\n" {
			t.Errorf("%q, want that catalog is mocked", line)
		}
	case err := <-ended:
		t.Fatal(err)
	}
	if status, text := mockedAt(t, "http://"+at+"/products?ids=p2,p1"); status != http.StatusOK || !strings.Contains(text, `"id":"p1"`) {
		t.Errorf("%d %s; want the products p2 and p1", status, text)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
