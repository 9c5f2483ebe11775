package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/internal/nearest"
	"github.com/portico-gateway/portico/internal/project"
	"github.com/portico-gateway/portico/internal/schemadiff"
)

// side is OLD or NEW: the frontends of a project by their names, or one schema
// that has no name.
type side struct {
	label     string
	frontends map[string]*project.API
	single    bool
}

// sides reads OLD and NEW. All mistakes in both are one error.
func (f diffFlags) sides(ctx context.Context) (old, now side, err error) {
	report := &project.Report{}
	if old, err = f.side(ctx, f.old, report); err != nil {
		return old, now, err
	}
	if now, err = f.side(ctx, f.new, report); err != nil {
		return old, now, err
	}
	if err := report.Err(); err != nil {
		return old, now, err
	}
	if old, err = f.chosen(old, now); err != nil {
		return old, now, err
	}
	if now, err = f.chosen(now, old); err != nil {
		return old, now, err
	}
	if old.single != now.single && f.frontend == "" {
		return old, now, f.whichFrontend(old, now)
	}
	return old, now, nil
}

// chosen returns a side with the frontend that is to be compared.
func (f diffFlags) chosen(s, other side) (side, error) {
	if f.frontend == "" {
		return s, nil
	}
	if s.single {
		s.frontends = map[string]*project.API{f.frontend: s.frontends[""]}
		return s, nil
	}
	api := s.frontends[f.frontend]
	if api == nil && other.frontends[f.frontend] == nil {
		return s, fmt.Errorf("%s has no frontend %s; %s", s.label, f.frontend, nearest.Hint(f.frontend, slices.Collect(maps.Keys(s.frontends))))
	}
	s.frontends = map[string]*project.API{}
	if api != nil {
		s.frontends[f.frontend] = api
	}
	return s, nil
}

func (f diffFlags) whichFrontend(old, now side) error {
	one, all := old, now
	if now.single {
		one, all = now, old
	}
	return fmt.Errorf("%s is one schema, and %s is a project: say which frontend it is with --frontend (%s)", one.label, all.label,
		strings.Join(slices.Sorted(maps.Keys(all.frontends)), ", "))
}

// side reads OLD or NEW. An empty name is the project.
func (f diffFlags) side(ctx context.Context, name string, report *project.Report) (side, error) {
	if revision, ok := strings.CutPrefix(name, "git:"); ok {
		return f.revision(ctx, revision, report)
	}
	if name == "" {
		return readProject(f.dir, "", report)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil && (strings.HasSuffix(name, ".graphqls") || strings.HasSuffix(name, ".graphql")):
		return side{}, err // no revision was meant
	case err != nil:
		return f.revision(ctx, name, report)
	case info.IsDir() && isProject(name):
		prefix := filepath.ToSlash(filepath.Clean(name)) + "/"
		if prefix == "./" {
			prefix = ""
		}
		return readProject(name, prefix, report)
	}
	shared, sources, err := project.ReadFolder(name)
	if err != nil {
		return side{}, err
	}
	api := &project.API{Schema: project.ReadAPI(f.frontend, shared, sources, report)}
	return side{label: name, frontends: map[string]*project.API{"": api}, single: true}, nil
}

func isProject(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, "schema"))
	return err == nil && info.IsDir()
}

func readProject(dir, prefix string, report *project.Report) (side, error) {
	if !isProject(dir) {
		return side{}, fmt.Errorf("%s has no folder schema/: run portico in a project, or give its folder with -C", dir)
	}
	files, err := project.ReadFiles(dir)
	if err != nil {
		return side{}, err
	}
	return ofFiles(dir, files, prefix, report)
}

func (f diffFlags) revision(ctx context.Context, revision string, report *project.Report) (side, error) {
	files, err := gitFiles(ctx, f.dir, revision)
	if err != nil {
		return side{}, err
	}
	return ofFiles(revision, files, revision+":", report)
}

func ofFiles(label string, files project.Files, prefix string, report *project.Report) (side, error) {
	s := side{label: label, frontends: map[string]*project.API{}}
	for _, api := range project.ReadAPIs(files, prefix, report) {
		s.frontends[api.Name] = api
	}
	if len(s.frontends) == 0 {
		return s, fmt.Errorf("%s has no schema: no file schema/<frontend>/*.graphqls", label)
	}
	return s, nil
}

// pair is one frontend of both sides. One of the two is nil if the frontend was
// added or removed.
type pair struct {
	name     string
	old, new *project.API
}

func pairs(old, now side) []pair {
	names := maps.Clone(old.frontends)
	maps.Copy(names, now.frontends)
	var list []pair
	for _, name := range slices.Sorted(maps.Keys(names)) {
		list = append(list, pair{name, old.frontends[name], now.frontends[name]})
	}
	return list
}

// documents returns the operations of a frontend's clients.
func (f diffFlags) documents(p pair) ([]schemadiff.Document, error) {
	found, report := p.old.Documents, &project.Report{}
	if f.operations != "" {
		var err error
		if found, err = project.ReadDocuments(f.operations, p.name, report); err != nil {
			return nil, err
		}
	}
	if f.manifest != "" {
		if p.name != f.frontend {
			return nil, errors.New("--manifest has the documents of one frontend: say which with --frontend")
		}
		text, err := os.ReadFile(f.manifest)
		if err != nil {
			return nil, err
		}
		found = append(slices.Clip(found), project.ReadManifest(f.manifest, string(text), report)...)
	}
	var list []schemadiff.Document
	for _, d := range found {
		doc := schemadiff.Document{Source: d.Source, ID: d.ID}
		if d.ID != "" {
			doc.At = schemadiff.Place{File: d.Source.Name, Line: d.Line, Column: d.Column}
		}
		list = append(list, doc)
	}
	return list, report.Err()
}
