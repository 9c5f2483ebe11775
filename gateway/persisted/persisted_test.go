package persisted_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/portico-gateway/portico/gateway/persisted"
	"github.com/portico-gateway/portico/gateway/problem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	trusted = "{ trusted }"
	free    = "{ free }"
)

func hash(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:])
}

func apollo(documents ...string) string {
	var operations []map[string]string
	for i, document := range documents {
		operations = append(operations, map[string]string{"id": fmt.Sprint("id", i), "name": "A", "type": "query", "body": document})
	}
	text, _ := json.Marshal(map[string]any{"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations})
	return string(text)
}

func write(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "manifest.json")
	replace(t, file, text)
	return file
}

// replace writes a file as deployments do: beside it, then moved.
func replace(t testing.TB, file, text string) {
	t.Helper()
	if err := errors.Join(os.WriteFile(file+".new", []byte(text), 0o600), os.Rename(file+".new", file)); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, config persisted.Config) *persisted.Library {
	t.Helper()
	l, err := persisted.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func apq(sum string) map[string]any {
	return map[string]any{"persistedQuery": map[string]any{"version": json.Number("1"), "sha256Hash": sum}}
}

func TestResolve(t *testing.T) {
	relay, _ := json.Marshal(map[string]string{"id0": trusted, hash(trusted): trusted})
	for _, manifest := range []string{apollo(trusted), string(relay)} {
		for _, c := range []struct {
			name      string
			mode      persisted.Mode
			automatic bool
			request   persisted.Request
			document  string
			code      problem.Code
		}{
			{"off: a free one", persisted.Off, false, persisted.Request{Document: free}, free, ""},
			{"off: an id", persisted.Off, false, persisted.Request{ID: "id0"}, "", problem.PersistedQueryNotFound},
			{"off: a hash", persisted.Off, false, persisted.Request{Extensions: apq(hash(free))}, "", problem.PersistedQueryNotSupported},
			{"off: a hash and its document", persisted.Off, false, persisted.Request{Document: free, Extensions: apq(hash(free))}, free, ""},
			{"allow: an id", persisted.Allow, false, persisted.Request{ID: "id0"}, trusted, ""},
			{"allow: another id", persisted.Allow, false, persisted.Request{ID: "id1"}, "", problem.PersistedQueryNotFound},
			{"allow: an id as a hash", persisted.Allow, false, persisted.Request{Extensions: apq("id0")}, trusted, ""},
			{"allow: a free one", persisted.Allow, false, persisted.Request{Document: free}, free, ""},
			{"allow: an id and its document", persisted.Allow, false, persisted.Request{ID: "id0", Document: trusted}, trusted, ""},
			{"allow: an id and another document", persisted.Allow, false, persisted.Request{ID: "id0", Document: free}, "", problem.PersistedQueryMismatch},
			{"only: an id", persisted.Only, false, persisted.Request{ID: "id0"}, trusted, ""},
			{"only: a free one", persisted.Only, false, persisted.Request{Document: free}, "", problem.PersistedQueryNotInList},
			{"only: a free one that is trusted", persisted.Only, false, persisted.Request{Document: trusted}, trusted, ""},
			{"only: nearly a trusted one", persisted.Only, false, persisted.Request{Document: trusted + " "}, "", problem.PersistedQueryNotInList},
			{"only: a hash and its document", persisted.Only, false, persisted.Request{Document: free, Extensions: apq(hash(free))}, "", problem.PersistedQueryNotInList},
			{"automatic: unknown", persisted.Off, true, persisted.Request{Extensions: apq(hash(free))}, "", problem.PersistedQueryNotFound},
			{"automatic: a wrong hash", persisted.Off, true, persisted.Request{Document: free, Extensions: apq(hash(trusted))}, "", problem.PersistedQueryMismatch},
			{"another version", persisted.Off, true, persisted.Request{Extensions: map[string]any{"persistedQuery": map[string]any{"version": json.Number("2"), "sha256Hash": "a"}}}, "", problem.BadRequest},
			{"no object", persisted.Off, true, persisted.Request{Extensions: map[string]any{"persistedQuery": "a"}}, "", problem.BadRequest},
			{"both", persisted.Allow, false, persisted.Request{ID: "id0", Extensions: apq(hash(free))}, "", problem.BadRequest},
		} {
			t.Run(c.name, func(t *testing.T) {
				config := persisted.Config{Mode: c.mode, Automatic: c.automatic}
				if c.mode != persisted.Off {
					config.Manifest = write(t, manifest)
				}
				got, err := open(t, config).Resolve(t.Context(), c.request)
				if got.Document != c.document || (err == nil) != (c.code == "") || err != nil && problem.CodeOf(err) != c.code {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		}
	}
}

// A document is kept when it was found valid, and then its hash is enough.
func TestAutomatic(t *testing.T) {
	l := open(t, persisted.Config{Automatic: true, MaxAutomatic: 2})
	ask := func(document string) error {
		_, err := l.Resolve(t.Context(), persisted.Request{Extensions: apq(strings.ToUpper(hash(document)))})
		return err
	}
	for _, document := range []string{"{ a }", "{ b }", "{ c }"} {
		resolved, err := l.Resolve(t.Context(), persisted.Request{Document: document, Extensions: apq(hash(document))})
		if err != nil {
			t.Fatal(err)
		}
		if ask(document) == nil {
			t.Errorf("%s is kept before it is valid", document)
		}
		l.Register(resolved)
		if err := ask(document); err != nil {
			t.Errorf("%s: %v", document, err)
		}
	}
	if ask("{ a }") == nil {
		t.Error("more are kept than may be")
	}
	if got, err := l.Resolve(t.Context(), persisted.Request{ID: "sha256:" + hash("{ c }")}); err != nil || got.Document != "{ c }" {
		t.Errorf("by documentId: %+v, %v", got, err)
	}
	large := strings.Repeat("#", 1<<20)
	for i := range 20 {
		document := fmt.Sprint(large, i)
		resolved, _ := l.Resolve(t.Context(), persisted.Request{Document: document, Extensions: apq(hash(document))})
		l.Register(resolved)
	}
	if err := ask(fmt.Sprint(large, 19)); problem.CodeOf(err) != problem.PersistedQueryNotFound {
		t.Errorf("one that is too large: %v", err)
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"not JSON":         {"{", "must be a JSON object"},
		"a list":           {"[]", "must be a JSON object"},
		"another format":   {`{"format": "x", "version": 1, "operations": []}`, `format "x"`},
		"another version":  {`{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}`, "version 2"},
		"no id":            {`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"body": "{a}"}]}`, "operation 1: it has no id"},
		"no document":      {`{"a": ""}`, `"a" has no document`},
		"not texts":        {`{"a": 1}`, "an object with ids and documents"},
		"two of one id":    {`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "a", "body": "{a}"}, {"id": "a", "body": "{b}"}]}`, "twice"},
		"invalid, all":     {apollo("{ bad1 }", trusted, "{ bad2 }"), "{ bad1 } is invalid\n"},
		"invalid, another": {apollo("{ bad1 }", trusted, "{ bad2 }"), `document "id2": { bad2 }`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := persisted.Open(persisted.Config{Mode: persisted.Only, Manifest: write(t, c.text), Check: func(document string) error {
				if strings.Contains(document, "bad") {
					return fmt.Errorf("%s is invalid", document)
				}
				return nil
			}})
			if err == nil || !strings.Contains(err.Error()+"\n", c.want) || !strings.Contains(err.Error(), "manifest.json") {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, config := range []persisted.Config{
		{Mode: persisted.Only}, {Mode: "some"}, {Manifest: "a"}, {Mode: persisted.Only, Manifest: write(t, "{}"), Automatic: true}, {Mode: persisted.Allow, Manifest: "nowhere.json"},
	} {
		if _, err := persisted.Open(config); err == nil {
			t.Errorf("%+v: no error", config)
		}
	}
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) count(text string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.b.String(), text)
}

// A changed manifest counts at once and in whole; a wrong one does not count.
func TestReload(t *testing.T) {
	log := &buffer{}
	file := write(t, apollo(trusted))
	l := open(t, persisted.Config{Mode: persisted.Only, Manifest: file, Interval: time.Millisecond, Log: slog.New(slog.NewTextHandler(log, nil)), Check: func(document string) error {
		if strings.Contains(document, "bad") {
			return errors.New("it is bad")
		}
		return nil
	}})
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() { l.Run(ctx) })
	defer wait.Wait()
	defer cancel()
	accepted := func(document string) bool {
		_, err := l.Resolve(t.Context(), persisted.Request{Document: document})
		return err == nil
	}
	await := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Second); !done(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("waited in vain until %s", what)
			}
		}
	}
	replace(t, file, apollo(trusted, "{ second }"))
	await("the second document is trusted", func() bool { return accepted("{ second }") })
	replace(t, file, apollo("{ third }", "{ bad }"))
	await("the wrong manifest is told of", func() bool { return log.count("it is bad") > 0 })
	if !accepted("{ second }") || accepted("{ third }") {
		t.Error("the wrong manifest counts")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	replace(t, file, apollo("{ fourth }", "{ and more }"))
	await("the fourth document is trusted", func() bool { return accepted("{ fourth }") })
	if accepted(trusted) || log.count("it is bad") != 1 {
		t.Errorf("afterwards; told %d times", log.count("it is bad"))
	}
}

func TestUnknownDocumentsAreLogged(t *testing.T) {
	log := &buffer{}
	l := open(t, persisted.Config{Mode: persisted.LogUnknown, Manifest: write(t, apollo(trusted)), Log: slog.New(slog.NewTextHandler(log, nil))})
	for range 3 {
		for _, document := range []string{free, trusted} {
			if _, err := l.Resolve(t.Context(), persisted.Request{Document: document}); err != nil {
				t.Error(err)
			}
		}
	}
	if log.count(hash(free)) != 1 || log.count("not trusted") != 1 || log.count("free") > 0 {
		t.Errorf("the log: %s", log.b.String())
	}
}

func TestTrustedDocumentsCostNothing(t *testing.T) {
	l := open(t, persisted.Config{Mode: persisted.Only, Manifest: write(t, apollo(trusted))})
	if n := testing.AllocsPerRun(100, func() { _, _ = l.Resolve(t.Context(), persisted.Request{ID: "id0"}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add(apollo(trusted), "id0", "a")
	f.Add(`{"a":"{b}"}`, "a", "")
	f.Fuzz(func(t *testing.T, text, id, sum string) {
		l, err := persisted.Open(persisted.Config{Mode: persisted.Only, Manifest: write(t, text)})
		if err != nil {
			return
		}
		for _, request := range []persisted.Request{{ID: id}, {Extensions: apq(sum)}, {Document: text, Extensions: apq(sum)}} {
			got, err := l.Resolve(t.Context(), request)
			if err == nil && !got.Trusted {
				t.Errorf("%+v is executed", got)
			}
		}
	})
}
