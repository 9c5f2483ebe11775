package document

import (
	"math"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/portico-gateway/portico/gateway/coordinate"
	"github.com/portico-gateway/portico/gateway/input"
)

// Config describes what documents are for and what they may be.
type Config struct {
	// Schema is what documents are validated against.
	Schema *ast.Schema
	// Limits bound them.
	Limits Limits
	// Memory is how many bytes the documents that were used last may take, with
	// their facts, by an estimate; more than 0.
	Memory int64
	// Suggestions lets errors name what the schema has instead.
	Suggestions bool
	// Inputs compiles the values of documents. It is made of Schema.
	Inputs *input.Schema
	// Rules validate documents besides those of the specification.
	Rules []core.Rule
}

// Store makes documents and keeps them. It is safe for concurrent use.
type Store[F any] struct {
	config      Config
	rules       *rules.Rules
	coordinates *coordinate.Schema
	facts       Finder[F]

	mu        sync.Mutex
	documents *simplelru.LRU[string, *Document[F]] // by the text
	size      int64                                // of all that are kept
}

// Finder returns the facts of an operation. uses are the coordinates that it uses, of
// the document as it was written.
type Finder[F any] func(operation *ast.OperationDefinition, inputs *input.Operation, uses coordinate.Set) F

// New returns a store that asks facts once for each operation of a valid
// document.
func New[F any](config Config, facts Finder[F]) (*Store[F], error) {
	s := &Store[F]{config: config, rules: validation(config), coordinates: coordinate.New(config.Schema), facts: facts}
	var err error
	s.documents, err = simplelru.NewLRU(math.MaxInt, func(_ string, doc *Document[F]) { s.size -= doc.size })
	return s, err
}

// Lookup returns the document of a text if it is kept, or nil.
func (s *Store[F]) Lookup(text string) *Document[F] {
	s.mu.Lock()
	defer s.mu.Unlock()
	doc, _ := s.documents.Get(text)
	return doc
}

// Get returns the document of a text, or why it is none: errors have codes,
// and locations where there are some.
func (s *Store[F]) Get(text string) (*Document[F], gqlerror.List) {
	if doc := s.Lookup(text); doc != nil {
		return doc, nil
	}
	doc, errs := s.make(text)
	if len(errs) > 0 {
		return nil, errs
	}
	return s.add(text, doc), nil
}

// add stores a document, and returns the one that all requests share: facts may
// learn.
func (s *Store[F]) add(text string, doc *Document[F]) *Document[F] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first, ok := s.documents.Get(text); ok {
		return first
	}
	// One document must not push out all others.
	if doc.size > s.config.Memory/4 {
		return doc
	}
	s.documents.Add(text, doc)
	for s.size += doc.size; s.size > s.config.Memory; {
		s.documents.RemoveOldest()
	}
	return doc
}

// What the parts of a document take in memory, in bytes: its tree, its arguments
// and the facts of its operations. The test of the gateway's own facts measures
// this (gateway/server, TestSizeOfDocuments).
const (
	sizeOfDocument  = 4 << 10
	sizeOfField     = 640 // wherever its fragment is spread
	sizeOfArgument  = 900
	sizeOfItem      = 350 // of a list or object
	sizeOfValue     = 150 // of an argument, with defaults
	sizeOfDirective = 600
	sizeOfOperation = 500
	sizeOfSpread    = 400
)

// size estimates what a document takes in memory.
func (m measure) size(text int) int64 {
	return sizeOfDocument + 2*int64(text) + sizeOfValue*int64(m.values) + int64(m.texts) +
		sizeOfField*int64(m.fields) + sizeOfArgument*int64(m.arguments) + sizeOfItem*int64(m.items) +
		sizeOfDirective*int64(m.directives) + sizeOfSpread*int64(m.spreads) + sizeOfOperation*int64(m.operations)
}
