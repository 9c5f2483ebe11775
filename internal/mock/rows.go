package mock

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
)

// rows returns what is fixed of the rows of a list, and how many rows come before them.
func (m *maker) rows(schema *openapi3.Schema, p place) (rows []map[string]any, first int) {
	fields, _ := properties(schema.Items.Value)
	if m.inRows || len(fields) == 0 && m.pages.by == "" { // only the outer rows are what the call asks for
		return repeat(nil, m.size(schema, p.depth)), 0
	}
	m.inRows = true
	all := m.asked(schema, fields, p)
	if id := identity(fields); id != "" && m.pages.cursor != "" {
		for i := range all {
			if fmt.Sprint(m.newID(fields[id].Value, place{at: p.at + "[" + strconv.Itoa(i) + "]", row: i})) == m.pages.cursor {
				m.pages.first = i + 1
			}
		}
	}
	return m.pages.cut(all), m.pages.first
}

// asked returns what is fixed of all rows that the call asks for, on whatever page they are.
func (m *maker) asked(schema *openapi3.Schema, fields map[string]*openapi3.SchemaRef, p place) []map[string]any {
	fixed := m.ofPath(schema.Items, fields)
	inPages := m.pages.by != "" || m.pages.size > 0
	for _, parameter := range slices.Sorted(maps.Keys(m.given)) {
		name := propertyOf(parameter, schema.Items, fields)
		if name == "" || m.pages.has(parameter) {
			continue
		}
		field := fields[name].Value
		if field.Type.Includes("array") { // rows that have all of these
			if list := listOf(m.given[parameter], field); list != nil {
				fixed[name] = list
			}
			continue
		}
		switch keys := fitting(m.given[parameter], field); {
		case len(keys) == 0: // it means something else
		case m.pages.by != "" && name != identity(fields) && len(keys) == 1:
			fixed[name] = keys[0]
		case name == identity(fields):
			return keyed(fixed, name, keys, 1)
		default: // another entity's key, such as the orders of a customer
			return keyed(fixed, name, keys, 2)
		}
	}
	if inPages {
		return repeat(fixed, rowsOfPages)
	}
	return repeat(fixed, m.size(schema, p.depth))
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
func keyed(fixed map[string]any, name string, keys []any, each int) []map[string]any {
	var rows []map[string]any
	for _, key := range keys[:min(len(keys), maxRows)] {
		for range each {
			row := maps.Clone(fixed)
			if row == nil {
				row = map[string]any{}
			}
			row[name] = key
			rows = append(rows, row)
		}
	}
	return rows
}

// fitting returns the values of a scalar that texts have, each once; other texts are left out.
func fitting(texts []string, schema *openapi3.Schema) []any {
	var values []any
	for _, text := range texts {
		if value, ok := typed(text, schema); ok && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}

// listOf returns a list of the values that texts have; nil if it is no list of scalars, or if none of the texts fits.
func listOf(texts []string, schema *openapi3.Schema) []any {
	if schema.Items == nil || schema.Items.Value == nil {
		return nil
	}
	return fitting(texts, schema.Items.Value)
}

func repeat(fixed map[string]any, n int) []map[string]any {
	rows := make([]map[string]any, n)
	for i := range rows {
		rows[i] = fixed
	}
	return rows
}
