package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What a file may have at most. The parser takes quadratic time in the number of keys,
// and its recursion is as deep as brackets are.
const (
	longestFile = 1 << 20
	mostTokens  = 30_000
	deepest     = 50
	mostValues  = 30_000 // with those that aliases repeat
)

// readTree returns the file as a tree, with mistakes of YAML in p; nil if there is none.
func readTree(text []byte, p *problems) *node {
	start := &node{line: 1, column: 1}
	if len(text) > longestFile {
		p.at(start, "", "the file has more than 1MiB: write what differs from the defaults only")
		return nil
	}
	if !utf8.Valid(text) {
		p.at(invalid(text), "", "the file is not UTF-8: save it in this encoding")
		return nil
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	tokens := lexer.Tokenize(string(text))
	if message := tooMuch(tokens); message != "" {
		p.at(start, "", message)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		p.syntax(err, strings.Split(string(text), "\n"))
		return nil
	}
	r := &reader{problems: p, anchors: map[string]*node{}}
	var root *node
	for _, doc := range file.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.DirectiveNode:
		default:
			if root != nil {
				p.at(r.place(body), "", "this is a second document: write one, without ---")
				return root
			}
			root = r.read(body, "")
		}
	}
	switch {
	case root == nil, root.kind == null:
		p.at(start, "", "the file is empty: write what differs from the defaults, such as services: { catalog: { url: http://127.0.0.1:7001 } }")
		return &node{kind: object, line: 1, column: 1}
	case root.kind != object:
		p.at(root, "", "the file must have sections, such as services:, and not "+root.describe())
		return nil
	}
	root.line, root.column = 1, 1
	return root
}

// invalid returns the position of the first byte that is not UTF-8.
func invalid(text []byte) *node {
	n := &node{line: 1, column: 1}
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			return n
		case r == '\n':
			n.line, n.column = n.line+1, 1
		default:
			n.column++
		}
		text = text[size:]
	}
	return n
}

// tooMuch returns why tokens are not parsed; empty if they may be.
func tooMuch(tokens token.Tokens) string {
	if len(tokens) > mostTokens {
		return fmt.Sprintf("the file has more than %d values: write what differs from the defaults only", mostTokens/3)
	}
	depth, line, inLine := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, inLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType:
			inLine++
		}
		if depth > deepest || inLine > deepest || t.Position.IndentLevel > deepest {
			return fmt.Sprintf("line %d is nested more than %d deep", t.Position.Line, deepest)
		}
	}
	return ""
}

// syntax adds the error of the parser, which knows one only.
func (p *problems) syntax(err error, lines []string) {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		p.at(&node{line: 1, column: 1}, "", "it is not YAML: "+yaml.FormatError(err, false, false))
		return
	}
	position := at.GetToken().Position
	n, message := &node{line: position.Line, column: position.Column}, "it is not YAML: "+at.GetMessage()
	if position.Line > 0 && position.Line <= len(lines) {
		line := lines[position.Line-1]
		beforeVariable, _, hasVariable := strings.Cut(line, "${")
		switch indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; {
		case strings.Contains(indent, "\t"):
			message = "the line is indented with a tab: write spaces"
		case hasVariable && strings.ContainsAny(beforeVariable, "{["):
			message = `a variable within braces or brackets must be quoted: write "${NAME}"`
		case strings.HasPrefix(at.GetMessage(), "mapping value is not allowed"):
			message = "a text with a colon and a space must be quoted, and keys must be on lines of their own"
		case strings.HasPrefix(at.GetMessage(), "value is not allowed"):
			message = "the line is indented differently from those beside it"
		}
	}
	p.at(n, "", message)
}

// reader makes nodes of the parser's.
type reader struct {
	*problems
	anchors map[string]*node
}

// place returns a node without a value at the position of n.
func (r *reader) place(n ast.Node) *node {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		n = m.Key
	}
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return &node{line: 1, column: 1}
	}
	return &node{line: max(t.Position.Line, 1), column: max(t.Position.Column, 1)}
}

func (r *reader) read(from ast.Node, path string) *node {
	n := r.place(from)
	switch from := from.(type) {
	case *ast.MappingNode:
		n.kind = object
		for _, v := range from.Values {
			r.add(n, v, path)
		}
	case *ast.MappingValueNode:
		n.kind = object
		r.add(n, from, path)
	case *ast.SequenceNode:
		n.kind = list
		for i, v := range from.Values {
			n.items = append(n.items, r.read(v, fmt.Sprintf("%s[%d]", path, i)))
		}
	case *ast.LiteralNode:
		n.kind, n.text = scalar, from.Value.Value
	case *ast.StringNode:
		n.kind, n.text = scalar, from.Value
	case *ast.AnchorNode:
		n = r.read(from.Value, path)
		r.anchors[from.Name.GetToken().Value] = n
	case *ast.AliasNode:
		name := from.Value.GetToken().Value
		if anchored := r.anchors[name]; anchored != nil {
			return anchored
		}
		r.wrong(n, path, fmt.Sprintf("there is no anchor &%s before *%[1]s", name))
	case *ast.TagNode:
		r.wrong(n, path, "tags such as "+from.Start.Value+" are not supported: write the value only")
	case *ast.NullNode, nil:
	default:
		n.kind, n.text = scalar, strings.TrimSpace(from.GetToken().Value)
	}
	return n
}

// add adds a key with its value, or what << merges, to the object at path.
func (r *reader) add(to *node, v *ast.MappingValueNode, path string) {
	key := r.place(v.Key)
	if v.Key.IsMergeKey() {
		r.merge(to, key, r.read(v.Value, path), path)
		return
	}
	key.text = v.Key.GetToken().Value
	if s, ok := v.Key.(*ast.StringNode); ok {
		key.text = s.Value
	}
	path = join(path, key.text)
	e := &entry{key: *key, value: r.read(v.Value, path)}
	if variable.MatchString(key.text) {
		r.at(key, path, "a key can't be from the environment: write the name")
	}
	other := to.entry(key.text)
	switch {
	case other == nil:
		to.entries = append(to.entries, e)
	case other.merged:
		*other = *e
	default:
		r.at(key, path, fmt.Sprintf("line %d has this key already: keep one of them", other.key.line))
	}
}

// merge adds the keys of the merged object, or of a list of them, that the object at
// path does not have.
func (r *reader) merge(to, at, from *node, path string) {
	for _, n := range append(from.items, from) {
		for _, e := range n.entries {
			if to.entry(e.key.text) == nil {
				to.entries = append(to.entries, &entry{key: e.key, value: e.value, merged: true})
			}
		}
	}
	if from.kind != object && from.kind != list && !r.isDecided(path) {
		r.wrong(at, path, "<< must have an alias of a section, such as *name")
	}
}
