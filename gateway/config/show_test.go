package config_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
)

// What is shown is what the gateway has, without secrets.
func TestYAML(t *testing.T) {
	env := map[string]string{"REDIS_URL": "redis://:hunter2@redis", "CATALOG_URL": "http://catalog", "BODY": "2MiB", "KEYS": "hunter2"}
	c, err := load("testdata/show.yaml", env)
	if err != nil {
		t.Fatal(err)
	}
	got := c.YAML()
	if *update {
		if err := os.WriteFile("testdata/shown.yaml", got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/shown.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("got\n%s", got)
	}
}

// uncommented returns YAML without comments.
func uncommented(text string) string { return comment.ReplaceAllString(text, "") }

var comment = regexp.MustCompile(`(?m) # .*$`)

// What is shown can be read again, and is the same configuration.
func TestYAMLCanBeRead(t *testing.T) {
	for _, file := range []string{"../../portico.yaml", "testdata/show.yaml"} {
		c, err := load(file, map[string]string{"REDIS_URL": "redis://x", "CATALOG_URL": "http://catalog", "BODY": "2MiB", "KEYS": "a"})
		if err != nil {
			t.Fatal(err)
		}
		c.Redis.URL, c.Auth.Keys = "", ""
		first := c.YAML()
		again, err := config.Parse(first, noEnv)
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		second := again.YAML()
		if a, b := uncommented(string(first)), uncommented(string(second)); a != b {
			t.Errorf("%s: got\n%s\nwant\n%s", file, b, a)
		}
	}
}
