package apidocs

import (
	"context"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/coordinate"
	"github.com/portico-gateway/portico/gateway/cost"
	"github.com/portico-gateway/portico/gateway/input"
)

// Example is an operation that shows how to ask the frontend.
type Example struct {
	ID, Name string
	// Comment is what its file begins with.
	Comment string
	// Document is the operation without that.
	Document string
	// Kind is "query", "mutation" or "subscription"; empty if the document is not valid.
	Kind string
	// Cost is the most that it can cost without variables; nil if it needs some.
	Cost *float64
	// Restricted reports whether it selects a field that not every caller may have.
	Restricted bool
	// Answer is what was answered; nil if that is not known.
	Answer *Answer
}

// restrict notes which examples select a field that not every caller may have.
func (r *Reference) restrict() {
	restricted := map[string]bool{}
	for _, section := range r.Sections {
		for _, t := range section.Types {
			for _, f := range t.Fields {
				if !slices.ContainsFunc(f.Notes, func(n Note) bool { return n.Kind == Right }) {
					continue
				}
				for _, name := range f.Examples {
					restricted[name] = true
				}
			}
		}
	}
	for i := range r.Examples {
		r.Examples[i].Restricted = restricted[r.Examples[i].Name]
	}
}

// Runs reports whether the page may send the example: a query that needs no variables.
func (e Example) Runs() bool { return e.Kind == string(ast.Query) && e.Cost != nil }

// examples are those of a source, and the names of those that use a coordinate.
type examples struct {
	list []Example
	uses map[string][]string
}

func readExamples(s Source) examples {
	out := examples{uses: map[string][]string{}}
	coordinates, costs := coordinate.New(s.Schema), cost.New(s.Schema, s.ListSize)
	inputs, err := input.New(input.Config{Schema: s.Schema})
	if err != nil {
		inputs = nil // a default is not valid: costs are left out
	}
	for _, operation := range s.Operations {
		e := Example{ID: exampleID(operation.Name), Name: operation.Name}
		e.Comment, e.Document = cutComment(operation.Document)
		if answer, ok := s.Answers[e.Name]; ok {
			e.Answer = &answer
		}
		doc, errs := gqlparser.LoadQueryWithRules(s.Schema, operation.Document, nil)
		if errs == nil && len(doc.Operations) == 1 {
			own := doc.Operations[0]
			e.Kind = string(own.Operation)
			for used := range coordinates.Of(own).All() {
				out.uses[used] = append(out.uses[used], e.Name)
			}
			e.Cost = costOf(doc, inputs, costs)
		}
		out.list = append(out.list, e)
	}
	for used, names := range out.uses {
		out.uses[used] = sorted(names, out.list)
	}
	return out
}

// costOf returns the most that the operation of a document can cost without variables; nil if it needs some.
func costOf(doc *ast.QueryDocument, inputs *input.Schema, costs *cost.Model) *float64 {
	if inputs == nil {
		return nil
	}
	compiled, errs := inputs.Compile(doc)
	if len(errs) > 0 {
		return nil
	}
	own := compiled.Operation(doc.Operations[0])
	values, errs := own.Coerce(context.Background(), nil)
	if len(errs) > 0 {
		return nil
	}
	requested := costs.Formula(doc.Operations[0], own).Requested(values)
	return &requested
}

// cutComment cuts the comment that a document begins with.
func cutComment(document string) (comment, rest string) {
	var lines []string
	rest = strings.TrimSpace(document)
	for strings.HasPrefix(rest, "#") {
		line, after, _ := strings.Cut(rest, "\n")
		lines = append(lines, strings.TrimSpace(strings.TrimLeft(line, "#")))
		rest = strings.TrimLeft(after, " \t\r")
	}
	return strings.Join(lines, "\n"), strings.TrimSpace(rest)
}
