package record

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// errorsOf collects what a part reports.
type errorsOf struct {
	mu   sync.Mutex
	list []string
}

func (e *errorsOf) report(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, err.Error())
}

// ask returns the status and the body that a handler answers.
func ask(t *testing.T, of http.Handler, call, body string, header ...string) string {
	t.Helper()
	method, target, _ := strings.Cut(call, " ")
	server := httptest.NewServer(of)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range header {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.Status + " " + string(text)
}

// A call is found again by its method, path, query, body and caller, whatever its secrets; several answers keep their order.
func TestRecording(t *testing.T) {
	dir := t.TempDir()
	var failed errorsOf
	count := 0
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/next" {
			count++
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "session=sesame")
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.FormValue("x")+" "+strings.ReplaceAll(string(body), "sesame", "")+strings.Repeat("!", count)+` {"accessToken": "sesame", "tokens": 3}`)
	}))
	defer service.Close()
	of, err := url.Parse(service.URL + "/v1")
	if err != nil {
		t.Fatal(err)
	}
	recorder := NewRecorder(dir, of, http.DefaultTransport, failed.report)
	const json = "Content-Type: application/json"
	calls := []struct {
		method, target, body string
		header               []string
	}{
		{"GET", "/a?x=1", "", nil},
		{"GET", "/a?x=2", "", nil},
		{"GET", "/a?x=1&api_key=sesame", "", nil},
		{"POST", "/a", `{"password":"sesame","name":"Ann"}`, []string{json}},
		{"POST", "/a", `{"password":"sesame","name":"Bob"}`, []string{json}},
		{"GET", "/me", "", []string{"Authorization: Bearer a.eyJzdWIiOiJ1MSJ9.sesame"}},
		{"GET", "/me", "", []string{"Authorization: Bearer a.eyJzdWIiOiJ1MiJ9.sesame"}},
		{"GET", "/me", "", []string{"Authorization: Basic sesame"}},
		{"GET", "/next", "", nil},
		{"GET", "/next", "", nil},
		{"POST", "/binary", "\x00\xff", nil},
	}
	var answers []string
	for _, c := range calls {
		answers = append(answers, ask(t, recorder, c.method+" "+c.target, c.body, c.header...))
	}
	if !strings.HasPrefix(answers[0], `200 OK GET /v1/a 1  {"accessToken": "sesame"`) {
		t.Errorf("the recorder changes answers: %s", answers[0])
	}
	replayer := NewReplayer(dir, failed.report)
	for i, c := range calls {
		want := strings.NewReplacer(`"accessToken": "sesame"`, `"accessToken": "[scrubbed]"`, `"password":""`, `"password":"[scrubbed]"`).Replace(answers[i])
		// Another secret, the same call.
		target, body := strings.Replace(c.target, "sesame", "other", 1), strings.Replace(c.body, "sesame", "other", 1)
		if got := ask(t, replayer, c.method+" "+target, body, c.header...); got != want {
			t.Errorf("%s %s: %s\nand not %s", c.method, c.target, got, want)
		}
	}
	if got, again := ask(t, replayer, "GET /next", ""), ask(t, replayer, "GET /next", ""); got != again || !strings.Contains(got, "!!") {
		t.Errorf("the last answer is not repeated: %s, %s", got, again)
	}
	if len(failed.list) > 0 {
		t.Error(failed.list)
	}
	if got := ask(t, replayer, "GET /a?x=3", ""); !strings.HasPrefix(got, "501 ") || len(failed.list) != 1 {
		t.Errorf("%s, %v", got, failed.list)
	}
	checkSecrets(t, dir)
}

func checkSecrets(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 10 {
		t.Errorf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(text), "sesame") {
			t.Errorf("%v: %s", err, text)
		}
	}
}

// A stream that the gateway leaves has the events that it has read.
func TestRecordingOfAStream(t *testing.T) {
	dir := t.TempDir()
	var failed errorsOf
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\ndata: 2\n\ndata: ")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer service.Close()
	of, err := url.Parse(service.URL)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(NewRecorder(dir, of, http.DefaultTransport, failed.report))
	defer front.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, front.URL+"/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.ReadFull(response.Body, make([]byte, len("data: 1\n\ndata: 2\n\ndata: "))); err != nil {
		t.Fatal(err)
	}
	cancel()
	front.Close() // waits until the recorder is done
	if got := ask(t, NewReplayer(dir, failed.report), "GET /events", ""); got != "200 OK data: 1\n\ndata: 2\n\n" {
		t.Errorf("%q, %v", got, failed.list)
	}
}

// Names of files, whatever is asked for, are those of files in the folder.
func FuzzName(f *testing.F) {
	f.Add("GET", "/../../etc/passwd", "a=b")
	f.Add("G/T", "//", "\x00")
	f.Fuzz(func(t *testing.T, method, path, query string) {
		name := Request{Method: method, Path: path, Query: query}.name()
		if name != filepath.Base(name) || len(name) > 200 {
			t.Errorf("%q", name)
		}
	})
}
