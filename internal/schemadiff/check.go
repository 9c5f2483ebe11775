package schemadiff

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/gateway/usage"
)

// Affected are the operations and clients that a change affects. It is empty for
// safe changes.
type Affected struct {
	Operations []Operation
	Clients    []usage.Client
	// Unused reports that the change is not safe, but nothing that is known uses
	// what changed.
	Unused bool
}

// Operation is an operation of a document that uses what changed.
type Operation struct {
	Name string
	// At is where it uses it.
	At Place
	// Via is the variable, such as "$filter", whose value may use it; empty if the
	// operation does whatever its variables are.
	Via string
	// Invalid reports whether the document is not valid in the new schema. Other
	// operations may be refused for values of their variables, or get other
	// results.
	Invalid bool
}

// Document is a document with operations of clients.
type Document struct {
	// Source has the text, and the name of the file.
	Source *ast.Source
	// ID is the id of a trusted document; empty for one of a file of its own.
	ID string
	// At is the position of a trusted document in its manifest, which stands for all
	// positions in the document.
	At Place
}

// Known is what is known of a frontend's clients.
type Known struct {
	Documents []Document
	// Usage is the recorded usage of the frontend; nil if there is none.
	Usage *usage.Frontend
}

// Skipped is a document that could not be checked, because it is not valid in the
// old schema.
type Skipped struct {
	At      Place
	Message string
}

// Check sets whom the changes affect. It returns the documents that can't be
// checked.
func Check(changes []Change, before, after *ast.Schema, known Known) []Skipped {
	var skipped []Skipped
	var checked []checkedOperation
	for _, doc := range known.Documents {
		operations, wrong := checkDocument(doc, before, after)
		if wrong != nil {
			skipped = append(skipped, *wrong)
		}
		checked = append(checked, operations...)
	}
	complete := known.Usage != nil && known.Usage.Complete()
	for i := range changes {
		c := &changes[i]
		if c.Level == Safe {
			continue
		}
		c.Affected = Affected{}
		for _, op := range checked {
			if found, ok := op.affected(*c); ok {
				c.Operations = append(c.Operations, found)
			}
		}
		if known.Usage != nil {
			c.Clients = known.Usage.Clients(counts(c.touches))
		}
		sure := complete || known.Usage == nil && len(checked) > 0
		c.Unused = sure && len(skipped) == 0 && len(c.Operations)+len(c.Clients) == 0
	}
	return skipped
}

// FrontendGone returns the change that a frontend was removed, which affects all
// of its operations.
func FrontendGone(name string, before *ast.Schema) Change {
	c := Change{Code: FrontendRemoved, Level: Breaking, Coordinate: name, Message: "the frontend " + name + " was removed", InOld: true}
	for _, root := range []*ast.Definition{before.Query, before.Mutation, before.Subscription} {
		if root != nil {
			c.touches = append(c.touches, root.Name)
		}
	}
	if before.Query != nil {
		c.At = placeOf(before.Query.Position)
	}
	return c
}

// FrontendNew returns the change that a frontend is new.
func FrontendNew(name string, after *ast.Schema) Change {
	c := Change{Code: FrontendAdded, Level: Safe, Coordinate: name, Message: "the frontend " + name + " is new"}
	if after.Query != nil {
		c.At = placeOf(after.Query.Position)
	}
	return c
}

func counts(touches []string) []string {
	var list []string
	for _, touch := range touches {
		list = append(list, counted(touch))
	}
	return list
}

// checkedOperation is an operation with what it uses of the old schema.
type checkedOperation struct {
	name    string
	uses    map[string]use
	at      Place // of a trusted document
	invalid bool
}

func (op checkedOperation) affected(c Change) (Operation, bool) {
	var best *use
	consider := func(u use) {
		if best == nil || earlier(u, *best) {
			best = &u
		}
	}
	for _, touch := range c.touches {
		if u, ok := op.uses[touch]; ok {
			consider(u)
		}
		if coordinate, ok := strings.CutSuffix(touch, bound("")); ok && c.refuses != nil {
			for what, u := range op.uses {
				literal, ok := strings.CutPrefix(what, number(coordinate, ""))
				if n, err := strconv.ParseFloat(literal, 64); ok && err == nil && c.refuses(n) {
					consider(u)
				}
			}
		}
	}
	if best == nil {
		return Operation{}, false
	}
	return Operation{Name: op.name, At: cmp.Or(op.at, placeOf(best.at)), Via: best.via, Invalid: op.invalid}, true
}

// earlier reports whether a use is preferred to another: it is certain, or before it.
func earlier(a, b use) bool {
	if (a.via == "") != (b.via == "") {
		return a.via == ""
	}
	return a.at != nil && b.at != nil && a.at.Start < b.at.Start
}

func checkDocument(d Document, before, after *ast.Schema) ([]checkedOperation, *Skipped) {
	place := func(err *gqlerror.Error) Place {
		if d.At != (Place{}) {
			return d.At
		}
		p := Place{File: d.Source.Name, Line: 1, Column: 1}
		if len(err.Locations) > 0 {
			p.Line, p.Column = err.Locations[0].Line, err.Locations[0].Column
		}
		return p
	}
	doc, err := parser.ParseQuery(d.Source)
	if err != nil {
		first := gqlerror.WrapIfUnwrapped(err)
		return nil, &Skipped{place(first), first.Message}
	}
	if errs := validator.ValidateWithRules(before, doc, nil); len(errs) > 0 {
		return nil, &Skipped{place(errs[0]), errs[0].Message}
	}
	var list []checkedOperation
	for i, op := range doc.Operations {
		uses, fragments := usesOf(before, op)
		invalid := after == nil || !validAlone(d.Source, i, fragments, after)
		list = append(list, checkedOperation{cmp.Or(op.Name, d.ID, "an operation without a name"), uses, d.At, invalid})
	}
	return list, nil
}

// validAlone reports whether an operation of a document is valid with the fragments
// that it uses.
func validAlone(source *ast.Source, i int, fragments map[string]bool, schema *ast.Schema) bool {
	doc, err := parser.ParseQuery(source) // anew: the validator notes definitions of one schema in a document
	if err != nil {
		return false
	}
	doc.Operations = doc.Operations[i : i+1]
	doc.Fragments = slices.DeleteFunc(doc.Fragments, func(f *ast.FragmentDefinition) bool { return !fragments[f.Name] })
	return len(validator.ValidateWithRules(schema, doc, nil)) == 0
}

// Worst returns the highest level of changes. Unused changes do not count if
// ignoreUnused is true.
func Worst(changes []Change, ignoreUnused bool) Level {
	worst := Safe
	for _, c := range changes {
		if !ignoreUnused || !c.Unused {
			worst = max(worst, c.Level)
		}
	}
	return worst
}

// Shown returns the changes without those of descriptions.
func Shown(changes []Change) []Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.Code == DescriptionChanged })
}
