package transport

import (
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// ignoreDefer makes an operation answer in one response. gqlgen defines @defer
// in every schema and then answers in parts, of which a transport for one
// response would lose all but the first; a service may ignore the directive.
//
// The document can be that of other requests too, so it is copied.
func ignoreDefer(oc *graphql.OperationContext) {
	if !strings.Contains(oc.RawQuery, "defer") || !hasDefer(oc) {
		return
	}
	// gqlgen caches collected fields by the address of their selections, which
	// must not be that of freed ones: keep them as long as the operation.
	oc.Stats.SetExtension("portico.document", oc.Doc)

	doc := *oc.Doc
	whole := undeferred{fragments: make(map[*ast.FragmentDefinition]*ast.FragmentDefinition, len(doc.Fragments))}
	doc.Fragments = make(ast.FragmentDefinitionList, len(doc.Fragments))
	for i, fragment := range oc.Doc.Fragments {
		c := *fragment
		doc.Fragments[i], whole.fragments[fragment] = &c, &c
	}
	for _, fragment := range doc.Fragments {
		fragment.SelectionSet = whole.selections(fragment.SelectionSet)
	}
	doc.Operations = make(ast.OperationList, len(doc.Operations))
	for i, operation := range oc.Doc.Operations {
		c := *operation
		c.SelectionSet = whole.selections(c.SelectionSet)
		doc.Operations[i] = &c
	}
	oc.Doc, oc.Operation = &doc, doc.Operations.ForName(oc.OperationName)
}

// hasDefer walks every selection of the document once.
func hasDefer(oc *graphql.OperationContext) bool {
	for _, fragment := range oc.Doc.Fragments {
		if deferred(fragment.SelectionSet) {
			return true
		}
	}
	return deferred(oc.Operation.SelectionSet)
}

func deferred(selections ast.SelectionSet) bool {
	for _, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			if deferred(s.SelectionSet) {
				return true
			}
		case *ast.InlineFragment:
			if s.Directives.ForName("defer") != nil || deferred(s.SelectionSet) {
				return true
			}
		case *ast.FragmentSpread:
			if s.Directives.ForName("defer") != nil {
				return true
			}
		}
	}
	return false
}

// undeferred copies selections without @defer.
type undeferred struct {
	fragments map[*ast.FragmentDefinition]*ast.FragmentDefinition // to their copies
}

func (u undeferred) selections(selections ast.SelectionSet) ast.SelectionSet {
	out := make(ast.SelectionSet, len(selections))
	for i, selection := range selections {
		switch s := selection.(type) {
		case *ast.Field:
			c := *s
			c.SelectionSet = u.selections(s.SelectionSet)
			out[i] = &c
		case *ast.InlineFragment:
			c := *s
			c.Directives = withoutDefer(s.Directives)
			c.SelectionSet = u.selections(s.SelectionSet)
			out[i] = &c
		case *ast.FragmentSpread:
			c := *s
			c.Directives = withoutDefer(s.Directives)
			c.Definition = u.fragments[s.Definition]
			out[i] = &c
		}
	}
	return out
}

func withoutDefer(directives ast.DirectiveList) ast.DirectiveList {
	var out ast.DirectiveList
	for _, d := range directives {
		if d.Name != "defer" {
			out = append(out, d)
		}
	}
	return out
}
