package openapi

import (
	"slices"
	"strings"
)

// prune leaves the selected operations and what they refer to.
func (s *Source) prune(selected []Operation) {
	paths := s.root.get("paths")
	if paths == nil || paths.kind != object {
		paths = newObject()
		s.root.set("paths", paths)
	}
	chosen := map[string][]string{}
	for _, op := range selected {
		chosen[op.Path] = append(chosen[op.Path], strings.ToLower(op.Method))
	}
	paths.filter(func(path string, item *node) bool {
		if chosen[path] == nil {
			return false
		}
		item.filter(func(key string, _ *node) bool {
			return s.rules["path"][key].rule != "operation" || slices.Contains(chosen[path], key)
		})
		return true
	})
	s.rules.clean(s.root, "document", map[*node]bool{})
	reached := map[*node]bool{}
	for i := range paths.values {
		s.reach(paths.values[i], "path", reached)
	}
	sections := []*node{s.root.get("definitions"), s.root.get("parameters"), s.root.get("responses")}
	if components := s.root.get("components"); components != nil && !s.swagger() {
		sections = components.values
	}
	for _, section := range sections {
		if section != nil && section.kind == object {
			section.filter(func(_ string, value *node) bool { return reached[value] })
		}
	}
	if info := s.root.get("info"); info == nil || info.kind != object {
		s.root.set("info", newObject())
	}
	for _, name := range []string{"title", "version"} {
		if info := s.root.get("info"); info.get(name) == nil {
			info.set(name, newText(""))
		}
	}
}

// reach marks what a value of a rule refers to.
func (s *Source) reach(n *node, rule string, reached map[*node]bool) {
	if reached[n] {
		return
	}
	reached[n] = true
	if ref := n.get("$ref"); ref != nil {
		s.reachRef(ref.text, rule, reached)
	}
	if rule == "schema" {
		if mapping := n.get("discriminator").get("mapping"); mapping != nil && mapping.kind == object {
			for _, v := range mapping.values {
				s.reachRef(v.text, rule, reached)
			}
		}
	}
	for child := range s.rules.children(n, rule) {
		s.reach(child.value(), child.rule, reached)
	}
}

func (s *Source) reachRef(ref, rule string, reached map[*node]bool) {
	pointer, ok := strings.CutPrefix(ref, "#/")
	if !ok { // the name of a schema, in a discriminator
		pointer = "components/schemas/" + ref
		if s.swagger() {
			pointer = "definitions/" + ref
		}
	}
	steps := strings.Split(pointer, "/")
	for i := range steps {
		steps[i] = unescaped(steps[i])
	}
	if target := s.root.at(steps); target != nil {
		s.reach(target, rule, reached)
	}
}
