package openapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// maxBytes bounds the files of a document together.
const maxBytes = 64 << 20

// files reads the files of a document, each once.
type files struct {
	ctx   context.Context //nolint:containedctx // of one call of Read
	trees map[string]*node
	bytes int64
	host  string // of a URL: other files are there too
}

func newFiles(ctx context.Context, location string) *files {
	f := &files{ctx: ctx, trees: map[string]*node{}}
	if isURL(location) {
		if u, err := url.Parse(location); err == nil {
			f.host = u.Host
		}
	}
	return f
}

func isURL(location string) bool {
	return strings.HasPrefix(location, "http://") || strings.HasPrefix(location, "https://")
}

func (f *files) read(location string) ([]byte, error) {
	source, err := f.open(location)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(location); err == nil && info.IsDir() {
		_ = source.Close()
		return nil, &Error{File: location, Message: "it is a folder", Fix: "give the document itself, such as openapi.yaml, which refers to the other files"}
	}
	content, err := io.ReadAll(io.LimitReader(source, maxBytes-f.bytes+1))
	if err = errors.Join(err, source.Close()); err != nil {
		return nil, err
	}
	if f.bytes += int64(len(content)); f.bytes > maxBytes {
		return nil, &Error{File: location, Message: fmt.Sprintf("the document and what it refers to have more than %d MiB", maxBytes>>20)}
	}
	return content, nil
}

func (f *files) open(location string) (io.ReadCloser, error) {
	if !isURL(location) {
		return os.Open(location)
	}
	request, err := http.NewRequestWithContext(f.ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/yaml, application/json, */*;q=0.5")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s answers with %s", location, response.Status), response.Body.Close())
	}
	return response.Body, nil
}

// tree returns the tree of a file.
func (f *files) tree(location string) (*node, error) {
	if n := f.trees[location]; n != nil {
		return n, nil
	}
	content, err := f.read(location)
	if err != nil {
		return nil, err
	}
	n, _, err := parse(location, content)
	if err == nil {
		f.trees[location] = n
	}
	return n, err
}

// resolve returns the file that a reference in another one names.
func (f *files) resolve(from, name string) (string, error) {
	if name == "" {
		return from, nil
	}
	if isURL(from) || isURL(name) {
		base, err := url.Parse(from)
		if err != nil {
			return "", err
		}
		to, err := base.Parse(name)
		if err != nil {
			return "", err
		}
		if to.Host != f.host {
			return "", errors.New("it is on another host")
		}
		return to.String(), nil
	}
	switch filepath.Ext(name) {
	case ".yaml", ".yml", ".json":
		return filepath.Join(filepath.Dir(from), filepath.FromSlash(name)), nil
	}
	return "", errors.New("it is not a file .yaml, .yml or .json")
}

// bundle makes one document of several files: what a reference to another file leads to becomes a component, or takes the
// reference's place if it can't be one.
type bundle struct {
	*files
	source  *Source
	names   map[string]string // of components, by what they are made of
	visited map[*node]bool
}

func newBundle(f *files, s *Source) *bundle {
	return &bundle{files: f, source: s, names: map[string]string{}, visited: map[*node]bool{}}
}

// section is where components of a rule are; nil if they can't be components.
func (b *bundle) section(rule string) []string {
	v3 := map[string]string{
		"schema": "schemas", "parameter": "parameters", "response": "responses", "body": "requestBodies", "header": "headers", "example": "examples",
	}[rule]
	if !b.source.swagger() {
		if v3 == "" {
			return nil
		}
		return []string{"components", v3}
	}
	if v2 := map[string]string{"schema": "definitions", "parameter": "parameters", "response": "responses"}[rule]; v2 != "" {
		return []string{v2}
	}
	return nil
}

// walk follows the references in a value of a rule, which is in a file.
func (b *bundle) walk(n *node, rule, file string) error {
	if b.visited[n] {
		return nil
	}
	b.visited[n] = true
	if err := b.mapping(n, rule, file); err != nil {
		return err
	}
	var slots []slot // components are added on the way
	for s := range b.source.rules.children(n, rule) {
		slots = append(slots, s)
	}
	for _, s := range slots {
		if err := b.slot(s, file); err != nil {
			return err
		}
	}
	return nil
}

func (b *bundle) slot(s slot, file string) error {
	for range 64 {
		ref := s.value().get("$ref")
		if ref == nil || ref.kind != text {
			return b.walk(s.value(), s.rule, file)
		}
		to, pointer, target, err := b.target(ref, file)
		var missing *Error
		if errors.As(err, &missing) && (s.rule == "schema" || s.rule == "example") { // of which nothing else depends on
			b.source.Missing = append(b.source.Missing, missing)
			s.of.values[s.i] = newObject()
			return nil
		}
		if err != nil {
			return err
		}
		section := b.section(s.rule)
		switch {
		case section != nil && !b.visited[s.value()]:
			b.visited[s.value()] = true
			ref.text, err = b.component(to, pointer, target, s.rule)
			return err
		case section != nil:
			return nil
		}
		s.of.values[s.i], file = target, to
	}
	return &Error{File: file, Message: "references lead in a circle"}
}

// unescaped returns a step of a JSON pointer (RFC 6901).
func unescaped(step string) string { return strings.NewReplacer("~1", "/", "~0", "~").Replace(step) }

// target returns what a reference leads to.
func (b *bundle) target(ref *node, file string) (to string, pointer []string, target *node, err error) {
	fail := func(message string) error {
		return &Error{File: file, Line: ref.line, Column: ref.column, Message: message}
	}
	name, fragment, _ := strings.Cut(ref.text, "#")
	if to, err = b.resolve(file, name); err != nil {
		return "", nil, nil, fail(fmt.Sprintf("the reference %s can't be followed: %s", ref.text, err))
	}
	tree, err := b.tree(to)
	if _, ok := errors.AsType[*Error](err); ok {
		return "", nil, nil, err
	} else if err != nil {
		return "", nil, nil, fail(fmt.Sprintf("the reference %s can't be followed: %s", ref.text, err))
	}
	if decoded, err := url.PathUnescape(fragment); err == nil {
		fragment = decoded
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(fragment, "/"), "/") {
		if fragment != "" && fragment != "/" {
			pointer = append(pointer, unescaped(step))
		}
	}
	if target = tree.at(pointer); target == nil || target.kind == text {
		return "", nil, nil, fail("the reference " + ref.text + " leads nowhere")
	}
	return to, pointer, target, nil
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// component makes a component of a value, unless it is one, and returns the reference to it.
func (b *bundle) component(file string, pointer []string, value *node, rule string) (string, error) {
	section := b.section(rule)
	reference := func(name string) string {
		return "#/" + strings.Join(append(slices.Clone(section), strings.NewReplacer("~", "~0", "/", "~1").Replace(name)), "/")
	}
	own := len(pointer) == len(section)+1 && slices.Equal(pointer[:len(section)], section)
	if file == b.source.location && own {
		return reference(pointer[len(section)]), nil
	}
	key := rule + " " + file + "#" + strings.Join(pointer, "/")
	if name := b.names[key]; name != "" {
		return reference(name), nil
	}
	to := b.source.root
	for _, step := range section {
		if to.get(step) == nil {
			to.set(step, newObject())
		}
		to = to.get(step)
	}
	want := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if len(pointer) > 0 {
		want = pointer[len(pointer)-1]
		if !own && len(pointer) > len(section)+1 && slices.Equal(pointer[:len(section)], section) { // a part of a component
			want = strings.Join(append([]string{pointer[len(section)]}, want), "_")
		}
	}
	want = strings.Trim(notInName.ReplaceAllString(want, "_"), "_")
	name := want
	for i := 2; name == "" || to.get(name) != nil; i++ {
		name = fmt.Sprintf("%s%d", want, i)
	}
	b.names[key] = name
	to.set(name, value)
	return reference(name), b.slot(slot{to, len(to.keys) - 1, rule}, file)
}

// mapping follows the references of a discriminator.
func (b *bundle) mapping(n *node, rule, file string) error {
	values := n.get("discriminator").get("mapping")
	if rule != "schema" || values == nil || values.kind != object {
		return nil
	}
	for _, v := range values.values {
		if v.kind != text || !strings.ContainsAny(v.text, "#/") && filepath.Ext(v.text) == "" || b.visited[v] {
			continue // it is a name
		}
		b.visited[v] = true
		to, pointer, target, err := b.target(v, file)
		if err != nil {
			continue // it is a name that looks like a file
		}
		if v.text, err = b.component(to, pointer, target, "schema"); err != nil {
			return err
		}
	}
	return nil
}
