package ratelimit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/gateway/input"
)

// Caller is whose buckets are charged.
type Caller struct {
	Principal string // its id; "" when anonymous
	Address   string // of the client
}

// Fields are the fields of one operation that have @rateLimit. Nil has none.
// They are immutable.
type Fields struct {
	scope string
	list  []limited
}

// limited is a field at one place of an operation.
type limited struct {
	field    *ast.Field
	name     string // Type.field
	capacity float64
	refill   float64 // points per second
	by       []directive.By
}

// OfOperation finds the fields with @rateLimit of a valid operation, in every
// place that they are selected in: each alias, each spread of a fragment.
// Whether @skip leaves one out does not matter. A field of an interface is that
// of all possible types, too, and one of a type that of its interfaces. Scope
// keeps buckets of several schemas apart.
func OfOperation(scope string, schema *ast.Schema, operation *ast.OperationDefinition) *Fields {
	f := &Fields{scope: scope}
	f.collect(schema, operation.SelectionSet)
	if len(f.list) == 0 {
		return nil
	}
	return f
}

func (f *Fields) collect(schema *ast.Schema, selections ast.SelectionSet) {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			for _, owner := range owners(schema, s.ObjectDefinition) {
				if definition := owner.Fields.ForName(s.Name); definition != nil {
					if limit := directive.RateLimitOf(definition.Directives); limit != nil {
						f.list = append(f.list, read(s, owner.Name, limit))
					}
				}
			}
			f.collect(schema, s.SelectionSet)
		case *ast.InlineFragment:
			f.collect(schema, s.SelectionSet)
		case *ast.FragmentSpread:
			if s.Definition != nil {
				f.collect(schema, s.Definition.SelectionSet)
			}
		}
	}
}

// owners are the types whose field is asked for when it is asked of a type:
// that one, its interfaces, its possible types.
func owners(schema *ast.Schema, definition *ast.Definition) []*ast.Definition {
	if definition == nil {
		return nil
	}
	list := []*ast.Definition{definition}
	for _, name := range definition.Interfaces {
		if parent := schema.Types[name]; parent != nil {
			list = append(list, parent)
		}
	}
	if definition.IsAbstractType() {
		list = append(list, schema.PossibleTypes[definition.Name]...)
	}
	return list
}

// read compiles a directive, which the generator has checked.
func read(field *ast.Field, owner string, limit *directive.RateLimit) limited {
	l := limited{field: field, name: owner + "." + field.Name, capacity: float64(limit.Max), by: limit.By}
	if limit.Window > 0 {
		l.refill = l.capacity / limit.Window.Seconds()
	}
	return l
}

// Charges adds what the operation asks of the fields' buckets: a point for
// each place. Variables are coerced.
func (f *Fields) Charges(to []Charge, caller Caller, variables map[string]any) []Charge {
	if f == nil {
		return to
	}
	for i := range f.list {
		l := &f.list[i]
		bucket := Bucket{Key: l.key(f.scope, caller, variables), Capacity: l.capacity, Refill: l.refill}
		at := slices.IndexFunc(to, func(c Charge) bool { return c.Key == bucket.Key })
		if at < 0 {
			to = append(to, Charge{Bucket: bucket, Points: 1})
			continue
		}
		to[at].Points++
	}
	return to
}

// key identifies a bucket. Each part has its length before it, so that no
// value can be taken for two.
func (l *limited) key(scope string, caller Caller, variables map[string]any) string {
	var b strings.Builder
	part := func(text string) { fmt.Fprintf(&b, "%d:%s", len(text), text) }
	part(scope)
	part(l.name)
	var arguments map[string]any
	for _, by := range l.by {
		part(by.Text)
		switch {
		case by.Argument != nil:
			if arguments == nil {
				arguments = l.field.ArgumentMap(variables)
			}
			part(at(arguments, by.Argument))
		case by.Text == directive.ByAddress || caller.Principal == "":
			part("address " + caller.Address)
		default:
			part("principal " + caller.Principal)
		}
	}
	return short(b.String())
}

// short is a key that takes little memory: values of arguments may be long.
func short(key string) string {
	if len(key) <= 128 {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256 " + hex.EncodeToString(sum[:])
}

// at returns a text that distinguishes the values inside of arguments.
func at(value any, path directive.ArgumentPath) string {
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return string(input.AppendValue(nil, value))
}
