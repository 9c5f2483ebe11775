// Package input coerces what callers send: the variables of requests and the
// literals of documents (GraphQL specification, September 2025, sections 3, 5.6,
// 5.8, 6.1.2 and 6.4.1).
//
// Coercion is complete, and it happens before anything is decided or executed.
// Its results are canonical, so that everything downstream (policies, rate
// limits, tags, cost, bindings and resolvers) reads the same values:
//
//	Int, Float          json.Number; an Int has digits only, with "-" when negative
//	String, ID, enums   string
//	Boolean             bool
//	a custom scalar     as it was sent, with json.Number for numbers
//	a list              []any, at every depth; a single value is a list of one
//	an input object     map[string]any: defaults are filled in, what is absent
//	                    and has no default is absent, null is nil
//
// A [Schema] compiles the input types once. [Schema.Compile] compiles the
// arguments of a document once: each literal that is not canonical as it stands
// in the document becomes a variable that no document can name, such as "#3",
// whose value [Operation.Coerce] adds to those of the caller. So whatever reads
// an argument through ast.Field.ArgumentMap, as gqlgen does, reads the canonical
// value.
package input

import (
	"errors"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"
)

// Scalar reports whether a value can be one of a custom scalar: nil if it can.
// The value is canonical and not nil. The message of a [problem.Error] is shown
// to callers, that of any other error is not.
type Scalar func(value any) error

// Config is what a [Schema] is made of.
type Config struct {
	Schema *ast.Schema
	// Scalars parse custom scalars, by name. A scalar without a parser can be
	// anything.
	Scalars map[string]Scalar
	// Suggestions lets errors name what the schema has instead.
	Suggestions bool
}

// Schema has the compiled input types of a schema. It is immutable.
type Schema struct {
	config Config
	named  map[string]*named
	// defaults are the canonical defaults of arguments.
	defaults map[*ast.ArgumentDefinition]any
}

// New compiles the input types of a schema. It fails if a default of the schema
// is not a value of its type, or if defaults contain each other.
func New(config Config) (*Schema, error) {
	s := &Schema{config: config, named: map[string]*named{}, defaults: map[*ast.ArgumentDefinition]any{}}
	for name, definition := range config.Schema.Types {
		if definition.IsInputType() {
			s.named[name] = &named{name: name, definition: definition}
		}
	}
	for _, n := range s.named {
		s.fill(n)
	}
	for _, n := range s.named {
		for i := range n.fields {
			if err := s.fillDefault(n, &n.fields[i]); err != nil {
				return nil, err
			}
		}
	}
	for _, definition := range config.Schema.Types {
		for _, field := range definition.Fields {
			if err := s.argumentDefaults(definition.Name+"."+field.Name, field.Arguments); err != nil {
				return nil, err
			}
		}
	}
	for _, directive := range config.Schema.Directives {
		if err := s.argumentDefaults("@"+directive.Name, directive.Arguments); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Schema) argumentDefaults(owner string, arguments ast.ArgumentDefinitionList) error {
	for _, argument := range arguments {
		if argument.DefaultValue == nil {
			continue
		}
		value, err := s.constant(s.typeOf(argument.Type), argument.DefaultValue)
		if err != nil {
			return fmt.Errorf("the default of %s(%s:): %w", owner, argument.Name, err)
		}
		s.defaults[argument] = value
	}
	return nil
}

// constant is the canonical value of a literal without variables.
func (s *Schema) constant(t *typ, value *ast.Value) (any, error) {
	r := &reader{schema: s}
	e := r.read(t, value)
	if len(r.errs) > 0 {
		return nil, r.errs[0]
	}
	if e.kind != isConstant {
		return nil, errors.New("it has a variable")
	}
	return e.value, nil
}
