package mock

import (
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// allOf returns a schema with what its allOf says of a value that is no object with properties.
func allOf(schema *openapi3.Schema, depth int) *openapi3.Schema {
	if schema == nil || len(schema.AllOf) == 0 || depth > maxDepth {
		return schema
	}
	out := *schema
	out.AllOf = nil
	for _, part := range schema.AllOf {
		if part.Value != nil {
			narrow(&out, allOf(part.Value, depth+1))
		}
	}
	if len(out.Enum) > 0 && !has(out.Enum, out.Example) {
		out.Example = nil // of a part that permits more
	}
	return &out
}

// has reports whether a list has a value that is written as another one.
func has(list []any, value any) bool {
	return slices.ContainsFunc(list, func(one any) bool { return fmt.Sprint(one) == fmt.Sprint(value) })
}

// narrow adds what another schema says to a schema that does not say it.
func narrow(out, other *openapi3.Schema) {
	if out.Type == nil || other.Type != nil && len(*other.Type) < len(*out.Type) || out.Type.Is("number") && other.Type.Is("integer") {
		out.Type = other.Type
	}
	if len(out.Enum) > 0 && len(other.Enum) > 0 {
		both := slices.DeleteFunc(slices.Clone(out.Enum), func(v any) bool { return !has(other.Enum, v) })
		if len(both) > 0 {
			out.Enum = both
		}
	}
	out.Enum = first(out.Enum, other.Enum)
	out.OneOf, out.AnyOf = first(out.OneOf, other.OneOf), first(out.AnyOf, other.AnyOf)
	out.PrefixItems, out.Examples = first(out.PrefixItems, other.PrefixItems), first(out.Examples, other.Examples)
	out.Const, out.Example = otherwise(out.Const, other.Const), otherwise(out.Example, other.Example)
	out.Format, out.Pattern = otherwise(out.Format, other.Format), otherwise(out.Pattern, other.Pattern)
	out.Items, out.Discriminator = otherwise(out.Items, other.Items), otherwise(out.Discriminator, other.Discriminator)
	out.Min, out.Max = otherwise(out.Min, other.Min), otherwise(out.Max, other.Max)
	out.MinLength, out.MaxLength = max(out.MinLength, other.MinLength), otherwise(out.MaxLength, other.MaxLength)
	out.MinItems, out.MaxItems = max(out.MinItems, other.MinItems), otherwise(out.MaxItems, other.MaxItems)
	out.MinProps, out.MaxProps = max(out.MinProps, other.MinProps), otherwise(out.MaxProps, other.MaxProps)
	out.XML = otherwise(out.XML, other.XML)
	out.AdditionalProperties.Schema = otherwise(out.AdditionalProperties.Schema, other.AdditionalProperties.Schema)
	if !out.ExclusiveMin.IsTrue() && out.ExclusiveMin.Value == nil {
		out.ExclusiveMin = other.ExclusiveMin
	}
	if !out.ExclusiveMax.IsTrue() && out.ExclusiveMax.Value == nil {
		out.ExclusiveMax = other.ExclusiveMax
	}
}

func first[T any](list, other []T) []T {
	if len(list) > 0 {
		return list
	}
	return other
}

func otherwise[T comparable](value, other T) T {
	var zero T
	if value == zero {
		return other
	}
	return value
}
