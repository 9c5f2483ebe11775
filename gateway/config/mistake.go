package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Mistake is what is wrong with one setting.
type Mistake struct {
	File string // as it was given to [Load]; empty from [Parse]
	// Line and Column, from 1, are those of the value; of the key if the key is
	// wrong; of the section if the setting is missing from it. They are 0 if there is no file.
	Line, Column int
	Path         string // such as services.catalog.timeout; empty for the whole file
	Message      string // what is wrong and what to write
}

// String returns the mistake as file:line:column: path: message, on one line.
func (m Mistake) String() string {
	text := ""
	if m.File != "" {
		text = m.File + ":"
	}
	if m.Line > 0 {
		text += fmt.Sprintf("%d:%d: ", m.Line, m.Column)
	}
	if m.Path != "" {
		text += m.Path + ": "
	}
	return strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(text + m.Message)
}

// Mistakes are all mistakes of a file, by position. It is the error of [Load] and
// [Parse] for a file that can be read.
type Mistakes []Mistake

// Error returns a line for each mistake.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, mistake := range m {
		lines[i] = mistake.String()
	}
	return strings.Join(lines, "\n")
}

// problems collects mistakes. Their positions are found by their paths.
type problems struct {
	file string
	root *node
	list Mistakes
	// decided are the paths that have a mistake already: checks of their values
	// would only repeat it.
	decided []string
}

// need adds a mistake of the setting at path, unless ok.
func (p *problems) need(ok bool, path, what string) {
	if ok || p.isDecided(path) || p.isInherited(path, what) {
		return
	}
	n, key := p.root.find(path)
	switch {
	case n == nil:
		what += n.usual(path)
	case n.kind == scalar:
		what = n.shown(what) + what + n.usual(path) + n.source()
	default:
		what += n.source()
	}
	p.at(key, path, what)
}

// wrong adds a mistake of a value, which is not checked further.
func (p *problems) wrong(n *node, path, what string) {
	p.at(n, path, what+n.source())
	p.decided = append(p.decided, path)
}

// at adds a mistake at the position of n.
func (p *problems) at(n *node, path, what string) {
	p.list = append(p.list, Mistake{File: p.file, Line: n.line, Column: n.column, Path: path, Message: what})
}

// isDecided reports whether the value at path, or a part of it, or what it is part
// of, has a mistake already.
func (p *problems) isDecided(path string) bool {
	return slices.ContainsFunc(p.decided, func(other string) bool { return within(path, other) || within(other, path) })
}

// isInherited reports whether a mistake of one frontend is that of the section frontend.
func (p *problems) isInherited(path, what string) bool {
	rest, found := strings.CutPrefix(path, "frontends.")
	if !found || p.root.has(path) {
		return false
	}
	_, rest, _ = strings.Cut(rest, ".")
	if p.isDecided("frontend." + rest) {
		return true
	}
	for _, m := range p.list {
		if m.Path == "frontend."+rest && strings.Contains(m.Message, what) {
			return true
		}
	}
	return false
}

// within reports whether path is that of outer or of a part of it.
func within(path, outer string) bool {
	rest, found := strings.CutPrefix(path, outer)
	return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(p.list)
}
