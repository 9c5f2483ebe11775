package predict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/internal/plan"
	"github.com/portico-gateway/portico/internal/project"
)

// snapshotFile has the calls that the project has agreed to.
const snapshotFile = "operations/calls.json"

// snapshot is what is in the file.
type snapshot struct {
	// Operations are the most calls of each operation, by service.
	Operations map[string]map[string]int `json:"operations"`
	// PerItem are the fields that may make a call for each of many parents.
	PerItem []string `json:"perItem"`
}

// Options say what [Operations] compares.
type Options struct {
	// MaxCalls is the most calls that an operation may make; 0 for no limit.
	MaxCalls int
	// Update writes the snapshot in place of comparing with it.
	Update bool
}

// Operations predicts the calls that each operation document can make at worst. It
// compares them with operations/calls.json: an operation that got more expensive,
// a snapshot that is stale and a new field that makes a call for each item of a
// list (N+1) are mistakes. The error is [project.Diagnostics] with these, or one of
// the file system; the calls are there even with mistakes.
func Operations(of *project.Project, made *plan.Plan, options Options) ([]Calls, error) {
	r := &project.Report{}
	p := &predictor{project: of, plan: made, services: services(of.Root)}
	var all []Calls
	for _, f := range of.Frontends {
		for _, name := range slices.Sorted(maps.Keys(f.Documents)) {
			all = append(all, p.predict(f, name, f.Documents[name]))
		}
	}
	perItem := p.perItem()
	now := snapshot{Operations: map[string]map[string]int{}, PerItem: []string{}}
	for _, c := range all {
		now.Operations[c.Operation] = c.ByService()
		if options.MaxCalls > 0 && c.Total() > options.MaxCalls {
			r.Add(project.Diagnostic{
				File: snapshotFile, Fix: "see above which fields make them",
				Message: fmt.Sprintf("%s makes %d calls at worst, and %d are allowed", c.Operation, c.Total(), options.MaxCalls),
			})
		}
	}
	for _, item := range perItem {
		now.PerItem = append(now.PerItem, item.Field)
	}
	if options.Update {
		if err := writeSnapshot(of.Root, now); err != nil {
			return all, err
		}
		return all, r.Err()
	}
	agreed, err := readSnapshot(of.Root)
	if err != nil {
		return all, err
	}
	compareSnapshots(agreed, now, perItem, r)
	return all, r.Err()
}

const acceptSnapshot = "make it cheaper, or run portico check --update and commit " + snapshotFile

// compareSnapshots reports what got more expensive, and what is stale.
func compareSnapshots(agreed, now snapshot, perItem []PerItem, r *project.Report) {
	for _, item := range perItem {
		if !slices.Contains(agreed.PerItem, item.Field) {
			r.At(item.At, "bind it with {$batch.x} and a key, so that one call serves all; or run portico check --update to accept it",
				"%s makes a call for each item of a list (N+1)", item.Field)
		}
	}
	stale := len(agreed.PerItem) > len(now.PerItem)
	for _, name := range slices.Sorted(maps.Keys(now.Operations)) {
		before, known := agreed.Operations[name]
		if !known || !maps.Equal(before, now.Operations[name]) {
			stale = true
		}
		for _, service := range slices.Sorted(maps.Keys(now.Operations[name])) {
			if n := now.Operations[name][service]; known && n > before[service] {
				r.Add(project.Diagnostic{File: snapshotFile, Message: fmt.Sprintf("%s calls %s %s at worst, and %s before", name, service, times(n),
					times(before[service])), Fix: acceptSnapshot})
			}
		}
	}
	for name := range agreed.Operations {
		stale = stale || now.Operations[name] == nil
	}
	if stale && r.Len() == 0 {
		r.Add(project.Diagnostic{File: snapshotFile, Message: "it is not up to date with the operations", Fix: "run portico check --update and commit it"})
	}
}

func times(n int) string {
	if n == 1 {
		return "1 time"
	}
	return fmt.Sprintf("%d times", n)
}

func readSnapshot(root string) (snapshot, error) {
	var s snapshot
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(snapshotFile)))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return s, project.Diagnostics{{File: snapshotFile, Message: strings.TrimPrefix(err.Error(), "json: "), Fix: "portico check --update writes it anew"}}
	}
	return s, nil
}

func writeSnapshot(root string, s snapshot) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(root, filepath.FromSlash(snapshotFile))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
