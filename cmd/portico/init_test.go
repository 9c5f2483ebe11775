package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const ordersDocument = `
openapi: 3.0.3
info: { title: Orders, version: "1" }
servers: [{ url: "http://127.0.0.1:7088" }]
paths:
  /orders/{id}:
    get:
      operationId: order
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        "200":
          description: ok
          content:
            application/json:
              schema: { type: object, required: [id], properties: { id: { type: string }, total: { type: number } } }
`

// A project that init makes passes its own test and its own check, offline, and has all that is committed. It calls
// services over HTTP and gRPC, in two frontends.
func TestInit(t *testing.T) {
	reviews, err := filepath.Abs("../../clients/proto/reviews/v1/reviews.proto")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	document := filepath.Join(dir, "openapi.yaml")
	writeFiles(t, dir, map[string]string{"openapi.yaml": ordersDocument})
	for _, c := range []struct {
		name      string
		args      []string
		operation string
	}{
		{"example", []string{"--frontends", "web,mobile"}, "Posts"},
		{"imported", []string{"--from", "orders=" + document, "--from", "reviews=" + reviews}, "ReviewsByProducts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			target := filepath.Join(dir, c.name)
			var out bytes.Buffer
			if code := exitCode(run(t.Context(), append([]string{"init", target, "--portico", "../.."}, c.args...), &out), &out); code != 0 {
				t.Fatalf("exit code %d: %s", code, out.String())
			}
			in(t, target, "git", "add", "-A")
			in(t, target, "git", "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "--quiet", "-m", "a")
			checked := in(t, target, "make", "check")
			in(t, target, "go", "mod", "tidy")
			if stale := in(t, target, "git", "status", "--porcelain"); stale != "" {
				t.Errorf("what init made is not what generate and tidy make: %s", stale)
			}
			if !strings.Contains(checked, "web/"+c.operation+": at worst") {
				t.Errorf("%s is not checked: %s", c.operation, checked)
			}
			// With -v, what it prints has the names of the tests.
			tested := in(t, target, "env", "GOFLAGS="+os.Getenv("GOFLAGS")+" -v", "make", "test")
			if !strings.Contains(tested, "--- PASS: TestWeb"+c.operation) {
				t.Errorf("the project's test did not run: %s", tested)
			}
			t.Logf("from init to a test that passes: %v", time.Since(start).Round(time.Second/10))
			main, err := os.ReadFile(filepath.Join(target, "cmd", "gateway", "main.go"))
			if lines := bytes.Count(main, []byte("\n")); err != nil || lines > 15 {
				t.Errorf("main.go has %d lines: %v", lines, err)
			}
		})
	}
}

func in(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOPROXY=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// What can not be made leaves nothing, and what is there stays.
func TestInitRefuses(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"openapi.yaml": "openapi: 3.0.3\npaths: [", "writes.yaml": strings.ReplaceAll(ordersDocument, "get:", "put:"), "taken/README.md": "mine", "file": ""})
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "init needs the name of the project; see portico init --help"},
		{[]string{"a", "b"}, 2, "init takes 1 argument at most"},
		{[]string{"shop", "--frontends", "Web"}, 1, `"Web" can't name a frontend`},
		{[]string{"shop", "--frontends", "web,web"}, 1, "named twice"},
		{[]string{"shop", "--frontends", "shared"}, 1, `"shared" can't name a frontend`},
		{[]string{"a b"}, 1, `"a b" can't name a project`},
		{[]string{"shop", "--from", "a=openapi.yaml"}, 1, "openapi.yaml:"},
		{[]string{"shop", "--from", "writes.yaml"}, 1, "there is no type Query"},
		{[]string{"shop", "--from", "missing.yaml"}, 1, "missing.yaml"},
		{[]string{"shop", "--from", "Or-ders=openapi.yaml"}, 1, `"Or-ders" can't name a service`},
		{[]string{"shop", "--portico", "taken"}, 1, "taken has no source of Portico"},
		{[]string{"taken"}, 1, "has README.md already"},
		{[]string{"file"}, 1, "is no folder"},
	} {
		before := tree(t, dir)
		var out bytes.Buffer
		args := append([]string{"init"}, c.args...)
		if !slices.Contains(args, "--portico") && c.code == 1 {
			args = append(args, "--portico", root)
		}
		t.Chdir(dir)
		code := exitCode(run(t.Context(), args, &out), &out)
		if code != c.code || !strings.Contains(out.String(), c.want) {
			t.Errorf("%v: exit code %d: %s; want %d, %s", args, code, out.String(), c.code, c.want)
		}
		if after := tree(t, dir); !slices.Equal(before, after) {
			t.Errorf("%v left %v", args, after)
		}
	}
}

func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}
