package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// developing is a project that `portico dev` serves.
type developing struct {
	t       *testing.T
	dir     string
	url     string
	reports chan developed
	changes int // that were followed
}

// developed is a report that the console shows.
type developed struct {
	State            string
	Version, Changes int
	Mistakes         []struct{ At, Message string }
}

// develop runs `portico dev`, or another command that serves as it does, in a folder until the test ends.
func develop(t *testing.T, dir string, command ...string) *developing {
	t.Helper()
	d := &developing{t: t, dir: dir, reports: make(chan developed)}
	if len(command) == 0 {
		command = []string{"dev"}
	}
	d.listenAnywhere()
	ctx, cancel := context.WithCancel(t.Context())
	lines, write := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, append(command, "-C", dir), write) }()
	urls := make(chan string, 1)
	go func() {
		for scanner := bufio.NewScanner(lines); scanner.Scan(); {
			if !strings.HasPrefix(scanner.Text(), "{") {
				t.Log(scanner.Text())
			}
			if _, after, ok := strings.Cut(scanner.Text(), "serving http://"); ok {
				at, _, _ := strings.Cut(after, "/")
				select {
				case urls <- "http://" + at:
				default:
				}
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = write.Close()
	})
	select {
	case d.url = <-urls:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}
	d.follow(ctx)
	return d
}

// listenAnywhere makes the project's gateway listen on free ports.
func (d *developing) listenAnywhere() {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, "portico.yaml"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.save("portico.yaml", regexp.MustCompile(`(listen: ).*`).ReplaceAllString(string(text), "${1}127.0.0.1:0"))
}

// follow reads the reports.
func (d *developing) follow(ctx context.Context) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url+"/playground/dev/events", http.NoBody)
	if err != nil {
		d.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	go func() {
		defer response.Body.Close()
		for scanner := bufio.NewScanner(response.Body); scanner.Scan(); {
			text, ok := strings.CutPrefix(scanner.Text(), "data: ")
			if !ok {
				continue
			}
			var report developed
			if err := json.Unmarshal([]byte(text), &report); err != nil {
				d.t.Error(err)
			}
			select {
			case d.reports <- report:
			case <-ctx.Done():
				return
			}
		}
	}()
}

// edit replaces what matches in a file, as an editor saves it: at once.
func (d *developing) edit(name string, old *regexp.Regexp, with string) {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, name))
	if err != nil {
		d.t.Fatal(err)
	}
	next := old.ReplaceAll(text, []byte(with))
	if bytes.Equal(next, text) {
		d.t.Fatalf("%s has no %v", name, old)
	}
	d.save(name, string(next))
}

func (d *developing) save(name, text string) {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path+"~", []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		d.t.Fatal(err)
	}
}

// settled returns the report of what has been saved last.
func (d *developing) settled() developed {
	d.t.Helper()
	for {
		select {
		case report := <-d.reports:
			if report.Changes > d.changes && report.State != "working" {
				d.changes = report.Changes
				return report
			}
		case <-d.t.Context().Done():
			d.t.Fatal("there is no report")
		}
	}
}

// query returns the answer to an operation.
func (d *developing) query(document string) string {
	d.t.Helper()
	text, err := post(d.t.Context(), d.url, document)
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

func post(ctx context.Context, url, document string) (string, error) {
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/graphql/web", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return string(text), err
}

// load sends requests until the function that it returns is called, which reports those that failed.
func (d *developing) load(document, want string) (end func()) {
	ctx, cancel := context.WithCancel(d.t.Context())
	var group sync.WaitGroup
	sent, failed := 0, 0
	group.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond) // the builds need a processor too
		defer ticker.Stop()
		for ; ctx.Err() == nil; <-ticker.C {
			text, err := post(context.WithoutCancel(ctx), d.url, document)
			if sent++; err != nil || !strings.Contains(text, want) {
				if failed++; failed < 10 {
					d.t.Errorf("a request failed: %v %s", err, text)
				}
			}
		}
	})
	return func() {
		cancel()
		group.Wait()
		d.t.Logf("%d requests, %d failed", sent, failed)
	}
}

// While a project is edited, no request fails, and what is served is the latest that has no mistake.
func TestDev(t *testing.T) {
	began := time.Now()
	dir := filepath.Join(t.TempDir(), "shop")
	var out bytes.Buffer
	if code := exitCode(run(t.Context(), []string{"init", dir, "--portico", "../.."}, &out), &out); code != 0 {
		t.Fatalf("exit code %d: %s", code, out.String())
	}
	d := develop(t, dir)
	if answer := d.query(`{ posts(limit: 2) { title } }`); !strings.Contains(answer, `{"data":{"posts":[{"title":"`) {
		t.Fatalf("the mock does not answer: %s", answer)
	}
	t.Logf("from init to the first answer: %v", time.Since(began).Round(time.Second/10))
	defer d.load(`{ __typename }`, `{"data":{"__typename":"Query"}}`)()

	const schema = "schema/web/dev.graphqls"
	field := func(name string) string {
		return fmt.Sprintf("extend type Query {\n  %s: [Post!]! @rest(service: \"blog\", get: \"/posts\", select: \"$\")\n}\n", name)
	}
	d.save(schema, field("first"))
	if r := d.settled(); r.State != "serving" || r.Version != 2 {
		t.Errorf("a valid change: %+v", r)
	}
	if answer := d.query(`{ first { id } }`); strings.Contains(answer, "errors") {
		t.Error(answer)
	}
	for name, c := range map[string]struct{ text, at string }{
		"syntax":  {"extend type Query {", schema + ":1:"},
		"type":    {"extend type Query { wrong: Nothing }", schema + ":1:"},
		"service": {strings.Replace(field("first"), "blog", "nobody", 1), ""},
	} {
		d.save(schema, c.text)
		if r := d.settled(); r.State != "mistaken" || r.Version != 2 || len(r.Mistakes) == 0 || !strings.HasPrefix(r.Mistakes[0].At, c.at) {
			t.Errorf("%s: %+v", name, r)
		}
		if answer := d.query(`{ first { id } }`); strings.Contains(answer, "errors") {
			t.Errorf("%s: %s", name, answer)
		}
	}
	d.save("portico.yaml", "servicess: {}\n")
	if r := d.settled(); r.State != "mistaken" || len(r.Mistakes) == 0 {
		t.Errorf("a setting: %+v", r)
	}
	d.save("cmd/gateway/broken.go", "package main\n\nvar x int = \"\"\n")
	d.settled()
	d.save("portico.yaml", "server: { listen: \"127.0.0.1:0\" }\nadmin: { listen: \"127.0.0.1:0\" }\nplayground: { enabled: true }\n"+
		"services: { blog: { url: \"http://127.0.0.1:7099\" } }\n")
	d.settled()
	d.save(schema, field("second"))
	if r := d.settled(); r.State != "mistaken" || len(r.Mistakes) == 0 || r.Mistakes[0].At != "cmd/gateway/broken.go:3:13" {
		t.Errorf("Go: %+v", r)
	}
	if answer := d.query(`{ second { id } }`); !strings.Contains(answer, "Cannot query field") {
		t.Error(answer)
	}
	if err := os.Remove(filepath.Join(dir, "cmd/gateway/broken.go")); err != nil {
		t.Fatal(err)
	}
	if r := d.settled(); r.State != "serving" {
		t.Errorf("all is right again: %+v", r)
	}
	if answer := d.query(`{ second { id } }`); strings.Contains(answer, "errors") {
		t.Error(answer)
	}
	d.checkMockOfBindings(t)
	d.checkPage(t)
}

// checkMockOfBindings: a service without a document answers what its bindings read, also those that are added while it is mocked.
func (d *developing) checkMockOfBindings(t *testing.T) {
	t.Helper()
	d.edit("portico.yaml", regexp.MustCompile("services: {"), fmt.Sprintf("services: { notes: { url: \"http://%s\" },", freeAddress(t)))
	d.settled()
	schema := "type Note { text: String! }\n"
	for _, field := range []string{"note: Note", "notes: [Note!]!"} {
		name, _, _ := strings.Cut(field, ":")
		schema += fmt.Sprintf("extend type Query { %s @rest(service: \"notes\", get: \"/%s\") }\n", field, name)
		d.save("schema/web/notes.graphqls", schema)
		if r := d.settled(); r.State != "serving" {
			t.Errorf("%s: %+v", field, r)
		}
		if answer := d.query(`{ ` + name + ` { text } }`); !strings.Contains(answer, `"text":"`) || strings.Contains(answer, "errors") {
			t.Errorf("%s: %s", field, answer)
		}
	}
}

// checkPage: pages of the console have the script, also after they were loaded once.
func (d *developing) checkPage(t *testing.T) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+"/playground/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,*/*")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil || !strings.Contains(string(page), `src="/playground/dev/dev.js"`) {
		t.Errorf("%s %v: %s", response.Status, err, page)
	}
}
