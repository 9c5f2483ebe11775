package mock

import (
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// decided returns what the call decides of an object, and the property that is what the call asks for: its rows, or the object that this one is
// around; empty if it is this object.
func (m *maker) decided(ref *openapi3.SchemaRef, fields map[string]*openapi3.SchemaRef, p place) (fixed map[string]any, first string) {
	if m.inRows || p.fixed != nil {
		return p.fixed, ""
	}
	fixed = m.ofItem(ref, fields)
	rows, inner := m.rowsIn(fields, 0), m.objectIn(fields)
	switch {
	case len(fixed) > 0 && m.pages.by == "":
	case rows != "" && (inner == "" || m.item == "" || m.pages.by != ""):
		return fixed, rows
	case inner != "":
		return fixed, inner
	}
	m.inRows = true
	return m.echo(fixed, fields), ""
}

// ofItem returns the properties that the path's parameters decide of the object that a call asks for: that at the end of the path is its key.
func (m *maker) ofItem(ref *openapi3.SchemaRef, fields map[string]*openapi3.SchemaRef) map[string]any {
	fixed, id := m.ofPath(ref, fields), identity(fields)
	if m.item == "" || id == "" || fixed[id] != nil || propertyOf(m.item, ref, fields) != "" {
		return fixed
	}
	if value, ok := typed(m.path[m.item], fields[id].Value); ok {
		fixed[id] = value
	}
	return fixed
}

// objectIn returns the property that has the object that a call asks for, if another one is around it: {"order": {…}}. It is empty if there is
// none, or if several could be it.
func (m *maker) objectIn(fields map[string]*openapi3.SchemaRef) string {
	if identity(fields) != "" {
		return ""
	}
	var named, all []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		inner, _ := properties(fields[name].Value)
		if identity(inner) == "" {
			continue
		}
		if all = append(all, name); len(m.ofPath(fields[name], inner)) > 0 {
			named = append(named, name)
		}
	}
	for _, names := range [][]string{named, all} {
		if len(names) == 1 {
			return names[0]
		}
	}
	return ""
}

// ofPath returns the properties that the path's parameters decide.
func (m *maker) ofPath(ref *openapi3.SchemaRef, fields map[string]*openapi3.SchemaRef) map[string]any {
	out := map[string]any{}
	for _, parameter := range slices.Sorted(maps.Keys(m.path)) {
		if name := propertyOf(parameter, ref, fields); name != "" {
			if value, ok := typed(m.path[parameter], fields[name].Value); ok {
				out[name] = value
			}
		}
	}
	return out
}

// key returns the parameter at the end of a path if it is named as a key: contractId in /contracts/{contractId}. It is empty for other paths.
func (p apiPath) key() string {
	template := strings.TrimSuffix(p.template, "/")
	last := template[strings.LastIndexByte(template, '/')+1:]
	for _, name := range p.parameters {
		for _, end := range []string{"id", "uuid", "guid", "key"} {
			if strings.Contains(last, "{"+name+"}") && strings.HasSuffix(plain(name), end) {
				return name
			}
		}
	}
	return ""
}
