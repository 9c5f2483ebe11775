package cachecontrol

import (
	"encoding/json"
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/gateway/provenance"
)

// format makes tags of a field's arguments: "product-{$args.input.id}". What
// it is not about, $this, is generated code.
type format struct {
	texts []string   // before, between and after the variables
	paths [][]string // of the arguments
}

// mostTags is how many tags one format makes: lists of arguments could make any
// number.
const mostTags = 10_000

// appendTags adds the formats that a field's arguments fulfil.
func appendTags(list []fieldTags, field *ast.Field, texts []directive.Text) []fieldTags {
	var formats []format
	for _, text := range texts {
		if f, ok := formatOf(text); ok {
			formats = append(formats, f)
		}
	}
	if len(formats) == 0 {
		return list
	}
	return append(list, fieldTags{field, formats})
}

// formatOf returns the format of a text, and reports whether its variables are
// arguments only.
func formatOf(text directive.Text) (format, bool) {
	f := format{texts: []string{""}}
	for _, part := range text {
		switch {
		case part.Var == nil:
			f.texts[len(f.texts)-1] += part.Literal
		case part.Var.Root != directive.Args || part.Var.Joined:
			return format{}, false
		default:
			f.paths = append(f.paths, part.Var.Path)
			f.texts = append(f.texts, "")
		}
	}
	return f, true
}

func evaluate(list []fieldTags, variables map[string]any, without map[*ast.Field]error) []string {
	var tags []string
	for _, t := range list {
		if without[t.field] != nil {
			continue
		}
		var args map[string]any
		for _, f := range t.formats {
			if len(f.paths) > 0 && args == nil {
				args = t.field.ArgumentMap(variables)
			}
			tags = append(tags, f.tags(args)...)
		}
	}
	return tags
}

// tags are those that a format makes: none when a variable is null, several
// when one is a list.
func (f format) tags(args map[string]any) []string {
	tags := []string{f.texts[0]}
	for i, path := range f.paths {
		var next []string
		values := valuesAt(args, path)
		for _, tag := range tags {
			for _, value := range values {
				if len(next) < mostTags {
					next = append(next, tag+provenance.Escape(value)+f.texts[i+1])
				}
			}
		}
		tags = next
	}
	return tags
}

// valuesAt are the scalars that a path leads to, through lists.
func valuesAt(value any, path []string) []string {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, valuesAt(item, path)...)
		}
		return all
	case map[string]any:
		if len(path) == 0 {
			return nil
		}
		return valuesAt(v[path[0]], path[1:])
	}
	if len(path) > 0 {
		return nil
	}
	switch v := value.(type) {
	case string:
		return []string{v}
	case json.Number:
		return []string{v.String()}
	}
	return []string{fmt.Sprint(value)}
}
