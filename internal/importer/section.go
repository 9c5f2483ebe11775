package importer

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
)

// outline is a schema as its definitions, by lines.
type outline struct {
	header      []string // the comments at the beginning, if an empty line follows
	definitions []*section
	rest        []string // what follows the last definition
}

// section is a definition or a member of one, with its description and the comments before it.
type section struct {
	key   string // what it is called: two schemas have it if both have the key
	first bool   // it is the first one of its schema or definition
	lead  int    // empty lines before it
	lines []string

	// head and tail are the lines before and after the members, which are nil if they are not on lines of their own.
	head, tail []string
	members    []*section
}

// outlineOf returns the outline of a schema. Its error is a [*MistakeError].
func outlineOf(file string, content []byte) (*outline, error) {
	lines := splitLines(content)
	markers, err := mark(file, string(content))
	if err != nil {
		return nil, err
	}
	definitions, rest, err := sectionsOf(file, lines, markers, 0, len(lines))
	if err != nil {
		return nil, err
	}
	out := &outline{definitions: definitions, rest: rest}
	if len(definitions) > 0 {
		first := definitions[0]
		n := slices.IndexFunc(first.lines, func(line string) bool { return !strings.HasPrefix(line, "#") })
		if n > 0 && isEmptyLine(first.lines[n]) {
			out.header, first.lines = first.lines[:n], first.lines[n:]
			first.head = first.head[min(n, len(first.head)):]
			for isEmptyLine(first.lines[0]) {
				first.lines, first.lead = first.lines[1:], first.lead+1
				first.head = first.head[min(1, len(first.head)):]
			}
		}
	}
	return out, nil
}

func isEmptyLine(line string) bool { return strings.TrimSpace(line) == "" }

// sectionsOf returns the sections of the lines from one to before another, and the lines after the last of them.
func sectionsOf(file string, lines []string, markers []*marker, from, to int) (list []*section, rest []string, err error) {
	keys := map[string]int{}
	for i, m := range markers {
		if m.from < from {
			return nil, nil, &MistakeError{File: file, Line: m.from + 1, Message: "two definitions on one line can't be merged with the document",
				Fix: "write each on a line of its own"}
		}
		s := &section{key: m.key, first: i == 0, lines: lines[from : m.to+1]}
		if keys[m.key]++; keys[m.key] > 1 { // extend type Query may be there several times
			s.key += "#" + strconv.Itoa(keys[m.key])
		}
		for isEmptyLine(s.lines[0]) {
			s.lines, s.lead = s.lines[1:], s.lead+1
		}
		if n := len(m.members); n > 0 && m.members[0].from > m.open && m.members[n-1].to < m.to {
			s.head = lines[from+s.lead : m.open+1]
			if s.members, s.tail, err = sectionsOf(file, lines, m.members, m.open+1, m.to+1); err != nil {
				s.head, s.members, s.tail = nil, nil, nil // members on one line are merged as lines
			}
		}
		from, list = m.to+1, append(list, s)
	}
	return list, lines[from:to], nil
}

// marker is where a definition or a member is: the numbers of the lines of its first and its last token, and of the brace before its members.
type marker struct {
	key            string
	from, open, to int
	members        []*marker
}

// marking finds the definitions in the tokens of a schema.
type marking struct {
	all      []*marker
	current  *marker // the definition
	keyword  string  // of the definition; "" before it
	complete bool    // its closing brace was read
	braced   bool
	depth    int
	before   lexer.Token
}

// mark returns the definitions of a schema.
func mark(file, content string) ([]*marker, error) {
	var begins []int // of lines, in runes, as tokens count them
	for i, r := range []rune(content) {
		if r == '\n' {
			begins = append(begins, i+1)
		}
	}
	l, m := lexer.New(&ast.Source{Name: file, Input: content}), &marking{complete: true}
	for {
		token, err := l.ReadToken()
		switch {
		case err != nil:
			return nil, mistakeOf(err, file)
		case token.Kind == lexer.EOF:
			return m.all, nil
		case token.Kind == lexer.Comment:
			continue
		}
		m.token(token, sort.SearchInts(begins, token.Pos.Start+1))
		m.before = token
	}
}

func (m *marking) token(t lexer.Token, line int) {
	switch t.Kind {
	case lexer.BraceR, lexer.ParenR, lexer.BracketR:
		m.depth--
		if m.depth == 0 && t.Kind == lexer.BraceR {
			m.complete = true
		}
	case lexer.String, lexer.BlockString, lexer.Name:
		switch {
		case m.depth == 0:
			m.definition(t, line)
		case m.depth == 1 && m.braced:
			m.member(t, line)
		}
	default:
	}
	if m.current == nil {
		return // it is no schema
	}
	m.current.to = line
	if n := len(m.current.members); n > 0 && m.depth > 0 {
		m.current.members[n-1].to = line
	}
	switch t.Kind {
	case lexer.BraceL:
		if m.depth == 0 {
			m.current.open, m.braced = line, true
		}
		m.depth++
	case lexer.ParenL, lexer.BracketL:
		m.depth++
	default:
	}
}

// definition takes a description, a keyword, a name or another word of a definition.
func (m *marking) definition(t lexer.Token, line int) {
	isText := t.Kind != lexer.Name
	if m.complete || isText || m.keyword != "" && m.current.key != "" && m.begins(t.Value) {
		m.current, m.keyword, m.complete, m.braced = &marker{from: line}, "", false, false
		m.all = append(m.all, m.current)
	}
	switch {
	case isText || t.Value == "extend" && m.keyword == "":
	case m.keyword == "":
		if m.keyword = t.Value; t.Value == "schema" {
			m.current.key = t.Value
		}
	case m.current.key == "":
		if m.current.key = t.Value; m.keyword == "directive" {
			m.current.key = "@" + t.Value
		}
	}
}

// begins reports whether a word begins a definition after one without braces.
func (m *marking) begins(word string) bool {
	switch m.before.Kind {
	case lexer.Pipe, lexer.Equals, lexer.At, lexer.Amp, lexer.Colon:
		return false
	default:
	}
	return m.before.Value != "implements" && m.before.Value != "on" &&
		slices.Contains([]string{"extend", "schema", "scalar", "type", "interface", "union", "enum", "input", "directive"}, word)
}

// member takes a description, a name or another word of a member.
func (m *marking) member(t lexer.Token, line int) {
	n := len(m.current.members)
	switch {
	case m.before.Kind == lexer.Colon || m.before.Kind == lexer.Equals || m.before.Kind == lexer.At:
	case t.Kind == lexer.Name && n > 0 && m.current.members[n-1].key == "":
		m.current.members[n-1].key = t.Value
	case t.Kind == lexer.Name:
		m.current.members = append(m.current.members, &marker{key: t.Value, from: line})
	default:
		m.current.members = append(m.current.members, &marker{from: line})
	}
}
