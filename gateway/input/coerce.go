package input

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/portico-gateway/portico/gateway/problem"
)

// mostMistakes is how many mistakes of one request are reported.
const mostMistakes = 10

// coercion coerces the variables of one request in place: values are those that
// a JSON decoder has made for it, which nobody else has.
type coercion struct {
	ctx      context.Context //nolint:containedctx // that of the request, for parsers
	schema   *Schema
	filled   size      // the defaults that were filled in
	path     []segment // from the variable to the value
	location []gqlerror.Location
	errs     gqlerror.List
}

// segment is a step of a path: a member, or an item when the name is empty.
type segment struct {
	name string
	item int
}

// pathText is the path in the variables: "$input.items[0].quantity".
func pathText(path []segment) string {
	var b strings.Builder
	for i, s := range path {
		switch {
		case s.name == "":
			b.WriteString("[" + strconv.Itoa(s.item) + "]")
		case i == 0:
			b.WriteString("$" + s.name)
		default:
			b.WriteString("." + s.name)
		}
	}
	return b.String()
}

// wrong adds a mistake at the current path. The message must have nothing of
// the value.
func (c *coercion) wrong(message string) any {
	if len(c.errs) < mostMistakes {
		path := pathText(c.path)
		c.errs = append(c.errs, badInput("Variable "+path+": "+sentence(message), path, c.location))
	}
	return nil
}

// sentence ends a message.
func sentence(message string) string {
	if strings.HasSuffix(message, "?") {
		return message
	}
	return message + "."
}

func badInput(message, path string, at []gqlerror.Location) *gqlerror.Error {
	err := &gqlerror.Error{Message: message, Locations: at, Extensions: map[string]any{"code": string(problem.BadUserInput)}}
	if path != "" {
		err.Extensions["variable"] = path
	}
	return err
}

// value returns the canonical form of a value of a position.
func (c *coercion) value(t *typ, value any) any {
	switch {
	case value == nil:
		if t.nonNull {
			return c.wrong("a value of type " + t.text + " must not be null")
		}
		return nil
	case t.elem != nil:
		return c.list(t, value)
	case t.named == nil: // validation has refused it
		return c.wrong("the schema has no type " + t.text)
	case t.named.kind == isObject:
		return c.object(t.named, value)
	}
	return c.leaf(t.named, value)
}

func (c *coercion) list(t *typ, value any) any {
	items, ok := value.([]any)
	if !ok { // it stands for a list of one
		item := c.value(t.elem, value)
		return []any{item}
	}
	depth := len(c.path)
	c.path = append(c.path, segment{})
	for i, item := range items {
		c.path[depth].item = i
		items[i] = c.value(t.elem, item)
	}
	c.path = c.path[:depth]
	return items
}

func (c *coercion) object(n *named, value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return c.wrong("expected an input object of type " + n.name + ", found " + describe(value))
	}
	depth, known := len(c.path), 0
	c.path = append(c.path, segment{})
	for i := range n.fields {
		f := &n.fields[i]
		c.path[depth].name = f.name
		member, given := object[f.name]
		switch {
		case given:
			known++
			if coerced := c.value(f.typ, member); !same(coerced, member) {
				object[f.name] = coerced
			}
			if f.limit != nil {
				if wrong := f.limit.wrong(object[f.name]); wrong != "" {
					c.wrong(wrong)
				}
			}
			if f.global != nil {
				object[f.name] = c.global(f.global, object[f.name])
			}
		case f.hasDefault:
			known++
			if c.fill(f) {
				object[f.name] = copied(f.value)
			}
		case f.typ.nonNull:
			c.wrong("a value of type " + f.typ.text + " is required")
		}
	}
	if known < len(object) {
		c.unknown(n, object, depth)
	}
	c.path = c.path[:depth]
	if n.oneOf {
		c.one(n, object)
	}
	return object
}

// fill reports whether the default of a field can be filled in: not beyond the
// limits, which are checked when all is coerced.
func (c *coercion) fill(f *field) bool {
	c.filled.items++
	c.filled.contain(f.size)
	return !c.schema.config.Limits.beyond(c.filled)
}

// same reports whether a coerced value is the one that was given. Lists and
// objects are changed in place.
func same(coerced, given any) bool {
	switch coerced := coerced.(type) {
	case string:
		text, ok := given.(string)
		return ok && text == coerced
	case json.Number:
		number, ok := given.(json.Number)
		return ok && number == coerced
	case []any:
		_, ok := given.([]any)
		return ok
	case bool, nil, map[string]any:
		return true
	}
	return false
}

func (c *coercion) unknown(n *named, object map[string]any, depth int) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if _, ok := n.index[name]; ok {
			continue
		}
		// The name is the caller's: it is not repeated.
		c.path = c.path[:depth]
		c.wrong(c.schema.suggest("a member is not defined by type "+n.name, name, n.fieldNames()))
		c.path = c.path[:depth+1]
		return
	}
}

func (n *named) fieldNames() []string {
	names := make([]string, len(n.fields))
	for i := range n.fields {
		names[i] = n.fields[i].name
	}
	return names
}

// longestName is the most bytes of a name that others are compared with: that
// takes time that grows with the product of their lengths.
const longestName = 64

// suggest adds names that are like one.
func (s *Schema) suggest(message, typed string, names []string) string {
	if !s.config.Suggestions || len(typed) > longestName {
		return message
	}
	if found := core.SuggestionList(typed, names); len(found) > 0 {
		return message + ". Did you mean " + core.QuotedOrList(found...) + "?"
	}
	return message
}

// one checks a OneOf input object (section 3.10.1).
func (c *coercion) one(n *named, object map[string]any) {
	if len(object) != 1 {
		c.wrong("an input object of type " + n.name + " must have exactly one member")
		return
	}
	for _, value := range object {
		if value == nil && len(c.errs) == 0 {
			c.wrong("the member of an input object of type " + n.name + " must not be null")
		}
	}
}

// leaf returns the canonical form of a scalar or an enum that is not null.
func (c *coercion) leaf(n *named, value any) any {
	value = c.specified(n, value)
	if n.parse == nil || value == nil {
		return value
	}
	out, wrong, _ := c.schema.parse(c.ctx, n, value)
	if wrong != "" {
		return c.wrong(wrong)
	}
	return out
}

// specified is leaf as far as the specification says it.
func (c *coercion) specified(n *named, value any) any {
	switch n.kind {
	case isString:
		if _, ok := value.(string); ok {
			return value
		}
	case isBoolean:
		if _, ok := value.(bool); ok {
			return value
		}
	case isEnum:
		if text, ok := value.(string); ok {
			if n.values[text] {
				return value
			}
			if len(c.errs) >= mostMistakes {
				return nil
			}
			return c.wrong(c.schema.suggest("the enum "+n.name+" has no such value", text, n.valueNames()))
		}
	case isCustom:
		return value
	default:
		if out := number(n.kind, value); out != nil {
			return out
		}
	}
	found := describe(value)
	if _, ok := value.(json.Number); ok && n.kind == isFloat {
		found = "one beyond 64 bits"
	}
	return c.wrong("expected " + n.describe() + ", found " + found)
}

// number is the canonical form of an Int, Float or ID; nil if it is none.
func number(k kind, value any) any {
	if _, ok := value.(string); ok && k == isID {
		return value
	}
	sent, ok := value.(json.Number)
	if !ok {
		return nil
	}
	switch k {
	case isInt, isFloat:
		of := int32Of
		if k == isFloat {
			of = floatOf
		}
		text, ok := of(string(sent))
		switch {
		case !ok:
			return nil
		case text == string(sent):
			return value
		}
		return json.Number(text)
	case isID:
		if text, ok := integer(string(sent)); ok {
			return text
		}
	}
	return nil
}

func (n *named) valueNames() []string {
	names := make([]string, len(n.definition.EnumValues))
	for i, value := range n.definition.EnumValues {
		names[i] = value.Name
	}
	return names
}

// parse parses a value. It returns the canonical value, or why the parser rejects
// it, and whether the parser panicked.
func (s *Schema) parse(ctx context.Context, n *named, value any) (out any, wrong string, panicked bool) {
	defer func() {
		if r := recover(); r != nil { // a parser of the project that does not expect this
			out, wrong, panicked = value, "expected "+n.describe(), true
			s.config.Log.ErrorContext(ctx, "the parser of a scalar panicked", "scalar", n.name, "cause", fmt.Sprint(r))
		}
	}()
	out, err := n.parse(ctx, value)
	if err == nil {
		return out, "", false
	}
	if p, ok := errors.AsType[*problem.Error](err); ok {
		return value, strings.TrimSuffix(p.Message, "."), false
	}
	return value, "expected " + n.describe(), false
}

// describe names a type with its article.
func (n *named) describe() string {
	switch n.kind {
	case isInt:
		return "an Int, an integer of 32 bits"
	case isFloat:
		return "a Float, a finite number"
	case isID:
		return "an ID, a string or an integer"
	case isEnum:
		return "a value of the enum " + n.name
	case isObject:
		return "an input object of type " + n.name
	}
	return "a value of type " + n.name
}

// describe names the kind of JSON that a value is.
func describe(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a Boolean"
	case json.Number:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "something else"
}

// IsSmall reports whether values are small enough to be kept for many requests.
func IsSmall(values map[string]any) bool {
	s := sizeOf(values)
	return s.items <= 100 && s.bytes <= 4<<10
}

// Copy returns a deep copy of values, which is not nil.
func Copy(values map[string]any) map[string]any {
	out, _ := copied(values).(map[string]any)
	return out
}

func copied(value any) any {
	switch value := value.(type) {
	case []any:
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = copied(item)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(value))
		for name, member := range value {
			out[name] = copied(member)
		}
		return out
	}
	return value
}
