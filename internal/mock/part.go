package mock

import (
	"slices"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/portico-gateway/portico/gateway/directive"
)

// part is a part of an answer: what is read of it, and of its members or items.
type part struct {
	values   []*openapi3.SchemaRef
	members  map[string]*part
	items    []*part // by number
	required bool
	identity bool // it identifies the object that it is a member of
}

func (p *part) empty() bool { return len(p.values)+len(p.members)+len(p.items) == 0 }

// at returns the part at a path.
func (p *part) at(path directive.Path) *part {
	if len(path) == 0 {
		return p
	}
	step := path[0]
	if step.IsItem() {
		for len(p.items) <= step.Item {
			p.items = append(p.items, &part{})
		}
		return p.items[step.Item].at(path[1:])
	}
	if p.members == nil {
		p.members = map[string]*part{}
	}
	if p.members[step.Name] == nil {
		p.members[step.Name] = &part{}
	}
	return p.members[step.Name].at(path[1:])
}

// require makes the parts on a path required.
func (p *part) require(path directive.Path) {
	for i := range path {
		p.at(path[:i+1]).required = true
	}
}

// schema returns the schema of all that is read: of an object its members and those of others that are read from it.
func (p *part) schema() *openapi3.SchemaRef {
	var list []*openapi3.SchemaRef
	if len(p.members) > 0 || p.empty() {
		object := &openapi3.Schema{Type: &openapi3.Types{"object"}, Properties: openapi3.Schemas{}}
		for name, member := range p.members {
			property := member.schema()
			if member.identity && property.Ref == "" {
				property.Value.Extensions = map[string]any{identityMark: true}
			}
			if object.Properties[name] = property; member.required {
				object.Required = append(object.Required, name)
			}
		}
		slices.Sort(object.Required)
		list = append(list, &openapi3.SchemaRef{Value: object})
	}
	if len(p.items) > 0 {
		tuple := &openapi3.Schema{Type: &openapi3.Types{"array"}, MinItems: uint64(len(p.items))}
		for _, item := range p.items {
			if item.empty() { // it is not read
				item.values = append(item.values, schemaOf("", "String"))
			}
			tuple.PrefixItems = append(tuple.PrefixItems, item.schema())
		}
		list = append(list, &openapi3.SchemaRef{Value: tuple})
	}
	return combined(slices.Concat(p.values, list))
}

// combined returns the schema of a value that several schemas are read from.
func combined(list []*openapi3.SchemaRef) *openapi3.SchemaRef {
	first := list[0]
	if len(list) == 1 {
		return first
	}
	switch {
	case first.Value.Items != nil: // items that are read by their numbers are as all others
		items, least := []*openapi3.SchemaRef{}, uint64(0)
		for _, one := range list {
			if one.Value.Items != nil {
				items = append(items, one.Value.Items)
			}
			items, least = append(items, one.Value.PrefixItems...), max(least, one.Value.MinItems)
		}
		out := arrayOf(combined(items))
		out.Value.MinItems = least
		return out
	case len(first.Value.OneOf) > 0: // each of them has what else is read
		out := &openapi3.Schema{}
		for _, one := range first.Value.OneOf {
			out.OneOf = append(out.OneOf, combined(slices.Concat([]*openapi3.SchemaRef{one}, list[1:])))
		}
		return &openapi3.SchemaRef{Ref: first.Ref, Value: out}
	case isScalar(first.Value) && first.Ref == "":
		return first
	}
	return &openapi3.SchemaRef{Ref: first.Ref, Value: &openapi3.Schema{Type: &openapi3.Types{"object"}, AllOf: list}}
}

func arrayOf(item *openapi3.SchemaRef) *openapi3.SchemaRef {
	return &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{"array"}, Items: item}}
}

func enumOf(texts []string) *openapi3.SchemaRef {
	schema := &openapi3.Schema{Type: &openapi3.Types{"string"}}
	for _, text := range texts {
		schema.Enum = append(schema.Enum, text)
	}
	return &openapi3.SchemaRef{Value: schema}
}
