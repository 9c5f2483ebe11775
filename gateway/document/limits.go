package document

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Limits bound the structure of a document, with fragments counted wherever
// they are spread. Every limit must be more than 0.
type Limits struct {
	// Bytes is the most that its text has: comments and strings are few tokens.
	Bytes int
	// Tokens is the most that the parser reads.
	Tokens int
	// Depth is how deep fields are nested; those that tell of the schema do not
	// count.
	Depth int
	// Fields is how many fields all operations select.
	Fields int
	// Aliases is how many fields of an operation have an alias.
	Aliases int
	// RootFields is how many stand at its root.
	RootFields int
	// PerKey is how often a key of the answer is selected in one place. To find
	// out whether they can be merged, each is compared with each.
	PerKey int
	// Directives is how many the document has.
	Directives int
	// Spreads is how many fragments all operations spread.
	Spreads int
	// SpreadDepth is how deep spreads are nested in fragments.
	SpreadDepth int
	// InputDepth is how deep the lists and objects of a variable, or of a value
	// in the document, are nested.
	InputDepth int
	// InputItems is how many items and members all lists and objects of the
	// variables have.
	InputItems int
}

// check returns what a document has, or the first limit that it is beyond. Its
// work is linear in the document, however often fragments are spread.
func (l Limits) check(doc *ast.QueryDocument) (measure, *gqlerror.Error) {
	m := &measurer{limits: l, fragments: make(map[string]*fragment, len(doc.Fragments))}
	for _, f := range doc.Fragments {
		m.fragments[f.Name] = &fragment{definition: f}
	}
	if err := m.literals(doc); err != nil {
		return measure{}, err
	}
	for _, f := range doc.Fragments {
		m.fragment(f.Name)
	}
	if m.cycle != nil {
		return measure{}, cyclic(m.cycle)
	}
	var total measure
	for _, operation := range doc.Operations {
		has := m.selections(operation.SelectionSet)
		total.add(has) // facts are computed of all of them, for one that is executed
		has.fields, has.spreads = total.fields, total.spreads
		if err := l.within(operation, has); err != nil {
			return measure{}, err
		}
		if err := m.perKey(operation); err != nil {
			return measure{}, err
		}
	}
	total.items, total.arguments, total.directives, total.operations = m.items, m.args, m.directs, len(doc.Operations)
	return total, nil
}

// within compares what an operation has with what it may have.
func (l Limits) within(operation *ast.OperationDefinition, has measure) *gqlerror.Error {
	for _, c := range []struct {
		has, most int
		code      problem.Code
		text      string
	}{
		{has.depth, l.Depth, problem.MaxDepthLimit, "The operation is nested deeper than %d fields."},
		{has.aliases, l.Aliases, problem.MaxAliasesLimit, "The operation has more than %d aliases."},
		{has.root, l.RootFields, problem.MaxRootFieldsLimit, "The operation has more than %d fields at its root."},
		{has.spreads, l.Spreads, problem.MaxFragmentsLimit, "The document spreads more than %d fragments, those in fragments included."},
		{has.nesting, l.SpreadDepth, problem.MaxFragmentsLimit, "The operation spreads fragments in fragments deeper than %d."},
		{has.fields, l.Fields, problem.MaxFieldsLimit, "The document selects more than %d fields, those of fragments included."},
	} {
		if c.has > c.most {
			return beyond(operation.Position, c.code, c.text, c.most)
		}
	}
	return nil
}

func beyond(at *ast.Position, code problem.Code, format string, most int) *gqlerror.Error {
	err := gqlerror.Errorf(format, most)
	if at != nil {
		err = gqlerror.ErrorPosf(at, format, most)
	}
	setCode(err, code)
	return err
}

// measure is what a selection set has, fragments included. Sums stop growing
// at enough.
type measure struct {
	depth, fields, aliases, root, spreads, nesting int

	items, arguments, directives, operations int // of the whole document
	values, texts                            int // of arguments, with defaults: items, and bytes of texts
}

// enough is more than any limit, and far from an overflow when it is added.
const enough = 1 << 40

func (m *measure) add(other measure) {
	m.depth = max(m.depth, other.depth)
	m.nesting = max(m.nesting, other.nesting)
	m.fields = min(m.fields+other.fields, enough)
	m.aliases = min(m.aliases+other.aliases, enough)
	m.root = min(m.root+other.root, enough)
	m.spreads = min(m.spreads+other.spreads, enough)
}

// fragment is measured once.
type fragment struct {
	definition  *ast.FragmentDefinition
	begun, done bool
	size        measure
}

// cyclic refuses a fragment that spreads itself (GraphQL specification, section
// 5.5.2.2): nothing can be said of the size of an operation with it, so the
// validator must not see it.
func cyclic(f *ast.FragmentDefinition) *gqlerror.Error {
	err := gqlerror.ErrorPosf(f.Position, "The fragment %s spreads itself.", f.Name)
	setCode(err, problem.ValidationFailed)
	return err
}

// measurer measures one document.
type measurer struct {
	limits    Limits
	fragments map[string]*fragment
	cycle     *ast.FragmentDefinition // one that spreads itself; nil without
	items     int                     // of lists and objects in the document
	args      int                     // arguments
	directs   int                     // directives
}

func (m *measurer) selections(selections ast.SelectionSet) measure {
	var total measure
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			total.add(m.field(s))
		case *ast.InlineFragment:
			total.add(m.selections(s.SelectionSet))
		case *ast.FragmentSpread:
			spread := m.fragment(s.Name)
			spread.spreads++
			spread.nesting++
			total.add(spread)
		}
	}
	return total
}

func (m *measurer) field(field *ast.Field) measure {
	below := m.selections(field.SelectionSet)
	if field.Name == "__schema" || field.Name == "__type" {
		below.depth = 0 // tools ask deeper than frontends; a rule of validation bounds their lists
	}
	below.depth++
	below.fields++
	below.root = 1
	if field.Alias != field.Name {
		below.aliases++
	}
	return below
}

func (m *measurer) fragment(name string) measure {
	f := m.fragments[name]
	if f == nil { // the validator reports it
		return measure{}
	}
	switch {
	case !f.begun:
		f.begun = true
		f.size = m.selections(f.definition.SelectionSet)
		f.done = true
	case !f.done:
		m.cycle = f.definition
	}
	return f.size
}

// perKey finds keys of the answer that are selected too often in one place.
// Places are those of the answer: what is below all fields of one key is one
// place. The operation is within Fields, so that the walk is bounded.
func (m *measurer) perKey(operation *ast.OperationDefinition) *gqlerror.Error {
	return m.place([]ast.SelectionSet{operation.SelectionSet})
}

func (m *measurer) place(sets []ast.SelectionSet) *gqlerror.Error {
	p := &place{keys: map[string][]*ast.Field{}, spread: map[string]bool{}}
	for _, set := range sets {
		m.collect(p, set)
	}
	for _, key := range p.order {
		fields := p.keys[key]
		if len(fields) > m.limits.PerKey {
			return beyond(fields[0].Position, problem.MaxResponseKeysLimit, "A key of the answer is selected more than %d times in one place.", m.limits.PerKey)
		}
		below := make([]ast.SelectionSet, 0, len(fields))
		for _, field := range fields {
			if len(field.SelectionSet) > 0 {
				below = append(below, field.SelectionSet)
			}
		}
		if len(below) == 0 {
			continue
		}
		if err := m.place(below); err != nil {
			return err
		}
	}
	return nil
}

// place is one object of the answer.
type place struct {
	keys   map[string][]*ast.Field
	order  []string
	spread map[string]bool
}

func (m *measurer) collect(p *place, selections ast.SelectionSet) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if p.keys[s.Alias] == nil {
				p.order = append(p.order, s.Alias)
			}
			p.keys[s.Alias] = append(p.keys[s.Alias], s)
		case *ast.InlineFragment:
			m.collect(p, s.SelectionSet)
		case *ast.FragmentSpread:
			if f := m.fragments[s.Name]; f != nil && !p.spread[s.Name] {
				p.spread[s.Name] = true
				m.collect(p, f.definition.SelectionSet)
			}
		}
	}
}

// literals checks what is counted in the text itself: directives and values.
func (m *measurer) literals(doc *ast.QueryDocument) *gqlerror.Error {
	for _, f := range doc.Fragments {
		if err := m.written(f.Directives, f.SelectionSet); err != nil {
			return err
		}
	}
	for _, operation := range doc.Operations {
		for _, v := range operation.VariableDefinitions {
			if err := m.value(v.DefaultValue, 0); err != nil {
				return err
			}
			if err := m.written(v.Directives, nil); err != nil {
				return err
			}
		}
		if err := m.written(operation.Directives, operation.SelectionSet); err != nil {
			return err
		}
	}
	return nil
}

func (m *measurer) written(directives ast.DirectiveList, selections ast.SelectionSet) *gqlerror.Error {
	for _, d := range directives {
		if m.directs++; m.directs > m.limits.Directives {
			return beyond(d.Position, problem.MaxDirectivesLimit, "The document has more than %d directives.", m.limits.Directives)
		}
		if err := m.arguments(d.Arguments); err != nil {
			return err
		}
	}
	for _, selection := range selections {
		var err *gqlerror.Error
		switch s := selection.(type) {
		case *ast.Field:
			if err = m.arguments(s.Arguments); err == nil {
				err = m.written(s.Directives, s.SelectionSet)
			}
		case *ast.InlineFragment:
			err = m.written(s.Directives, s.SelectionSet)
		case *ast.FragmentSpread:
			err = m.written(s.Directives, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *measurer) arguments(arguments ast.ArgumentList) *gqlerror.Error {
	m.args += len(arguments)
	for _, a := range arguments {
		if err := m.value(a.Value, 0); err != nil {
			return err
		}
	}
	return nil
}

func (m *measurer) value(v *ast.Value, depth int) *gqlerror.Error {
	if v == nil || v.Kind != ast.ListValue && v.Kind != ast.ObjectValue {
		return nil
	}
	if depth++; depth > m.limits.InputDepth {
		return beyond(v.Position, problem.MaxInputLimit, "A value is nested deeper than %d lists and objects.", m.limits.InputDepth)
	}
	if m.items += len(v.Children); m.items > m.limits.InputItems {
		return beyond(v.Position, problem.MaxInputLimit, "Lists and objects have more than %d items.", m.limits.InputItems)
	}
	for _, child := range v.Children {
		if err := m.value(child.Value, depth); err != nil {
			return err
		}
	}
	return nil
}
