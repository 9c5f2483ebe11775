package openapi

import (
	"slices"
	"strconv"
)

// node is a value of a document. Members are in the order of the document.
type node struct {
	kind         kind
	text         string   // of a string: itself; of a literal: its JSON
	keys         []string // of an object
	values       []*node  // of an object and of a list
	line, column int      // from 1; 0 if it comes from a conversion
}

type kind uint8

const (
	object kind = iota
	list
	text
	literal // a number, true, false or null
)

// get returns a member of an object; nil if there is none.
func (n *node) get(key string) *node {
	if n == nil || n.kind != object {
		return nil
	}
	if i := slices.Index(n.keys, key); i >= 0 {
		return n.values[i]
	}
	return nil
}

// set adds or replaces a member.
func (n *node) set(key string, value *node) {
	if i := slices.Index(n.keys, key); i >= 0 {
		n.values[i] = value
		return
	}
	n.keys, n.values = append(n.keys, key), append(n.values, value)
}

// filter leaves the members of an object for which keep returns true.
func (n *node) filter(keep func(key string, value *node) bool) {
	keys, values := n.keys[:0], n.values[:0]
	for i, key := range n.keys {
		if keep(key, n.values[i]) {
			keys, values = append(keys, key), append(values, n.values[i])
		}
	}
	clear(n.values[len(values):])
	n.keys, n.values = keys, values
}

// string returns the text of a string, and the JSON of another scalar.
func (n *node) string() string {
	if n == nil {
		return ""
	}
	return n.text
}

// at returns what is at the end of a path of keys and indexes; nil if there is nothing.
func (n *node) at(path []string) *node {
	for _, step := range path {
		if n != nil && n.kind == list {
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(n.values) {
				return nil
			}
			n = n.values[i]
			continue
		}
		n = n.get(step)
	}
	return n
}

func newObject() *node { return &node{kind: object} }

func newText(s string) *node { return &node{kind: text, text: s} }
