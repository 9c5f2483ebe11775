package apidocs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/gateway/problem"
)

// Note is what a directive says, in a few words.
type Note struct {
	// Kind is the subject of the note.
	Kind NoteKind
	Text string
}

// NoteKind is the kind of a [Note].
type NoteKind string

// The kinds of notes.
const (
	Right      NoteKind = "right"      // who may have it
	Cost       NoteKind = "cost"       // how many points it costs
	Size       NoteKind = "size"       // how long a list can be
	Caching    NoteKind = "caching"    // how long answers are cached, and what invalidates them
	Rate       NoteKind = "rate"       // how often it may be requested
	Values     NoteKind = "values"     // which values it takes
	Deprecated NoteKind = "deprecated" // that it will be removed
)

// fieldNotes returns what the directives of a field say, and the codes that they and its calls can give.
func (b *builder) fieldNotes(def *ast.Definition, f *ast.FieldDefinition) ([]Note, []problem.Code) {
	var codes []problem.Code
	rights := directive.RightsOf(b.schema, def, f)
	notes := slices.Concat(deprecated(f.Directives), rightNotes(rights))
	if len(rights) > 0 {
		codes = append(codes, problem.Unauthenticated)
	}
	if slices.ContainsFunc(rights, func(r directive.Right) bool { return r.Kind != directive.Authenticated }) {
		codes = append(codes, problem.Forbidden)
	}
	if weight := b.costs.Weight(f); weight != 0 && def.Kind != ast.Interface {
		text := "cost " + number(weight)
		if f.Type.Elem != nil {
			text += " per item"
		}
		notes = append(notes, Note{Cost, text})
	}
	notes = append(notes, sizeNotes(f)...)
	if def != b.schema.Mutation && def != b.schema.Subscription {
		notes = append(notes, b.cachingNotes(f, len(rights) > 0)...)
	}
	if tags := written(f.Directives, directive.NameInvalidates, "tags"); tags != nil {
		notes = append(notes, Note{Caching, "invalidates answers tagged " + strings.Join(tags, ", ")})
	}
	if limit := directive.RateLimitOf(f.Directives); limit != nil {
		notes = append(notes, Note{Rate, rateText(limit)})
		codes = append(codes, problem.Throttled)
	}
	if len(f.Arguments) > 0 {
		codes = append(codes, problem.BadUserInput)
	}
	for _, route := range b.routes[def.Name+"."+f.Name] {
		if route.Service != "" && !slices.Contains(codes, problem.ServiceError) {
			codes = append(codes, problem.ServiceError, problem.ServiceTimeout)
		}
	}
	return notes, codes
}

// written returns the items of an argument of all directives of a name, as they are written.
func written(directives ast.DirectiveList, name, argument string) []string {
	var list []string
	for _, d := range directives.ForNames(name) {
		if arg := d.Arguments.ForName(argument); arg != nil {
			for _, item := range directive.Items(arg.Value) {
				list = append(list, item.Raw)
			}
		}
	}
	return list
}

// tagNotes returns the tags of answers with a field, or with objects of a type.
func tagNotes(directives ast.DirectiveList) []Note {
	tags := written(directives, directive.NameCacheTag, "format")
	if tags == nil {
		return nil
	}
	return []Note{{Caching, "tagged " + strings.Join(tags, ", ")}}
}

// typeNotes returns what the directives of a type say.
func typeNotes(def *ast.Definition) []Note {
	var notes []Note
	if def.Directives.ForName("oneOf") != nil {
		notes = append(notes, Note{Values, "exactly one field"})
	}
	if weight, ok := directive.Weight(def.Directives); ok {
		notes = append(notes, Note{Cost, "cost " + number(weight)})
	}
	if c := directive.CacheControlOf(def.Directives); c.MaxAge != nil {
		notes = append(notes, Note{Caching, cachingText(c, false)})
	}
	return append(notes, tagNotes(def.Directives)...)
}

// inputNotes returns what the directives of an argument or an input field say.
func inputNotes(arg *ast.ArgumentDefinition) []Note {
	notes := deprecated(arg.Directives)
	if c := directive.ConstraintOf(arg.Directives); c != nil {
		switch {
		case c.Min != nil && c.Max != nil:
			notes = append(notes, Note{Values, "from " + number(*c.Min) + " to " + number(*c.Max)})
		case c.Min != nil:
			notes = append(notes, Note{Values, "at least " + number(*c.Min)})
		case c.Max != nil:
			notes = append(notes, Note{Values, "at most " + number(*c.Max)})
		}
	}
	if id := directive.GlobalIDOf(arg.Directives); id != nil {
		text := "global id"
		if id.Type != "" {
			text += " of " + id.Type
		}
		notes = append(notes, Note{Values, text})
	}
	if weight, ok := directive.Weight(arg.Directives); ok {
		notes = append(notes, Note{Cost, "cost " + number(weight)})
	}
	return notes
}

func deprecated(directives ast.DirectiveList) []Note {
	d := directives.ForName("deprecated")
	if d == nil {
		return nil
	}
	reason := "No longer supported" // the default of the specification
	if arg := d.Arguments.ForName("reason"); arg != nil {
		reason = arg.Value.Raw
	}
	return []Note{{Deprecated, "deprecated: " + reason}}
}

// rightNotes returns what a caller needs, all of it.
func rightNotes(rights directive.Rights) []Note {
	var notes []Note
	for _, right := range rights {
		switch {
		case right.Kind == directive.Authenticated:
			notes = append(notes, Note{Right, "signed in"})
		case len(right.AnyOf) == 0:
			notes = append(notes, Note{Right, "nobody"})
		case right.Kind == directive.Scopes:
			notes = append(notes, Note{Right, named("scope", right.AnyOf)})
		default:
			notes = append(notes, Note{Right, named("policy", right.AnyOf)})
		}
	}
	return notes
}

// named returns lists of names, of which one is needed: "scopes a or b + c".
func named(word string, anyOf [][]string) string {
	total, lists := 0, make([]string, len(anyOf))
	for i, list := range anyOf {
		lists[i] = strings.Join(list, " + ")
		total += len(list)
	}
	if total > 1 {
		word = map[string]string{"scope": "scopes", "policy": "policies"}[word]
	}
	return word + " " + strings.Join(lists, " or ")
}

// sizeNotes returns how long a list can be.
func sizeNotes(f *ast.FieldDefinition) []Note {
	size := directive.ListSizeOf(f.Directives)
	if size == nil {
		return nil
	}
	names, most := []string{}, 0
	for _, path := range size.SlicingArguments {
		names = append(names, path.String())
		if arg := f.Arguments.ForName(path[0]); arg != nil && len(path) == 1 && most >= 0 {
			if n, ok := directive.ConstraintOf(arg.Directives).Most(); ok {
				most = max(most, n)
				continue
			}
		}
		most = -1 // one of them has no bound
	}
	joined := strings.Join(names, " or ")
	var notes []Note
	switch {
	case len(names) > 0 && most > 0:
		notes = append(notes, Note{Size, fmt.Sprintf("at most %d items (%s)", most, joined)})
	case len(names) > 0:
		notes = append(notes, Note{Size, "as many items as " + joined + " says"})
	}
	if size.AssumedSize != nil {
		notes = append(notes, Note{Size, fmt.Sprintf("counted as %d items", *size.AssumedSize)})
	}
	return notes
}

// cachingNotes returns how long the answer of a field is cached, if the schema says it, and its tags.
func (b *builder) cachingNotes(f *ast.FieldDefinition, restricted bool) []Note {
	var notes []Note
	c := directive.CacheControlOf(f.Directives)
	if of := b.schema.Types[f.Type.Name()]; of != nil {
		c = c.Or(directive.CacheControlOf(of.Directives))
	}
	if c.MaxAge != nil || c.InheritMaxAge || c.Scope == directive.Private {
		notes = append(notes, Note{Caching, cachingText(c, restricted)})
	}
	return append(notes, tagNotes(f.Directives)...)
}

func cachingText(c directive.CacheControl, restricted bool) string {
	scope := "public"
	if restricted || c.Scope == directive.Private {
		scope = "private"
	}
	switch {
	case c.MaxAge == nil && c.InheritMaxAge:
		return "cached as long as its object, " + scope
	case c.MaxAge == nil:
		return "answers are " + scope
	case *c.MaxAge == 0:
		return "not cached"
	}
	return "cached for " + seconds(*c.MaxAge) + ", " + scope
}

func seconds(d time.Duration) string { return number(d.Seconds()) + " s" }

// rateText returns how often a field may be requested: "3 per 1m per principal".
func rateText(limit *directive.RateLimit) string {
	window := limit.Window.String()
	if strings.HasSuffix(window, "m0s") {
		window = strings.TrimSuffix(window, "0s")
	}
	if strings.HasSuffix(window, "h0m") {
		window = strings.TrimSuffix(window, "0m")
	}
	by := make([]string, len(limit.By))
	for i, one := range limit.By {
		by[i] = strings.TrimPrefix(one.Text, "args.")
	}
	text := strconv.Itoa(limit.Max) + " per " + window
	if len(by) == 0 {
		return text + " for all callers together"
	}
	return text + " per " + strings.Join(by, " and ")
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
