package bindgen_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/portico-gateway/portico/internal/bindgen"
)

// small is a project with two frontends.
func small(t *testing.T) string {
	t.Helper()
	text := []byte("type Query { a: String @rest(service: \"s\", get: \"/a\", select: \"a\") }\n")
	return materialise(t, &txtar.Archive{Files: []txtar.File{{Name: "schema/web/a.graphqls", Data: text}, {Name: "schema/tv/a.graphqls", Data: text}}})
}

// A run that is interrupted after any of its steps leaves nothing behind.
func TestInterruptedRuns(t *testing.T) {
	for _, step := range []string{"read", "plan", "models", "clients", "tv", "web"} {
		t.Run(step, func(t *testing.T) {
			dir := small(t)
			before := snapshot(t, dir)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			err := bindgen.Generate(ctx, dir, func(s bindgen.Step) {
				if s.Name == step {
					interrupt()
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if changed := diff(before, snapshot(t, dir)); len(changed) > 0 {
				t.Errorf("it left %v", changed)
			}
		})
	}
}

// What a killed run left is removed by the next, unless its process still runs.
func TestLeftovers(t *testing.T) {
	dir := small(t)
	const gone = 1 << 30 // more than the largest number of a process
	for _, name := range []string{fmt.Sprintf(".portico-generate-%d-1", gone), fmt.Sprintf(".portico-generate-%d-1", os.Getppid()), ".portico-generate-old"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "graph"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := bindgen.Generate(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".portico-generate-*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != fmt.Sprintf(".portico-generate-%d-1", os.Getppid()) {
		t.Errorf("left: %v, %v", left, err)
	}
}
