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

	"github.com/portico-gateway/portico/internal/project"
)

// snapshotFile has the calls that the project has accepted.
const snapshotFile = "operations/calls.json"

// snapshot is the content of the file.
type snapshot struct {
	// Operations are the most calls of each operation, by service.
	Operations map[string]map[string]int `json:"operations"`
	// PerItem are the fields that make a call for each item of a list.
	PerItem []string `json:"perItem"`
}

const acceptSnapshot = "make fewer calls, or run portico check --update and commit " + snapshotFile

// compareSnapshots reports operations that make more calls than before, new
// fields with N+1, and a stale snapshot.
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
