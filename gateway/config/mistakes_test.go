package config_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
)

var update = flag.Bool("update", false, "write the golden files")

// Each file of testdata/mistakes has mistakes; the text beside it is what is reported.
func TestMistakes(t *testing.T) {
	env := map[string]string{
		"TIMEOUT": "5", "CATALOG_URL": "catalog.internal", "NUMBER": "0", "API_KEYS": "hunter2", "REDIS_URL": "http://:hunter2@redis",
	}
	files, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			c, err := load(file, env)
			if err == nil {
				err = c.CheckFrontends([]string{"web", "mobile"})
			}
			if err == nil {
				t.Fatal("no mistake")
			}
			got := []byte(strings.ReplaceAll(err.Error(), filepath.ToSlash(file), "portico.yaml") + "\n")
			if bytes.Contains(got, []byte("hunter2")) {
				t.Errorf("a secret is shown:\n%s", got)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

func load(file string, env map[string]string) (*config.Config, error) {
	return config.Load(file, func(name string) string { return env[name] })
}

// The example of the documentation is what is reported.
func TestMistakesOfDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Mistakes\n")
	example, want := block(section, "yaml"), block(section, "text")
	file := filepath.Join(t.TempDir(), "portico.yaml")
	if err := os.WriteFile(file, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = load(file, map[string]string{"CATALOG_URL": "catalog:7001"})
	if err == nil {
		t.Fatal("no mistake")
	}
	if got := strings.ReplaceAll(err.Error(), file, "portico.yaml") + "\n"; got != want {
		t.Errorf("got\n%s", got)
	}
}

// block returns the first code block of a language.
func block(text, language string) string {
	_, text, _ = strings.Cut(text, "```"+language+"\n")
	text, _, _ = strings.Cut(text, "```")
	return text
}
