package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what the tests get into testdata")

// runDiff runs the command. The result has what it prints, and its exit code.
func runDiff(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out, failed strings.Builder
	code := exitCode(run(t.Context(), append([]string{"diff"}, args...), &out), &failed)
	return out.String() + failed.String(), code
}

// Each archive has two schemas, operations and usage. Changes are compared without
// knowledge of clients, with operations, and with usage alone.
func TestDiff(t *testing.T) {
	files, err := filepath.Glob("testdata/diff/*.txtar")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d archives: %v", len(files), err)
	}
	for _, file := range files {
		file, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			kept := archive.Files[:0]
			want := map[string]string{}
			for _, f := range archive.Files {
				if strings.HasPrefix(f.Name, "want") {
					want[f.Name] = string(f.Data)
					continue
				}
				kept = append(kept, f)
				put(t, filepath.Join(dir, f.Name), string(f.Data))
			}
			archive.Files = kept
			t.Chdir(dir)
			for _, c := range []struct {
				name string
				args []string
			}{
				{"want", nil},
				{"want-operations", []string{"--operations", "operations", "--ignore-unused"}},
				{"want-usage", []string{"--usage", "usage.jsonl", "--ignore-unused"}},
			} {
				out, code := runDiff(t, append([]string{"old.graphqls", "new.graphqls", "--frontend", "web"}, c.args...)...)
				out += fmt.Sprintf("exit %d\n", code)
				archive.Files = append(archive.Files, txtar.File{Name: c.name, Data: []byte(out)})
				if !*update && out != want[c.name] {
					t.Errorf("%s:\n%s\nwant:\n%s", c.name, out, want[c.name])
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
