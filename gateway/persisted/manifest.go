package persisted

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"
)

// manifest are the trusted documents of a file. It is immutable.
type manifest struct {
	byID      map[string]string
	documents map[string]bool
	state     fileState
}

// fileState identifies a version of a file. Its numbers are those of what a
// link leads to.
type fileState struct {
	modified time.Time
	size     int64
}

func stateOf(file string) (fileState, error) {
	info, err := os.Stat(file)
	if err != nil {
		return fileState{}, err
	}
	return fileState{info.ModTime(), info.Size()}, nil
}

// largestManifest is the most that a manifest may have.
const largestManifest = 64 << 20

// readManifest reads a file and checks each document of it.
func readManifest(file string, check func(string) error) (*manifest, error) {
	state, err := stateOf(file) // before it is read: what changes meanwhile is read again
	if err != nil {
		return nil, fmt.Errorf("the manifest of trusted documents: %w", err)
	}
	text, err := readFile(file)
	if err != nil {
		return nil, fmt.Errorf("the manifest of trusted documents: %w", err)
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	m.state = state
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(m.byID)) {
		if err := check(m.byID[id]); err != nil {
			errs = append(errs, fmt.Errorf("%s: document %.80q: %w", file, id, err))
		}
	}
	return m, errors.Join(errs...)
}

func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, largestManifest+1))
	if err == nil && len(text) > largestManifest {
		err = &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("it has more than %d bytes", largestManifest)}
	}
	return text, err
}

// parseManifest reads Apollo's format
// (https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#manifest-format)
// or Relay's, an object of documents by their ids.
func parseManifest(text []byte) (*manifest, error) {
	if !json.Valid(text) || !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		return nil, errors.New("it must be a JSON object: a manifest of Apollo or Relay")
	}
	var apollo struct {
		Format     *string `json:"format"`
		Version    int     `json:"version"`
		Operations []struct {
			ID   string `json:"id"`
			Body string `json:"body"`
		} `json:"operations"`
	}
	m := &manifest{byID: map[string]string{}, documents: map[string]bool{}}
	if err := json.Unmarshal(text, &apollo); err == nil && apollo.Format != nil && apollo.Operations != nil {
		if *apollo.Format != "apollo-persisted-query-manifest" || apollo.Version != 1 {
			return nil, fmt.Errorf("format %.80q, version %d, is not known; apollo-persisted-query-manifest, version 1, is", *apollo.Format, apollo.Version)
		}
		for i, operation := range apollo.Operations {
			if err := m.add(operation.ID, operation.Body); err != nil {
				return nil, fmt.Errorf("operation %d: %w", i+1, err)
			}
		}
		return m, nil
	}
	var relay map[string]string
	if err := json.Unmarshal(text, &relay); err != nil {
		return nil, errors.New("it must be a manifest of Apollo, or one of Relay: an object with ids and documents")
	}
	for id, document := range relay {
		if err := m.add(id, document); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *manifest) add(id, document string) error {
	switch have, twice := m.byID[id]; {
	case id == "":
		return errors.New("it has no id")
	case document == "":
		return fmt.Errorf("%.80q has no document", id)
	case twice && have != document:
		return fmt.Errorf("%.80q is there twice, with different documents", id)
	}
	m.byID[id] = document
	m.documents[document] = true
	return nil
}
