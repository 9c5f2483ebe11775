// Package input coerces what callers send: the variables of requests and the
// literals of documents (GraphQL specification, September 2025, sections 3, 5.6,
// 5.8, 6.1.2 and 6.4.1).
//
// Coercion is complete, and it happens before anything is decided or executed.
// Its results are canonical, so that everything downstream (policies, rate
// limits, tags, cost, bindings and resolvers) reads the same values:
//
//	Int                 json.Number, digits only, with "-" when negative
//	Float               json.Number, the shortest text of the number of 64 bits
//	String, ID, enums   string
//	Boolean             bool
//	a custom scalar     as its [Parser] returns it, with json.Number for numbers
//	a list              []any, at every depth; a single value is a list of one
//	an input object     map[string]any: defaults are filled in, what is absent
//	                    and has no default is absent, null is nil
//
// A [Schema] compiles the input types once. [Schema.Compile] compiles the
// arguments of a document once: each literal that is not canonical as it stands
// in the document becomes a variable that no document can name, such as "#3",
// whose value [Operation.Coerce] adds to those of the caller. So whatever reads
// an argument through ast.Field.ArgumentMap, as generated code does, reads the canonical
// value.
package input

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Parser returns the canonical form of a value of a scalar or an enum, or an error
// if the value is not one. The value is not nil; it is canonical but for custom
// scalars, which are as they were sent. The message of a [problem.Error] is shown
// to callers, that of any other error is not. The context is that of the request;
// literals are parsed with one that has nothing of a request, and a parser that
// panics then is asked again for each request.
type Parser func(ctx context.Context, value any) (any, error)

// Limits bound the arguments of one operation, those of variables counted
// wherever they are used, with the defaults of input objects. 0 is no limit.
type Limits struct {
	Items int // of lists and objects
	Depth int // of lists and objects within each other
	Bytes int // of texts
}

// Config is what a [Schema] is made of.
type Config struct {
	Schema *ast.Schema
	// Parsers are those of scalars and enums, by name. A custom scalar without a
	// parser can be anything; what the specification defines is coerced before it
	// is parsed.
	Parsers map[string]Parser
	// Limits are checked for each request.
	Limits Limits
	// Suggestions lets errors name what the schema has instead.
	Suggestions bool
	// Log gets panics of parsers; nil for none.
	Log *slog.Logger
}

// Schema has the compiled input types of a schema. It is immutable.
type Schema struct {
	config Config
	named  map[string]*named
	// nodes are the names of the types with global ids.
	nodes map[string]bool
	// defaults are the canonical defaults of arguments.
	defaults map[*ast.ArgumentDefinition]any
}

// New compiles the input types of a schema. Its error joins a [DefaultError] for
// each default of the schema that is not a value of its type.
func New(config Config) (*Schema, error) {
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	s := &Schema{config: config, named: map[string]*named{}, nodes: nodesOf(config.Schema), defaults: map[*ast.ArgumentDefinition]any{}}
	for name, definition := range config.Schema.Types {
		if definition.IsInputType() {
			s.named[name] = &named{name: name, definition: definition}
		}
	}
	for _, n := range s.named {
		s.fill(n)
	}
	var wrong []*DefaultError
	for _, name := range slices.Sorted(maps.Keys(s.named)) {
		for i := range s.named[name].fields {
			wrong = append(wrong, s.fillDefault(s.named[name], &s.named[name].fields[i])...)
		}
	}
	wrong = append(wrong, s.fillArguments()...)
	slices.SortFunc(wrong, func(a, b *DefaultError) int {
		return cmp.Or(cmp.Compare(a.At.Src.Name, b.At.Src.Name), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column))
	})
	var errs []error
	for _, e := range wrong {
		errs = append(errs, e)
	}
	return s, errors.Join(errs...)
}

// DefaultError is a default of a schema that is not a value of its type.
type DefaultError struct {
	// Of is the argument or the input field: "Query.products(first:)".
	Of string
	// Message describes the mistake.
	Message string
	// At is where it stands in the schema.
	At *ast.Position
}

// Error is part of error.
func (e *DefaultError) Error() string { return "the default of " + e.Of + ": " + e.Message }

func (s *Schema) fillArguments() []*DefaultError {
	var wrong []*DefaultError
	for _, definition := range s.config.Schema.Types {
		for _, field := range definition.Fields {
			wrong = append(wrong, s.argumentDefaults(definition.Name+"."+field.Name, field.Arguments)...)
		}
	}
	for _, directive := range s.config.Schema.Directives {
		wrong = append(wrong, s.argumentDefaults("@"+directive.Name, directive.Arguments)...)
	}
	return wrong
}

func (s *Schema) argumentDefaults(owner string, arguments ast.ArgumentDefinitionList) []*DefaultError {
	var wrong []*DefaultError
	for _, argument := range arguments {
		if argument.DefaultValue == nil {
			continue
		}
		value, err := s.constant(s.typeOf(argument.Type), argument.DefaultValue)
		if err != nil {
			wrong = append(wrong, &DefaultError{Of: owner + "(" + argument.Name + ":)", Message: err.Error(), At: argument.DefaultValue.Position})
			continue
		}
		if message := limitOf(argument.Directives).wrong(value); message != "" {
			wrong = append(wrong, &DefaultError{Of: owner + "(" + argument.Name + ":)", Message: message, At: argument.DefaultValue.Position})
		}
		s.defaults[argument] = value
	}
	return wrong
}

// constant is the canonical value of a literal without variables.
func (s *Schema) constant(t *typ, value *ast.Value) (any, error) {
	r := &reader{schema: s}
	e := r.at(position{typ: t}, value)
	if len(r.errs) > 0 {
		message := strings.TrimSuffix(r.errs[0].Message, ".")
		return nil, errors.New(strings.ToLower(message[:1]) + message[1:])
	}
	if e.kind != isConstant {
		return nil, errors.New("it has a variable")
	}
	return e.value, nil
}
