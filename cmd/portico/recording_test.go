package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	services "github.com/portico-gateway/portico/demo"
)

// What is recorded of the demo answers all of its example operations without its services, byte for byte, with no secret in the
// files.
func TestRecordAndReplay(t *testing.T) {
	dir := demo(t)
	shop, err := services.Start(t.Context(), services.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer shop.Close()
	for _, name := range []string{"accounts", "catalog", "orders", "shipping", "reviews", "inventory"} {
		t.Setenv(strings.ToUpper(name)+"_URL", shop.URL(name))
	}
	token, err := shop.Token("u1", "orders:write")
	if err != nil {
		t.Fatal(err)
	}
	var recorded map[string]string
	t.Run("record", func(t *testing.T) { recorded = develop(t, dir, "record").examples(t, token) })
	if err := shop.Close(); err != nil {
		t.Fatal(err)
	}
	for name, answer := range recorded {
		if strings.Contains(answer, `"errors"`) {
			t.Errorf("%s: %s", name, answer)
		}
	}
	t.Run("replay", func(t *testing.T) {
		replayed := develop(t, dir, "replay").examples(t, token)
		for name, answer := range recorded {
			if replayed[name] != answer {
				t.Errorf("%s: %s\nand not %s", name, replayed[name], answer)
			}
		}
		if len(recorded) != 10 || len(replayed) != len(recorded) {
			t.Errorf("%d and %d operations", len(recorded), len(replayed))
		}
	})
	files := 0
	err = filepath.WalkDir(filepath.Join(dir, "recordings"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), token) || strings.Contains(string(text), "Bearer") {
			t.Errorf("%s has the token", path)
		}
		return err
	})
	if err != nil || files < 10 {
		t.Errorf("%d files: %v", files, err)
	}
}

// examples returns the answers to the operations of the project, by file; that of the subscription are its first two events, of
// which Buy makes the second.
func (d *developing) examples(t *testing.T, token string) map[string]string {
	t.Helper()
	answers := map[string]string{}
	list, err := filepath.Glob(filepath.Join(d.dir, "operations/*/*.graphql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range list {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, _ := filepath.Rel(filepath.Join(d.dir, "operations"), path)
		if strings.Contains(string(text), "subscription") {
			answers[name] = d.events(t, filepath.Dir(name), string(text), func() { answers["again"] = d.example(t, "web", buy, token) })
			continue
		}
		answers[name] = d.example(t, filepath.Dir(name), string(text), token)
	}
	return answers
}

const buy = `mutation { placeOrder(input: {items: [{productId: "p1", quantity: 1}]}) { order { id status } } }`

func (d *developing) request(t *testing.T, ctx context.Context, frontend, document, token, accept string) *http.Response { //nolint:revive // t goes first in tests
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+"/graphql/"+frontend, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func (d *developing) example(t *testing.T, frontend, document, token string) string {
	t.Helper()
	response := d.request(t, t.Context(), frontend, document, token, "application/json")
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.Status + " " + string(text)
}

// events returns the first two events of a subscription. after is called after the first one.
func (d *developing) events(t *testing.T, frontend, document string, after func()) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	response := d.request(t, ctx, frontend, document, "", "text/event-stream")
	defer response.Body.Close()
	var events []string
	for scanner := bufio.NewScanner(response.Body); len(events) < 2 && scanner.Scan(); {
		if text, ok := strings.CutPrefix(scanner.Text(), "data: "); ok {
			if events = append(events, text); len(events) == 1 {
				after()
			}
		}
	}
	return strings.Join(events, "\n")
}
