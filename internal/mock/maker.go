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
	given  map[string][]string // values of the query's parameters, and of the lists that the body has
	limit  int                 // how many rows the call asks for; 0 if it does not say
	sent   map[string]any      // the object that the call sent; nil for none
	inRows bool                // parameters were applied
	values int                 // that were made
}

func newMaker(a *api, r *http.Request, p apiPath, values map[string]string) *maker {
	m := &maker{seed: a.seed, call: r.Method + " " + p.template, path: values, given: map[string][]string{}}
	for name, list := range r.URL.Query() {
		for _, text := range list {
			m.give(name, strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(",| ", c) })...)
		}
	}
	if r.Body == nil || json.NewDecoder(io.LimitReader(r.Body, maxRequest)).Decode(&m.sent) != nil {
		return m // what is no object changes nothing
	}
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
	if n, err := strconv.Atoi(values[0]); isLimit(name) && err == nil && n > 0 {
		m.limit = min(n, maxRows)
	}
}

// isLimit reports whether a parameter says how many rows a call asks for.
func isLimit(name string) bool {
	return slices.Contains([]string{"limit", "first", "size", "pagesize", "perpage", "take", "top"}, plain(name))
}

// body returns the JSON of a response.
func (m *maker) body(media *openapi3.MediaType) []byte {
	var value any
	switch {
	case media.Example != nil && len(m.path)+len(m.given) == 0:
		value = media.Example
	case media.Schema != nil:
		value = m.value(media.Schema, place{at: m.call, name: m.call})
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
}

func (m *maker) value(ref *openapi3.SchemaRef, p place) any {
	m.values++
	if ref == nil || ref.Value == nil || p.depth > deepest || m.values > 2*maxValues {
		return nil
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
	case schema.Type.Includes("object") || len(schema.Properties)+len(schema.AllOf) > 0:
		if all, _ := properties(schema); len(all) > 0 || len(schema.AllOf) == 0 {
			return m.object(ref, p)
		}
		return m.value(schema.AllOf[0], p) // of one that is no object: allOf only describes it
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
	rows := m.rows(schema, p.depth)
	out := make([]any, len(rows))
	for i, fixed := range rows {
		out[i] = m.value(schema.Items, place{at: p.at + "[" + strconv.Itoa(i) + "]", name: p.name, depth: p.depth + 1, row: i, fixed: fixed})
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

func (m *maker) rows(schema *openapi3.Schema, depth int) []map[string]any {
	fields, _ := properties(schema.Items.Value)
	if len(fields) > 0 && !m.inRows { // only the outer rows are what the call asks for
		m.inRows = true
		fixed := m.ofPath(schema.Items, fields)
		for _, parameter := range slices.Sorted(maps.Keys(m.given)) {
			if name := propertyOf(parameter, schema.Items, fields); name != "" {
				each := 2 // of another entity's key, such as the orders of a customer
				if name == identity(fields) {
					each = 1
				}
				return keyed(fixed, name, m.given[parameter], fields[name].Value, each)
			}
		}
		if m.limit > 0 {
			return repeat(fixed, m.limit)
		}
		return repeat(fixed, m.size(schema, depth))
	}
	return repeat(nil, m.size(schema, depth))
}

func (m *maker) size(schema *openapi3.Schema, depth int) int {
	least := int(min(schema.MinItems, maxRows)) //nolint:gosec // at most maxRows
	if m.values > maxValues || depth >= maxDepth {
		return least
	}
	n := max(fewRows, least)
	if schema.MaxItems != nil {
		n = min(n, int(min(*schema.MaxItems, maxRows))) //nolint:gosec // at most maxRows
	}
	return n
}

// keyed returns rows with keys as the property name, so many of each.
func keyed(fixed map[string]any, name string, keys []string, schema *openapi3.Schema, each int) []map[string]any {
	var rows []map[string]any
	seen := map[string]bool{}
	for _, key := range keys {
		if seen[key] || len(rows) >= maxRows {
			continue
		}
		seen[key] = true
		for range each {
			row := maps.Clone(fixed)
			if row == nil {
				row = map[string]any{}
			}
			row[name] = typed(key, schema)
			rows = append(rows, row)
		}
	}
	return rows
}

func repeat(fixed map[string]any, n int) []map[string]any {
	rows := make([]map[string]any, n)
	for i := range rows {
		rows[i] = fixed
	}
	return rows
}

// object makes the properties of an object, those that need not be there only where it is not deep.
func (m *maker) object(ref *openapi3.SchemaRef, p place) any {
	fields, required := properties(ref.Value)
	fixed := p.fixed
	if !m.inRows && p.fixed == nil {
		if fixed = m.ofPath(ref, fields); len(fixed) > 0 || !hasRows(fields) {
			m.inRows = true
			fixed = m.echo(fixed, fields)
		}
	}
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
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value, isFixed := fixed[name]
		if inner, ok := value.(nested); ok {
			out[name] = m.value(fields[name], place{at: at + "." + name, name: name, depth: p.depth + 1, fixed: inner})
			continue
		}
		if isFixed {
			out[name] = value
			continue
		}
		if field := fields[name]; required[name] || p.depth < maxDepth && m.values < maxValues && !field.Value.WriteOnly && !isCursor(name) {
			out[name] = m.value(field, place{at: at + "." + name, name: name, depth: p.depth + 1})
		}
	}
	return out
}

// ofPath returns the properties that the path's parameters decide.
func (m *maker) ofPath(ref *openapi3.SchemaRef, fields map[string]*openapi3.SchemaRef) map[string]any {
	out := map[string]any{}
	for _, parameter := range slices.Sorted(maps.Keys(m.path)) {
		if name := propertyOf(parameter, ref, fields); name != "" && isScalar(fields[name].Value) {
			out[name] = typed(m.path[parameter], fields[name].Value)
		}
	}
	return out
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
