package mock

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portico-gateway/portico/internal/openapi"
)

// The bounds of an answer.
const (
	maxDepth   = 6    // of objects within objects that need not be there
	deepest    = 24   // of any value: a schema may require itself
	maxRows    = 100  // of a list, whatever a call asks for
	fewRows    = 3    // of a list, unless a call asks for a number or for keys
	maxValues  = 5000 // of an answer: then lists are as short as they may be, and what need not be there is not
	maxRequest = 1 << 20
)

// maker makes the answer of one call.
type maker struct {
	seed   uint64
	call   string
	path   map[string]string   // values of the path's parameters
	item   string              // the parameter that is the key at the end of the path; "" if there is none
	given  map[string][]string // values of the query's parameters, and of the lists that the body has
	pages  paging              // of the rows that the call asks for
	rowsAt string              // the property that has them
	sent   map[string]any      // the object that the call sent; nil for none
	inRows bool                // parameters were applied
	values int                 // that were made
}

func newMaker(a *api, r *http.Request, p apiPath, operation *openapi3.Operation, values map[string]string) *maker {
	m := &maker{seed: a.seed, call: r.Method + " " + p.template, path: values, item: p.key(), given: map[string][]string{}}
	for name, list := range r.URL.Query() {
		for _, text := range list {
			m.give(name, strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(",| ", c) })...)
		}
	}
	if r.Body != nil && json.NewDecoder(io.LimitReader(r.Body, maxRequest)).Decode(&m.sent) != nil {
		m.sent = nil // what is no object changes nothing
	}
	m.pages = pagingOf(r, p, operation, m.sent)
	for name, value := range m.sent {
		if list, ok := value.([]any); ok {
			for _, item := range list {
				m.give(name, fmt.Sprint(item))
			}
		}
	}
	return m
}

func (m *maker) give(name string, values ...string) {
	if len(values) == 0 {
		return
	}
	m.given[name] = append(m.given[name], values...)
}

// isLimit reports whether a parameter says how many rows a call asks for.
func isLimit(name string) bool {
	return slices.Contains(strings.Fields(`limit perpage pagesize maxresults pagelimit maxitems maxrecords resultsperpage itemsperpage size top take
		first`), plain(name))
}

// body returns a response in JSON or XML.
func (m *maker) body(media *openapi3.MediaType, inXML bool) []byte {
	var value any
	switch {
	case media.Example != nil && len(m.path)+len(m.given) == 0:
		value = media.Example
		if text, ok := value.(string); ok && inXML {
			return []byte(text)
		}
	case media.Schema != nil:
		value = m.value(media.Schema, place{at: m.call, name: m.call})
	}
	if inXML {
		return documentXML(media.Schema, value)
	}
	text, err := json.Marshal(value)
	if err != nil { // an example that JSON does not have, such as a map of YAML with numbers as keys
		return []byte("null")
	}
	return text
}

// nested are values of the properties of a property, in place.fixed.
type nested map[string]any

// place is where a value is.
type place struct {
	at    string         // identifies the value, for the seed
	name  string         // the property, or the call
	depth int            // of objects and lists around it
	row   int            // of a list, from 0
	fixed map[string]any // the values of properties that the call decides

	beside bool // it is beside the rows of a page
}

func (m *maker) value(ref *openapi3.SchemaRef, p place) any {
	m.values++
	if ref == nil || ref.Value == nil || p.depth > deepest || m.values > 4*maxValues {
		return nil
	}
	if len(ref.Value.AllOf) > 0 {
		if all, _ := properties(ref.Value); len(all) == 0 { // it is no object, or one without members that are known
			ref = &openapi3.SchemaRef{Ref: ref.Ref, Value: allOf(ref.Value, 0)}
		}
	}
	schema := ref.Value
	if choices := slices.Concat(schema.OneOf, schema.AnyOf); len(choices) > 0 && len(schema.Properties) == 0 {
		return m.choice(schema, choices, p)
	}
	switch {
	case schema.Const != nil:
		return schema.Const
	case len(schema.Enum) > 0:
		return m.scalar(schema, p)
	case schema.Type.Permits("array") && schema.Items != nil:
		return m.list(schema, p)
	case len(schema.PrefixItems) > 0:
		return m.tuple(schema, p)
	case schema.Type.Includes("object") || len(schema.Properties)+len(schema.AllOf) > 0 || schema.AdditionalProperties.Schema != nil:
		if len(schema.Properties)+len(schema.AllOf) == 0 {
			return m.entries(schema, p)
		}
		return m.object(ref, p)
	}
	return m.scalar(schema, p)
}

// choice makes one of several: of rows, each in turn.
func (m *maker) choice(schema *openapi3.Schema, choices openapi3.SchemaRefs, p place) any {
	choices = slices.DeleteFunc(slices.Clone(choices), func(r *openapi3.SchemaRef) bool { return r.Value == nil || r.Value.Type.Is("null") })
	if len(choices) == 0 {
		return nil
	}
	n := m.hash(strings.TrimSuffix(p.at, "["+strconv.Itoa(p.row)+"]"))
	chosen := choices[(int(n%uint64(len(choices)))+p.row)%len(choices)] //nolint:gosec // it is less than len(choices)
	made := m.value(chosen, p)
	if object, ok := made.(map[string]any); ok && schema.Discriminator != nil {
		object[schema.Discriminator.PropertyName] = discriminate(schema.Discriminator, chosen.Ref)
	}
	return made
}

// discriminate returns the value of a discriminator for a schema.
func discriminate(d *openapi3.Discriminator, ref string) string {
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	for _, value := range slices.Sorted(maps.Keys(d.Mapping)) {
		if to := d.Mapping[value].Ref; to == ref || to == name {
			return value
		}
	}
	return name
}

// list makes rows: as many as the schema asks for, a row for each key that the call asks for, or a few.
func (m *maker) list(schema *openapi3.Schema, p place) any {
	rows, first := m.rows(schema, p)
	out := make([]any, len(rows))
	for i, fixed := range rows {
		at := p.at + "[" + strconv.Itoa(first+i) + "]"
		out[i] = m.value(schema.Items, place{at: at, name: p.name, depth: p.depth + 1, row: first + i, fixed: fixed})
	}
	return out
}

// tuple makes a list whose items have a schema each.
func (m *maker) tuple(schema *openapi3.Schema, p place) any {
	out := make([]any, len(schema.PrefixItems))
	for i, item := range schema.PrefixItems {
		out[i] = m.value(item, place{at: p.at + "[" + strconv.Itoa(i) + "]", name: p.name, depth: p.depth + 1})
	}
	return out
}

// object makes the properties of an object, those that need not be there only where it is not deep.
func (m *maker) object(ref *openapi3.SchemaRef, p place) any {
	fields, required := properties(ref.Value)
	fixed, first := m.decided(ref, fields, p)
	at := p.at
	if id := identity(fields); id != "" {
		if fixed[id] == nil {
			fixed = maps.Clone(fixed)
			if fixed == nil {
				fixed = map[string]any{}
			}
			fixed[id] = m.newID(fields[id].Value, p)
		}
		at = nameOf(ref) + "/" + fmt.Sprint(fixed[id])
	}
	out := map[string]any{}
	names := slices.Sorted(maps.Keys(fields))
	if first != "" { // what is beside rows depends on them
		m.rowsAt = plain(first)
		out[first] = m.value(fields[first], place{at: at + "." + first, name: first, depth: p.depth + 1})
		names = slices.DeleteFunc(names, func(name string) bool { return name == first })
	}
	for _, name := range names {
		inner := place{at: at + "." + name, name: name, depth: p.depth + 1}
		value, isFixed := fixed[name]
		if of, ok := value.(nested); ok {
			inner.fixed = of
			out[name] = m.value(fields[name], inner)
			continue
		}
		if isFixed {
			out[name] = value
			continue
		}
		if first != "" || p.beside {
			inner.beside = p.beside || slices.Contains(openapi.BesideNames(), plain(name))
			if value, known := m.beside(name, fields[name].Value, inner); known {
				if value != nil || required[name] {
					out[name] = present(value, fields[name].Value)
				}
				continue
			}
		}
		if field := fields[name]; required[name] || p.depth < maxDepth && m.values < maxValues && !field.Value.WriteOnly && !isCursor(name) {
			out[name] = m.value(field, inner)
		}
	}
	return out
}

// present returns the value of a member that must be there.
func present(value any, schema *openapi3.Schema) any {
	switch {
	case value != nil || schema.Nullable || schema.Type.Includes("null"):
		return value
	case schema.Type.Includes("string"):
		return ""
	case schema.Type.Includes("integer"):
		return 0
	}
	return map[string]any{}
}

// isScalar reports whether a schema is not one of objects and lists.
func isScalar(s *openapi3.Schema) bool {
	if s.Type == nil {
		return len(s.AllOf)+len(s.AnyOf)+len(s.OneOf)+len(s.Properties) == 0 && s.Items == nil
	}
	return !s.Type.Includes("object") && !s.Type.Includes("array")
}

// echo adds what the call sent: what is created has the values that it is created with.
func (m *maker) echo(fixed map[string]any, fields map[string]*openapi3.SchemaRef) map[string]any {
	for name, value := range m.sent {
		if field := fields[name]; field != nil && fixed[name] == nil && fits(value, field.Value) {
			fixed[name] = value
		}
	}
	return fixed
}

func fits(value any, schema *openapi3.Schema) bool {
	switch value.(type) {
	case string:
		return schema.Type.Permits("string")
	case float64, json.Number:
		return schema.Type.Permits("number") || schema.Type.Permits("integer")
	case bool:
		return schema.Type.Permits("boolean")
	}
	return false
}

func (m *maker) hash(at string) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %s", m.seed, at)
	return h.Sum64()
}
