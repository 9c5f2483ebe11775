package importer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/portico-gateway/portico/internal/openapi"
)

// otherDocument refuses a document of another format than that which the service has.
func otherDocument(o Options, path string) error {
	other := strings.TrimSuffix(path, filepath.Ext(path)) + map[string]string{".json": ".yaml", ".yaml": ".json"}[filepath.Ext(path)]
	if _, err := os.Stat(filepath.Join(o.Dir, other)); err == nil {
		return &MistakeError{File: other, Message: "this is the service's document so far, and the new one would be " + path, Fix: "remove " + other}
	}
	return nil
}

// existingDocument is the file of the document that the service has; "" if it has none.
func existingDocument(o Options) string {
	for _, extension := range []string{".yaml", ".yml", ".json"} {
		file := filepath.Join(o.Dir, "clients", o.Service, "openapi"+extension)
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// operationsBefore are the operations that the service's document in the project has: other drafts need them.
func (o Options) operationsBefore(ctx context.Context) map[string]bool {
	file := existingDocument(o)
	if file == "" || o.isBase {
		return nil
	}
	source, err := openapi.Read(ctx, file)
	if err != nil {
		return nil // generate reports it; the new document replaces it
	}
	before := map[string]bool{}
	for _, op := range source.Operations() {
		before[op.Method+" "+op.Path] = true
	}
	return before
}

// sameFile reports whether two names are of one file.
func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	return err == nil && otherErr == nil && os.SameFile(one, other)
}

// documentMistake returns an error of a document as one of the import.
func documentMistake(err error) error {
	if e, ok := errors.AsType[*openapi.Error](err); ok {
		m := MistakeError(*e)
		return &m
	}
	return err
}
