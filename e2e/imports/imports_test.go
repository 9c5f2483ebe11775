// Package imports_test checks who imports whom. The rules are those of depguard
// in .golangci.yml; the linter reports where in a file one is broken, but it
// skips generated files and packages without a rule.
package imports_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const (
	module = "github.com/portico-gateway/portico"
	root   = "../.." // the repository
)

// rule is a rule of depguard.
type rule struct {
	Files    []string `yaml:"files"`
	ListMode string   `yaml:"list-mode"`
	Allow    []string `yaml:"allow"`
	Deny     []struct {
		Pkg string `yaml:"pkg"`
	} `yaml:"deny"`
}

// appliesTo reports whether a file, relative to the repository, is subject to
// the rule.
func (r rule) appliesTo(file string) bool {
	applies := false
	for _, pattern := range r.Files {
		pattern, excluded := strings.CutPrefix(pattern, "!")
		if glob, ok := strings.CutPrefix(pattern, "${config-path}/"); ok && matches(glob, file) {
			if excluded {
				return false
			}
			applies = true
		}
	}
	return applies
}

func matches(glob, file string) bool {
	expression := strings.NewReplacer(`\*\*`, ".*", `\*`, "[^/]*").Replace(regexp.QuoteMeta(glob))
	return regexp.MustCompile("^" + expression + "$").MatchString(file)
}

// permits reports whether the rule permits an import: the longest entry that
// matches decides, and what no entry matches is permitted.
func (r rule) permits(path string) bool {
	allowed, denied := -1, -1
	for _, entry := range r.Allow {
		if covers(entry, path) {
			allowed = max(allowed, len(entry))
		}
	}
	for _, entry := range r.Deny {
		if covers(entry.Pkg, path) {
			denied = max(denied, len(entry.Pkg))
		}
	}
	return allowed > denied || denied < 0
}

func covers(entry, path string) bool {
	if exact, ok := strings.CutSuffix(entry, "$"); ok {
		return path == exact
	}
	return strings.HasPrefix(path, entry)
}

func readRules(t *testing.T) map[string]rule {
	t.Helper()
	text, err := os.ReadFile(root + "/.golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]rule `yaml:"rules"`
				} `yaml:"depguard"`
			} `yaml:"settings"`
		} `yaml:"linters"`
	}
	// A key that overrides one of << is a duplicate to this parser.
	if err := yaml.UnmarshalWithOptions(text, &config, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatal(err)
	}
	return config.Linters.Settings.Depguard.Rules
}

// sources returns the imports of each Go file of the module but tests, by the
// file's path in the repository. It reads the files itself, so that a cached
// result of the test depends on them.
func sources(t *testing.T) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	repository := os.DirFS(root)
	err := fs.WalkDir(repository, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skip(repository, file)
		}
		if path.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path.Join(root, file), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		imports[file] = []string{}
		for _, spec := range parsed.Imports {
			imports[file] = append(imports[file], strings.Trim(spec.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return imports
}

// skip leaves out the folders that have no packages of the module, as the go
// command does.
func skip(repository fs.FS, folder string) error {
	name := path.Base(folder)
	if folder == "." {
		return nil
	}
	if name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(repository, path.Join(folder, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// everywhere is the rule for all files, which each have another besides.
const everywhere = "observability"

func TestImports(t *testing.T) {
	rules := readRules(t)
	files := sources(t)
	if len(files) == 0 {
		t.Fatal("there are no Go files")
	}
	for file, imports := range files {
		ruled := strings.HasPrefix(file, "e2e/") || file == "tools.go" // which may import everything
		for name, r := range rules {
			if !r.appliesTo(file) {
				continue
			}
			ruled = ruled || name != everywhere
			for _, path := range imports {
				if !r.permits(path) {
					t.Errorf("%s imports %s, which the rule %s in .golangci.yml does not allow", file, path, name)
				}
			}
		}
		if !ruled {
			t.Errorf("%s has no rule in .golangci.yml: list what its package may import", file)
		}
	}
}

// The rules say what docs/ARCHITECTURE.md says.
func TestRules(t *testing.T) {
	rules := readRules(t)
	for _, test := range []struct {
		from    string
		allowed []string
		refused []string
	}{
		{"cmd/gateway", []string{"clients", "graph", "gateway/server", "internal/bindgen"}, []string{"demo", "e2e", "bench/cache"}},
		{"resolvers", []string{"graph/model", "clients", "clients/orders", "gateway/loader", "gateway/problem", "gateway/auth", "gateway/access"},
			[]string{"graph", "graph/web", "gateway/upstream", "gateway/server", "internal/nearest"}},
		{"graph/web", []string{"resolvers", "clients", "gateway/execute", "graph/model"}, []string{"cmd/gateway", "internal/bindgen", "demo"}},
		{"graph/model", nil, []string{"gateway/problem", "clients", "graph"}},
		{"clients/orders", []string{"clients/money", "graph/model", "gateway/upstream", "gateway/decode", "gateway/loader", "gateway/problem"},
			[]string{"gateway/cache", "gateway/execute", "resolvers", "graph/web"}},
		{"gateway/server", []string{"gateway/cache", "gateway/cachecontrol", "gateway/transport"}, []string{"graph", "clients", "internal/nearest"}},
		{"gateway/cache", []string{"gateway/problem", "gateway/redis"}, []string{"gateway/cachecontrol", "gateway/server", "gateway/provenance"}},
		{"gateway/transport", []string{"gateway/problem", "gateway/answer"}, []string{"gateway/execute", "gateway/document", "gateway/operation", "gateway/server"}},
		{"gateway/operation", []string{"gateway/answer", "gateway/execute"}, []string{"gateway/server", "gateway/config", "gateway/upstream"}},
		{"gateway/answer", []string{"gateway/cache"}, []string{"gateway/operation", "gateway/document", "gateway/execute", "gateway/transport"}},
		{"gateway/directive", nil, []string{"gateway/problem", "gateway/input", "internal/nearest"}},
		{"gateway/observe", []string{"go.opentelemetry.io/otel"}, []string{"gateway/problem"}},
		{"gateway/upstream", nil, []string{"go.opentelemetry.io/otel", "github.com/prometheus/client_golang/prometheus"}},
		{"internal/project", []string{"internal/binding", "gateway/directive"}, []string{"internal/plan", "internal/bindgen", "gateway/config"}},
		{"internal/plan", []string{"internal/project"}, []string{"internal/golang", "gateway/cost"}},
		{"internal/golang", []string{"internal/plan", "internal/binding", "gateway/directive"}, []string{"internal/project", "gateway/input"}},
		{"internal/predict", []string{"internal/plan", "internal/project", "gateway/config"}, []string{"internal/golang", "gateway/input"}},
		{"internal/bindgen", []string{"internal/golang", "internal/predict"}, []string{"internal/importer", "gateway/execute"}},
		{"internal/importer", []string{"internal/nearest"}, []string{"internal/binding", "internal/bindgen", "gateway/problem"}},
		{"internal/mock", []string{"internal/bindgen", "internal/plan"}, []string{"internal/golang", "internal/importer", "gateway/config"}},
		{"demo", []string{"demo/internal/shop"}, []string{"clients", "gateway/problem", "bench/cache"}},
		{"bench/cache", []string{"demo", "gateway/server"}, []string{"e2e/browser"}},
	} {
		permitted := func(path string) bool {
			if !strings.Contains(strings.Split(path, "/")[0], ".") {
				path = module + "/" + path
			}
			permitted := true
			for _, r := range rules {
				permitted = permitted && (!r.appliesTo(test.from+"/file.go") || r.permits(path))
			}
			return permitted
		}
		for _, path := range slices.Concat(test.allowed, test.refused) {
			if got, want := permitted(path), slices.Contains(test.allowed, path); got != want {
				t.Errorf("%s may import %s: %v, want %v", test.from, path, got, want)
			}
		}
	}
}
