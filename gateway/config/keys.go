package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// unknownKeys reports every key that no field has. The decoder's strict mode
// stops at the first one.
func (p *problems) unknownKeys(node ast.Node) {
	p.keysOf(node, reflect.TypeFor[Config](), "")
}

func (p *problems) keysOf(node ast.Node, typ reflect.Type, path string) {
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if list, ok := node.(*ast.SequenceNode); ok && typ.Kind() == reflect.Slice {
		for i, item := range list.Values {
			p.keysOf(item, typ.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
		return
	}
	if typ.Kind() == reflect.Slice { // one item instead of a list
		typ = typ.Elem()
	}
	for _, entry := range entries(node) {
		key := entry.Key.String()
		at := strings.TrimPrefix(path+"."+key, ".")
		switch typ.Kind() {
		case reflect.Map:
			p.keysOf(entry.Value, typ.Elem(), at)
		case reflect.Struct:
			fields := keysOfStruct(typ)
			field, known := fields[key]
			if !known {
				p.need(false, fmt.Sprintf("line %d:", entry.Key.GetToken().Position.Line),
					fmt.Sprintf("there is no setting %s; there are %s", at, strings.Join(sortedKeys(fields), ", ")))
				continue
			}
			p.keysOf(entry.Value, field, at)
		}
	}
}

func entries(node ast.Node) []*ast.MappingValueNode {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func keysOfStruct(typ reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for field := range typ.Fields() {
		fields[field.Tag.Get("yaml")] = field.Type
	}
	return fields
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
