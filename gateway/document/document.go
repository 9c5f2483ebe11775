// Package document turns the text of a GraphQL document into what can be
// executed: parsed, within limits, validated, and with facts about each of its
// operations.
//
// That is done once for a text: documents are kept, and what a request needs
// of one costs a lookup. Limits are checked before validation, whose cost some
// of them bound.
package document

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/gateway/coordinate"
	"github.com/portico-gateway/portico/gateway/input"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Document is a valid document. It is shared by requests: nobody changes it.
type Document[F any] struct {
	AST *ast.QueryDocument

	operations []Operation[F]
	size       int64 // in memory, about
}

// Size is about how many bytes the document takes in memory.
func (d *Document[F]) Size() int64 { return d.size }

// Operation is one of a document, and its facts.
type Operation[F any] struct {
	Definition *ast.OperationDefinition
	// Inputs coerces the variables of requests.
	Inputs *input.Operation
	Facts  F
}

// Operation finds an operation by its name; "" finds the only one. It is nil
// if there is none (GraphQL specification, section 6.1).
func (d *Document[F]) Operation(name string) *Operation[F] {
	if name == "" && len(d.operations) == 1 {
		return &d.operations[0]
	}
	for i := range d.operations {
		if name != "" && d.operations[i].Definition.Name == name {
			return &d.operations[i]
		}
	}
	return nil
}

func (s *Store[F]) make(text string) (*Document[F], gqlerror.List) {
	tree, err := s.parse(text)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	has, err := s.config.Limits.check(tree)
	if err != nil {
		return nil, gqlerror.List{err}
	}
	errs := validator.ValidateWithRules(s.config.Schema, tree, s.rules)
	uses := make([]coordinate.Set, len(tree.Operations))
	for i := 0; i < len(uses) && len(errs) == 0; i++ {
		uses[i] = s.coordinates.Of(tree.Operations[i]) // what follows changes the document
	}
	inputs, mistakes := s.config.Inputs.Compile(tree)
	if errs = append(errs, mistakes...); len(errs) > 0 {
		return nil, invalid(errs)
	}
	has.values, has.texts = inputs.Size()
	doc := &Document[F]{AST: tree, size: has.size(len(text)), operations: make([]Operation[F], len(tree.Operations))}
	for i, definition := range tree.Operations {
		operation := inputs.Operation(definition)
		if err := operation.Check(); err != nil {
			return nil, gqlerror.List{err}
		}
		doc.operations[i] = Operation[F]{Definition: definition, Inputs: operation, Facts: s.facts(definition, operation, uses[i])}
	}
	return doc, nil
}

// invalid sets the code of errors that have none to that of a document that does not fit
// the schema.
func invalid(errs gqlerror.List) gqlerror.List {
	for _, err := range errs {
		if err.Extensions["code"] == nil {
			setCode(err, problem.ValidationFailed)
		}
	}
	return errs
}

func (s *Store[F]) parse(text string) (*ast.QueryDocument, *gqlerror.Error) {
	if most := s.config.Limits.Bytes; len(text) > most {
		return nil, beyond(nil, problem.MaxTokensLimit, "The document has more than %d bytes.", most)
	}
	tree, err := parseText(text, s.config.Limits.Tokens)
	if err != nil {
		out := gqlerror.Wrap(err)
		if parsed, ok := err.(*gqlerror.Error); ok { //nolint:errorlint // the parser returns this type
			out = parsed
		}
		out.Err = nil                                               // it is written for the caller
		if strings.HasPrefix(out.Message, "exceeded token limit") { // the parser has no code of its own for it
			return nil, beyond(nil, problem.MaxTokensLimit, "The document has more than %d tokens.", s.config.Limits.Tokens)
		}
		setCode(out, problem.ParseFailed)
		return nil, out
	}
	if len(tree.Operations) == 0 {
		out := gqlerror.Errorf("The document has no operation.")
		setCode(out, problem.ValidationFailed)
		return nil, out
	}
	return tree, nil
}

func setCode(err *gqlerror.Error, code problem.Code) {
	if err.Extensions == nil {
		err.Extensions = map[string]any{}
	}
	err.Extensions["code"] = string(code)
}
