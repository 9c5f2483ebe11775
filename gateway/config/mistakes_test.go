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
