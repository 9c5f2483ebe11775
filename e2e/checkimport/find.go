package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// find returns the entries of folders.
func find(dirs []string) ([]api, error) {
	var all []api
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			path := filepath.Join(dir, entry.Name())
			a, ok := single(path)
			if entry.IsDir() {
				if a, ok, err = folder(path); err != nil {
					return nil, err
				}
			}
			if ok {
				all = append(all, a)
			}
		}
	}
	return all, nil
}

var version = regexp.MustCompile(`(?m)^(openapi|swagger)["']?\s*:|^\s*\{?\s*"(openapi|swagger)"\s*:`)

// isDocument reports whether a file is the root of an OpenAPI document.
func isDocument(path string) bool {
	switch filepath.Ext(path) {
	case ".json", ".yaml", ".yml":
		content, err := os.ReadFile(path)
		return err == nil && version.Match(content)
	}
	return false
}

func single(path string) (api, bool) {
	a := api{name: strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), files: []string{path}, proto: filepath.Ext(path) == ".proto"}
	a.bytes = size(path)
	return a, a.proto || isDocument(path)
}

// folder returns the entry that a folder is: the protos below it that have services and that no other one imports, or its document.
func folder(dir string) (api, bool, error) {
	a := api{name: filepath.Base(dir), roots: []string{dir}}
	services, imported := []string{}, map[string]bool{}
	nested := false
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			nested = nested || d != nil && d.IsDir() && path != dir
			return err
		}
		if filepath.Ext(path) != ".proto" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range regexp.MustCompile(`(?m)^\s*import\s+(?:public\s+)?"([^"]+)"`).FindAllSubmatch(content, -1) {
			imported[string(found[1])] = true
		}
		if regexp.MustCompile(`(?m)^\s*service\s+\w+\s*\{`).Match(content) {
			services = append(services, path)
		}
		return nil
	})
	if err != nil {
		return a, false, err
	}
	if len(services) > 0 {
		a.proto = true
		a.files = slices.DeleteFunc(services, func(path string) bool {
			for name := range imported {
				if strings.HasSuffix(filepath.ToSlash(path), "/"+name) {
					return true
				}
			}
			return false
		})
		if slices.ContainsFunc(a.files, func(path string) bool { return filepath.Dir(path) != dir && strings.Contains(path, "/api/") }) {
			a.roots = append(a.roots, filepath.Join(dir, "api"))
		}
		for _, file := range a.files {
			a.bytes += size(file)
		}
		return a, len(a.files) > 0, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return a, false, err
	}
	for _, entry := range entries {
		if path := filepath.Join(dir, entry.Name()); !entry.IsDir() && isDocument(path) {
			a.files = append(a.files, path)
			a.bytes += size(path)
		}
	}
	if len(a.files) > 1 {
		return a, false, fmt.Errorf("%s has several documents: %s", dir, strings.Join(a.files, ", "))
	}
	return a, len(a.files) == 1, nil
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
