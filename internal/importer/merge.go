package importer

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/pmezard/go-difflib/difflib"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// errNoBase reports that nothing says what the import before has drafted.
var errNoBase = errors.New("there is no document of the import before")

// mergeInto applies to the project's draft what has changed since the import before: base drafts again what that was made of. Without a base, or if the
// result were no SDL, the draft replaces the file.
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
	for _, both := range []bool{true, false} {
		merged, conflicts := merge(before.Files[0].Content, ours, d.Files[0].Content, both)
		if doc, err := parser.ParseSchema(&ast.Source{Name: o.target(), Input: string(merged)}); err != nil || twice(doc) {
			continue
		}
		d.Files[0].Content, d.Conflicts = merged, conflicts
		return nil
	}
	return nil
}

// twice reports whether a schema defines a type or a field twice.
func twice(doc *ast.SchemaDocument) bool {
	seen := map[string]bool{}
	again := false
	add := func(name string) { again, seen[name] = again || seen[name], true }
	for _, def := range doc.Definitions {
		add(def.Name)
		for _, f := range def.Fields {
			add(def.Name + "." + f.Name)
		}
		for _, v := range def.EnumValues {
			add(def.Name + "." + v.Name)
		}
	}
	return again
}

// Conflict is a place that both the project and the document have changed. The project's text stays.
type Conflict struct {
	Line         int // in the merged text, from 1
	Ours, Theirs []string
}

// merge applies to ours what theirs changed since base, line by line (diff3). Where both changed the same lines, those of ours stay. Where both add
// lines, both says whether all of them are there.
func merge(base, ours, theirs []byte, both bool) (merged []byte, conflicts []Conflict) {
	b, o, t := splitLines(base), splitLines(ours), splitLines(theirs)
	inOurs, inTheirs := matches(b, o), matches(b, t)
	var out []string
	at, atO, atT := 0, 0, 0
	for at < len(b) || atO < len(o) || atT < len(t) {
		// What all three have.
		if at < len(b) && inOurs[at] == atO && inTheirs[at] == atT {
			out = append(out, b[at])
			at, atO, atT = at+1, atO+1, atT+1
			continue
		}
		// The next line that all have ends what differs.
		next, nextO, nextT := len(b), len(o), len(t)
		for i := at; i < len(b); i++ {
			if inOurs[i] >= atO && inTheirs[i] >= atT {
				next, nextO, nextT = i, inOurs[i], inTheirs[i]
				break
			}
		}
		was, own, other := b[at:next], o[atO:nextO], t[atT:nextT]
		switch {
		case slices.Equal(own, was):
			out = append(out, other...)
		case slices.Equal(other, was) || slices.Equal(own, other):
			out = append(out, own...)
		case both && len(was) == 0:
			out = append(append(out, own...), other...)
		default:
			conflicts = append(conflicts, Conflict{len(out) + 1, own, other})
			out = append(out, own...)
		}
		at, atO, atT = next, nextO, nextT
	}
	return bytes.Join(asBytes(out), nil), conflicts
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

func asBytes(lines []string) [][]byte {
	out := make([][]byte, len(lines))
	for i, line := range lines {
		out[i] = []byte(line)
	}
	return out
}
