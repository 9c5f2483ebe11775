package bindgen_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/internal/bindgen"
	"github.com/portico-gateway/portico/internal/predict"
)

// TestChecks runs the cases of testdata/checks: projects, and the calls and
// mistakes that a check reports. A check must not change the project.
func TestChecks(t *testing.T) {
	for _, file := range cases(t, "checks") {
		t.Run(name(file), func(t *testing.T) {
			archive := parse(t, file)
			dir := materialise(t, archive)
			var options predict.Options
			for _, f := range archive.Files {
				if f.Name == "max-calls" {
					options.MaxCalls, _ = strconv.Atoi(strings.TrimSpace(string(f.Data)))
				}
			}
			before := snapshot(t, dir)
			calls, err := bindgen.Check(t.Context(), dir, options, nil)
			var got strings.Builder
			for _, c := range calls {
				fmt.Fprintf(&got, "%s %d %v\n", c.Operation, c.Total(), c.ByService())
				for _, s := range c.Steps {
					fmt.Fprintf(&got, "  %s %s %s %d of %d each %t at %s\n", s.Service, s.What, s.Path, s.Count, s.Parents, s.Each, s.At)
				}
				for _, field := range c.Unknown {
					fmt.Fprintf(&got, "  unknown: %s\n", field)
				}
			}
			var mistakes bindgen.Diagnostics
			if err != nil && !errors.As(err, &mistakes) {
				t.Fatal(err)
			}
			compare(t, file, archive, wantFile, got.String()+mistakes.Error()+"\n")
			if after := snapshot(t, dir); len(diff(before, after)) > 0 {
				t.Errorf("a check changed %v", diff(before, after))
			}
		})
	}
}

// An update is agreed to: the check that follows has nothing to say.
func TestCheckUpdate(t *testing.T) {
	for _, file := range cases(t, "checks") {
		dir := materialise(t, parse(t, file))
		if _, err := bindgen.Check(t.Context(), dir, predict.Options{Update: true}, nil); err != nil {
			continue // it has mistakes that an update does not correct
		}
		if _, err := bindgen.Check(t.Context(), dir, predict.Options{}, nil); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
