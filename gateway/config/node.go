package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// kind is what a value of YAML is.
type kind int

const (
	null kind = iota
	scalar
	list
	object
)

// node is a value of the file, with its position.
type node struct {
	kind         kind
	line, column int
	text         string   // of a scalar, after variables have been replaced
	from         []string // the variables of the environment that text is from
	expanded     bool     // text has no variables any more
	secret       bool     // text must not be shown
	fallback     string   // what the setting is by default, as it is written; empty if that is unknown
	items        []*node
	entries      []*entry
}

// entry is a key of an object with its value.
type entry struct {
	key    node
	value  *node
	merged bool // by <<: the object may have a value of its own
}

// hide marks a value, and all that it has, as a secret.
func (n *node) hide() {
	if n.secret { // an alias repeats it
		return
	}
	n.secret = true
	for _, item := range n.items {
		item.hide()
	}
	for _, e := range n.entries {
		e.value.hide()
	}
}

// item returns an item of a list.
func (n *node) item(i int) *node {
	if i < len(n.items) {
		return n.items[i]
	}
	return n
}

func (n *node) entry(key string) *entry {
	if n == nil {
		return nil
	}
	i := slices.IndexFunc(n.entries, func(e *entry) bool { return e.key.text == key })
	if i < 0 {
		return nil
	}
	return n.entries[i]
}

// find returns the value at a path, nil if the file does not have it, and the node with
// the position of mistakes of it: the value itself or else the key of the innermost
// section that the file has.
func (n *node) find(path string) (value, position *node) {
	value, position = n, n
	for path != "" {
		name, rest := value.next(path)
		if name == nil {
			return nil, position
		}
		value, path = name.value, rest
		position = &name.key
	}
	if value.kind == scalar || value.kind == list {
		position = value
	}
	return value, position
}

// has reports whether the file has a value at path.
func (n *node) has(path string) bool {
	value, _ := n.find(path)
	return value != nil
}

// next returns the part of a value that a path begins with, and the rest of the path.
// Names may have dots, so the longest name counts.
func (n *node) next(path string) (part *entry, rest string) {
	if index, after, found := strings.Cut(path, "]"); found && path[0] == '[' {
		i, err := strconv.Atoi(index[1:])
		if err != nil || i >= len(n.items) {
			return nil, ""
		}
		item := n.items[i]
		return &entry{key: *item, value: item}, strings.TrimPrefix(after, ".")
	}
	for _, e := range n.entries {
		if within(path, e.key.text) && (part == nil || len(e.key.text) > len(part.key.text)) {
			part, rest = e, strings.TrimPrefix(path[len(e.key.text):], ".")
		}
	}
	return part, rest
}

// describe names the kind of a value in messages.
func (n *node) describe() string {
	switch n.kind {
	case list:
		return "a list"
	case object:
		return "a section"
	case null:
		return "nothing"
	}
	if n.secret || len(n.text) > 60 {
		return "a text"
	}
	return strconv.Quote(n.text)
}

// source says from which variables the value is.
func (n *node) source() string {
	if n == nil || len(n.from) == 0 {
		return ""
	}
	return " (from " + strings.Join(n.from, ", ") + ")"
}

// variables returns those that a value, or what it has, is from.
func (n *node) variables() []string {
	names := slices.Clone(n.from)
	for _, item := range n.items {
		names = append(names, item.variables()...)
	}
	for _, e := range n.entries {
		names = append(names, e.value.variables()...)
	}
	return names
}

var amount = regexp.MustCompile(`^-?\.?[0-9][0-9A-Za-z.]*$`)

// shown returns the value for the beginning of a message that does not have it. Only
// amounts are shown: other texts may have passwords.
func (n *node) shown(message string) string {
	if n.secret || !amount.MatchString(n.text) || !strings.HasPrefix(message, "must ") {
		return ""
	}
	return strconv.Quote(n.text) + " "
}

// usual returns the default of the setting at path.
func (n *node) usual(path string) string {
	if n == nil || n.fallback == "" || n.fallback == n.text || strings.HasPrefix(path, "frontends.") {
		return ""
	}
	return "; the default is " + n.fallback
}
