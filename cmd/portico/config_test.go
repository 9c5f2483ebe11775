package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A project in a folder, whose configuration has a text.
func configured(t *testing.T, text string) (file string) {
	t.Helper()
	dir := t.TempDir()
	for _, frontend := range []string{"shared", "web", "mobile"} {
		if err := os.MkdirAll(filepath.Join(dir, "schema", frontend), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	file = filepath.Join(dir, "portico.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfig(t *testing.T) {
	t.Setenv("CATALOG_URL", "http://127.0.0.1:7001")
	const services = "services:\n  catalog: { url: \"${CATALOG_URL}\", timeout: 2s }\n"
	for name, test := range map[string]struct {
		command, text string
		code          int
		want          string // FILE stands for the file
	}{
		"no mistakes": {"check", services, 0, "FILE has no mistakes\n  1 service: catalog\n  2 frontends: mobile, web\n  1 variable: CATALOG_URL\n"},
		"mistakes": {"check", services + "sever: {}\ncache: { size: 7XB }\n", 1, "FILE:3:1: sever: there is no such setting: did you mean server?\n" +
			"FILE:4:16: cache.size: \"7XB\" is not a size: write a number of bytes, KiB, MiB or GiB, such as 65536, 512KiB or 8MiB\n2 mistakes\n"},
		"a frontend that the project does not have": {"check", services + "routing: { default: wep }\n", 1,
			"FILE:3:21: routing.default: \"wep\" is not one of the frontends: did you mean web?\n1 mistake\n"},
		"mistakes are not shown as settings": {"show", "sever: {}\n", 1, "FILE:1:1: sever: there is no such setting: did you mean server?\n1 mistake\n"},
		"an unknown command":                 {"chek", services, 2, "portico: unknown command \"chek\" for \"portico config\"; did you mean check?; see portico config --help\n"},
	} {
		t.Run(name, func(t *testing.T) {
			file := configured(t, test.text)
			var out bytes.Buffer
			err := run(t.Context(), []string{"config", test.command, file}, &out)
			if code := exitCode(err, &out); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if got := strings.ReplaceAll(out.String(), file, "FILE"); got != test.want {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

func TestConfigShow(t *testing.T) {
	file := configured(t, "redis: { url: \"${REDIS_URL}\" }\nservices: { catalog: { url: http://127.0.0.1:7001, timeout: 2s } }\n")
	t.Setenv("REDIS_URL", "redis://:hunter2@redis")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"config", "show", file}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  drain: 10s\n", "  url: \"***\" # from REDIS_URL\n", "    timeout: 2s # default 5s\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("missing %q", want)
		}
	}
	if strings.Contains(out.String(), "hunter2") || t.Failed() {
		t.Errorf("got\n%s", out.String())
	}
}

func TestConfigSchema(t *testing.T) {
	want, err := os.ReadFile("../../docs/portico.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"config", "schema"}, &out); err != nil || !bytes.Equal(out.Bytes(), want) {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
}
