package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/portico-gateway/portico/internal/goname"
)

// draft collects what is imported. Both importers write into it.
type draft struct {
	service string
	only    []string
	project *visible
	roots   map[string]*definition
	types   []*definition // in the order in which they are reached
	taken   map[string]bool
	scalars map[string]bool
	leftOut []string

	connections map[string]string // by the type of their nodes and whether they have a total
	pageInfo    string            // the type of their pageInfo, or ""
}

func newDraft(o Options, project *visible) *draft {
	return &draft{
		service: o.Service, only: o.Only, project: project, roots: map[string]*definition{}, taken: map[string]bool{}, scalars: map[string]bool{},
		connections: map[string]string{},
	}
}

// reservedTypes have a meaning already: in GraphQL, in gqlgen's configuration
// and in the gateway's directives. They are in lower case, as Go names of
// types that differ only in case would clash.
const reservedTypes = " query mutation subscription int float string boolean id datetime int64 json map any time upload uint uint64 int32 " +
	"bindingpage bindingerror bindingformat bindingvalue cachecontrolscope "

// typeName is a free name for a type: one of the wanted ones, or the first with the service's name.
func (d *draft) typeName(names ...string) string {
	free := func(name string) bool {
		lower := strings.ToLower(name)
		return !d.taken[lower] && !d.project.types[lower] && !strings.Contains(reservedTypes, " "+lower+" ")
	}
	name := pascal(d.service) + names[0]
	if i := slices.IndexFunc(names, free); i >= 0 {
		name = names[i]
	}
	name = numbered(name, free)
	d.taken[strings.ToLower(name)] = true
	return name
}

// fieldName is a free name for a field of a root: one of the wanted ones, or
// the first with the service's name.
func (d *draft) fieldName(root string, want ...string) string {
	key := func(name string) string { return strings.ToLower(root + "." + name) }
	free := func(name string) bool {
		return !d.taken[key(name)] && !d.project.fields[key(name)] && !slices.Contains(goname.Methods(), upperFirst(name))
	}
	want = append(want, d.service+pascal(want[0]))
	name := want[len(want)-1]
	if i := slices.IndexFunc(want, free); i >= 0 {
		name = want[i]
	}
	name = numbered(name, free)
	d.taken[key(name)] = true
	return name
}

// add adds a field to Query, Mutation or Subscription.
func (d *draft) add(root string, f field) {
	if d.roots[root] == nil {
		d.roots[root] = &definition{kind: "type", name: root, extend: d.project.roots[root]}
	}
	d.roots[root].fields = append(d.roots[root].fields, f)
}

func (d *draft) leaveOut(what, why string) {
	d.leftOut = append(d.leftOut, what+": "+why)
}

// finish makes the result of a draft. Copies are the documents.
func (d *draft) finish(o Options, origin string, copies []File) (*Draft, error) {
	d.prune()
	out := &Draft{LeftOut: d.leftOut}
	for _, name := range rootNames() {
		if root := d.roots[name]; root != nil {
			out.Fields += len(root.fields)
			out.Notes = append(out.Notes, d.note(o, "type "+name, name)...)
		}
	}
	if out.Fields == 0 {
		return nil, &MistakeError{File: origin, Message: strings.Join(append([]string{"nothing can be imported"}, d.leftOut...), "\n\t")}
	}
	for name := range d.scalars {
		lower := strings.ToLower(name)
		if d.project.types[lower] && !d.project.scalars[name] {
			return nil, &MistakeError{Message: "the draft needs a scalar " + name + ", but the project has another type of this name",
				Fix: "rename the project's type"}
		}
		out.Notes = append(out.Notes, d.note(o, "scalar "+name, name)...)
	}
	slices.Sort(out.Notes)
	sdl := d.render(origin)
	if _, err := parser.ParseSchema(&ast.Source{Name: o.target(), Input: sdl}); err != nil {
		return nil, fmt.Errorf("this is a mistake of portico, please report it: the draft is no SDL: %w", err)
	}
	out.Files = append([]File{{Path: o.target(), Content: []byte(sdl)}}, copies...)
	return out, nil
}

// note describes what schema/shared/ lacks, if a name that the draft uses is only in
// other folders.
func (d *draft) note(o Options, what, name string) []string {
	missing := d.project.missing(o, name)
	if len(missing) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s is not in schema/shared/, and schema/%s/ has none: move it to schema/shared/",
		what, strings.Join(missing, "/, schema/"))}
}

// prune leaves the types that the roots lead to, notes the scalars that are used
// and finishes the enums.
func (d *draft) prune() {
	byName := map[string]*definition{}
	for _, def := range d.types {
		byName[def.name] = def
	}
	for _, def := range d.types {
		def.unify(byName)
	}
	reached, sent := map[string]bool{}, map[string]bool{} // sent are those of arguments
	var reach func(fields []field, seen map[string]bool)
	reach = func(fields []field, seen map[string]bool) {
		for _, f := range fields {
			name := strings.Trim(f.typ, "[]!")
			if _, own := scalarDescriptions()[name]; own {
				d.scalars[name] = true
			}
			if def := byName[name]; def != nil && !seen[name] {
				seen[name] = true
				reach(def.fields, seen)
				for _, member := range def.members {
					reach([]field{{typ: member}}, seen)
				}
			}
			reach(f.args, sent)
		}
	}
	for _, root := range d.roots {
		reach(root.fields, reached)
	}
	d.types = slices.DeleteFunc(d.types, func(def *definition) bool { return !reached[def.name] && !sent[def.name] })
	for _, def := range d.types {
		def.tellSpellings(sent[def.name])
	}
	done := map[string]bool{}
	for _, def := range d.types {
		openCycles(def, byName, map[string]bool{}, done)
	}
}

// unify gives the property of a union one type in all of its members, as operations could not select it in several of them otherwise:
// constants are enums of their own.
func (d *definition) unify(byName map[string]*definition) {
	if d.property == "" {
		return
	}
	var fields []*field
	for _, member := range d.members {
		for i := range byName[member].fields {
			if f := &byName[member].fields[i]; f.sourcePath() == d.property {
				fields = append(fields, f)
			}
		}
	}
	if slices.ContainsFunc(fields, func(f *field) bool { return f.typ != fields[0].typ }) {
		for _, f := range fields {
			f.typ = "String!"
		}
	}
}

// openCycles makes nullable the fields of input objects by which one would require another one of itself without an end. Path has the
// input objects that lead to def, and done those that were seen.
func openCycles(def *definition, byName map[string]*definition, path, done map[string]bool) {
	if done[def.name] || def.kind != "input" {
		return
	}
	path[def.name] = true
	for i := range def.fields {
		f := &def.fields[i]
		name, required := strings.CutSuffix(f.typ, "!")
		of := byName[name] // nil for a list, which may be empty
		switch {
		case !required || of == nil:
		case path[name]:
			f.typ = name
			f.comments = append(f.comments, "It is nullable, although the document requires it: "+name+" can't require another "+name+" of itself.")
		default:
			openCycles(of, byName, path, done)
		}
	}
	delete(path, def.name)
	done[def.name] = true
}

// tellSpellings adds what the service calls the values of an enum. What is read
// can be spelled in the usual ways; what is sent is the value's own name.
func (d *definition) tellSpellings(sent bool) {
	for i, f := range d.fields {
		lower := strings.ToLower(f.name)
		usual := []string{f.name, lower, strings.ReplaceAll(f.name, "_", "-"), strings.ReplaceAll(lower, "_", "-")}
		if f.spelling != "" && (sent && f.spelling != f.name || !slices.Contains(usual, f.spelling)) {
			d.fields[i].directives = []directive{sourceDirective(f.spelling)}
		}
	}
}

// scalarDescriptions are the scalars that an import can need.
func scalarDescriptions() map[string]string {
	return map[string]string{
		"DateTime": `A point in time, RFC 3339: "2026-11-23T12:00:00Z".`,
		"Int64":    "A whole number of up to 64 bits.",
		"JSON":     "Any JSON value.",
		"Uint64":   "The digits of a whole number from 0 to 18446744073709551615.",
	}
}

const header = `# A draft that portico import made of %s. Change it as the frontends need it: another import shows
# what it would change before it writes.
`

// onlyHeader begins the line of the header that has the draft's selection.
const onlyHeader = "# It has what this selects: --only "

// render returns the SDL. Its first line names its origin.
func (d *draft) render(origin string) string {
	line := func(s string) string { return strings.ToValidUTF8(strings.Join(strings.Fields(s), " "), "") }
	var b strings.Builder
	fmt.Fprintf(&b, header, line(origin))
	if len(d.only) > 0 {
		b.WriteString(onlyHeader + line(strings.Join(d.only, ",")) + "\n")
	}
	var all []*definition
	for _, name := range slices.Sorted(maps.Keys(d.scalars)) {
		if !d.project.scalars[name] {
			all = append(all, &definition{kind: "scalar", name: name, description: scalarDescriptions()[name]})
		}
	}
	for _, name := range rootNames() {
		if root := d.roots[name]; root != nil {
			all = append(all, root)
		}
	}
	for _, def := range append(all, d.types...) {
		b.WriteByte('\n')
		def.write(&b)
	}
	return b.String()
}
