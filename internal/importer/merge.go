package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// errNoBase reports that nothing says what the import before has drafted.
var errNoBase = errors.New("there is no document of the import before")

// mergeInto applies to the project's draft what has changed since the import before: base drafts again what that was made of. Without a base, the
// draft replaces the file.
func (d *Draft) mergeInto(o Options, base func(again Options) (*Draft, error)) error {
	ours, err := os.ReadFile(filepath.Join(o.Dir, filepath.FromSlash(o.target())))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	d.Again = true
	before, err := base(o.again(ours))
	if err != nil { // the document may be gone, or of a kind that is not read any more
		return nil //nolint:nilerr // what is overwritten is shown
	}
	if _, err := parser.ParseSchema(&ast.Source{Name: o.target(), Input: string(ours)}); err != nil {
		return mistakeOf(err, o.target())
	}
	windows := bytes.Contains(ours, []byte("\r\n"))
	if windows {
		ours = bytes.ReplaceAll(ours, []byte("\r\n"), []byte("\n"))
	}
	merged, conflicts, err := merge(o.target(), before.Files[0].Content, ours, d.Files[0].Content)
	if err != nil {
		return err
	}
	if _, err := parser.ParseSchema(&ast.Source{Name: o.target(), Input: string(merged)}); err != nil {
		return fmt.Errorf("this is a mistake of portico, please report it: the merged draft is no SDL: %w", err)
	}
	if windows {
		merged = bytes.ReplaceAll(merged, []byte("\n"), []byte("\r\n"))
	}
	d.Files[0].Content, d.Conflicts = merged, conflicts
	return nil
}

// Conflict is a place that both the project and the document have changed. The project's text stays.
type Conflict struct {
	Line int // in the merged text, from 1
	// Theirs are the lines that the document would have; none if it has removed what is there.
	Theirs []string
}

// merge applies to the schema ours what theirs changed since base. Definitions and their members are compared by name, wherever they
// are, and other lines one by one (diff3). Where both changed the same, ours stays. The error is a [*MistakeError] of ours.
func merge(file string, base, ours, theirs []byte) (merged []byte, conflicts []Conflict, err error) {
	switch {
	case bytes.Equal(base, theirs) || bytes.Equal(ours, theirs):
		return ours, nil, nil
	case bytes.Equal(base, ours):
		return theirs, nil, nil
	}
	var all [3]*outline
	for i, content := range [][]byte{base, ours, theirs} {
		if all[i], err = outlineOf(file, content); err != nil {
			return nil, nil, err
		}
	}
	m := &merging{}
	m.text(all[0].header, all[1].header, all[2].header)
	m.sections(all[0].definitions, all[1].definitions, all[2].definitions, true)
	m.text(all[0].rest, all[1].rest, all[2].rest)
	return []byte(strings.Join(m.out, "")), m.conflicts, nil
}

// merging is a schema that is being merged.
type merging struct {
	out       []string
	conflicts []Conflict
}

func (m *merging) conflict(theirs []string) {
	m.conflicts = append(m.conflicts, Conflict{len(m.out) + 1, theirs})
}

// sections merges definitions, or the members of one.
func (m *merging) sections(base, ours, theirs []*section, top bool) {
	b, o, t := byKey(base), byKey(ours), byKey(theirs)
	between := spacing(ours, theirs, top)
	begun := top && len(m.out) > 0 // the header is there
	begin := func(s *section) {
		lead := s.lead
		switch {
		case !begun:
			lead = 0
		case s.first || o[s.key] != s:
			lead = between
		}
		begun = true
		m.out = append(m.out, slices.Repeat([]string{"\n"}, lead)...)
	}
	for _, key := range order(ours, theirs) {
		was, own, other := b[key], o[key], t[key]
		switch {
		case own != nil && other != nil:
			begin(own)
			m.section(was, own, other)
		case own != nil && (was == nil || !slices.Equal(own.lines, was.lines)):
			begin(own)
			m.removed(was, own)
		case own != nil: // the document has removed it
		case was == nil:
			begin(other)
			m.out = append(m.out, other.lines...)
		case !slices.Equal(other.lines, was.lines): // the project has removed it, and the document has changed it
			m.conflict(other.lines)
		}
	}
}

func byKey(list []*section) map[string]*section {
	all := map[string]*section{}
	for _, s := range list {
		all[s.key] = s
	}
	return all
}

// order returns the keys of all sections: those of ours in their order, and each other one after that which is before it in theirs.
func order(ours, theirs []*section) []string {
	var keys []string
	for _, s := range ours {
		keys = append(keys, s.key)
	}
	at := 0
	for _, s := range theirs {
		if i := slices.Index(keys, s.key); i >= 0 {
			at = i + 1
			continue
		}
		keys = slices.Insert(keys, at, s.key)
		at++
	}
	return keys
}

// spacing is how many empty lines are between sections.
func spacing(ours, theirs []*section, top bool) int {
	switch {
	case top:
		return 1
	case len(ours) > 1:
		return ours[1].lead
	case len(theirs) > 1:
		return theirs[1].lead
	}
	return 0
}

// section merges a section that ours and theirs have.
func (m *merging) section(base, ours, theirs *section) {
	if base == nil {
		base = &section{}
	}
	if ours.members == nil || theirs.members == nil || base.members == nil && base.lines != nil {
		m.text(base.lines, ours.lines, theirs.lines)
		return
	}
	m.text(base.head, ours.head, theirs.head)
	m.sections(base.members, ours.members, theirs.members, false)
	m.text(base.tail, ours.tail, theirs.tail)
}

// removed merges a section of ours that theirs does not have: what is as in base goes.
func (m *merging) removed(base, ours *section) {
	switch {
	case base == nil:
		m.out = append(m.out, ours.lines...)
	case ours.members != nil && base.members != nil && slices.ContainsFunc(ours.members, func(s *section) bool {
		was := byKey(base.members)[s.key]
		return was == nil || !slices.Equal(was.lines, s.lines)
	}):
		m.out = append(m.out, ours.head...)
		m.sections(base.members, ours.members, nil, false)
		m.out = append(m.out, ours.tail...)
	default:
		m.conflict(nil)
		m.out = append(m.out, ours.lines...)
	}
}

// text merges lines (diff3).
func (m *merging) text(base, ours, theirs []string) {
	inOurs, inTheirs := matches(base, ours), matches(base, theirs)
	at, atO, atT := 0, 0, 0
	for at < len(base) || atO < len(ours) || atT < len(theirs) {
		// What all three have.
		if at < len(base) && inOurs[at] == atO && inTheirs[at] == atT {
			m.out = append(m.out, base[at])
			at, atO, atT = at+1, atO+1, atT+1
			continue
		}
		// The next line that all have ends what differs.
		next, nextO, nextT := len(base), len(ours), len(theirs)
		for i := at; i < len(base); i++ {
			if inOurs[i] >= atO && inTheirs[i] >= atT {
				next, nextO, nextT = i, inOurs[i], inTheirs[i]
				break
			}
		}
		was, own, other := base[at:next], ours[atO:nextO], theirs[atT:nextT]
		switch {
		case slices.Equal(own, was):
			m.out = append(m.out, other...)
		case slices.Equal(other, was) || slices.Equal(own, other):
			m.out = append(m.out, own...)
		default:
			m.conflict(other)
			m.out = append(m.out, own...)
		}
		at, atO, atT = next, nextO, nextT
	}
}

// matches returns, for each line of a, the line of b that it is; -1 if there is none.
func matches(a, b []string) []int {
	found := make([]int, len(a))
	for i := range found {
		found[i] = -1
	}
	for _, block := range difflib.NewMatcher(a, b).GetMatchingBlocks() {
		for i := range block.Size {
			found[block.A+i] = block.B + i
		}
	}
	return found
}
