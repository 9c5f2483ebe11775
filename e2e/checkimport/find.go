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
	services, err := services(dir)
	if err != nil {
		return a, false, err
	}
	if len(services) > 0 {
		a.proto, a.files = true, services
		if slices.ContainsFunc(a.files, func(path string) bool { return strings.Contains(path, "/api/") }) {
			a.roots = append(a.roots, filepath.Join(dir, "api"))
		}
	} else {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return a, false, err
		}
		for _, entry := range entries {
			if path := filepath.Join(dir, entry.Name()); !entry.IsDir() && isDocument(path) {
				a.files = append(a.files, path)
			}
		}
		if len(a.files) > 1 {
			return a, false, fmt.Errorf("%s has several documents: %s", dir, strings.Join(a.files, ", "))
		}
	}
	for _, file := range a.files {
		a.bytes += size(file)
	}
	return a, len(a.files) > 0, nil
}

var (
	protoImport  = regexp.MustCompile(`(?m)^\s*import\s+(?:public\s+)?"([^"]+)"`)
	protoService = regexp.MustCompile(`(?m)^\s*service\s+\w+\s*\{`)
)

// services returns the protos below a folder that have services and that no other one imports.
func services(dir string) ([]string, error) {
	var found, imported []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".proto" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, of := range protoImport.FindAllSubmatch(content, -1) {
			imported = append(imported, "/"+string(of[1]))
		}
		if protoService.Match(content) {
			found = append(found, path)
		}
		return nil
	})
	return slices.DeleteFunc(found, func(path string) bool {
		return slices.ContainsFunc(imported, func(name string) bool { return strings.HasSuffix(filepath.ToSlash(path), name) })
	}), err
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
