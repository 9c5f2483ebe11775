package binding

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/nearest"
)

// Discriminator is @discriminator of an interface or a union. Exactly one of Name,
// Members and Present is set.
type Discriminator struct {
	Name    directive.Path // of the value that names the type
	Values  []Variant      // texts of this value
	Members []Variant      // paths of one step, which have the object
	Present []Variant      // paths of one step, which only one type has
	Default string         // a type, or empty
	Pos     *ast.Position
}

// Variant describes what determines one type.
type Variant struct {
	// Text is a value, or the path of a member.
	Text string
	Path directive.Path // of a member, else nil
	Type string
	Pos  *ast.Position
}

// Join returns the discriminator of a type that another frontend has as well, with another. knows and theirs report which
// types each frontend has: what only one of them has is only in its discriminator. It returns false if they differ in
// anything else.
func (d *Discriminator) Join(other *Discriminator, knows, theirs func(typ string) bool) (*Discriminator, bool) {
	joined := *d
	same := d.Name.String() == other.Name.String() && (d.Members == nil) == (other.Members == nil) && (d.Present == nil) == (other.Present == nil)
	for _, list := range []struct {
		to, more *[]Variant
		ordered  bool // the first that applies counts
	}{
		{&joined.Values, &other.Values, false},
		{&joined.Members, &other.Members, true},
		{&joined.Present, &other.Present, true},
	} {
		all, ok := joinVariants(*list.to, *list.more, list.ordered, knows, theirs)
		*list.to, same = all, same && ok
	}
	switch {
	case d.Default == other.Default, other.Default == "" && !theirs(d.Default):
	case d.Default == "" && !knows(other.Default):
		joined.Default = other.Default
	default:
		same = false
	}
	return &joined, same
}

// joinVariants returns what is in one of both lists, in the order of both.
func joinVariants(ours, more []Variant, ordered bool, knows, theirs func(typ string) bool) (all []Variant, ok bool) {
	find := func(list []Variant, text string) int {
		return slices.IndexFunc(list, func(v Variant) bool { return v.Text == text })
	}
	for _, v := range ours {
		if find(more, v.Text) < 0 && theirs(v.Type) {
			return ours, false
		}
	}
	taken := 0 // of ours
	for _, v := range more {
		switch at := find(ours, v.Text); {
		case at < 0 && knows(v.Type), at >= 0 && ours[at].Type != v.Type, at >= 0 && at < taken && ordered:
			return ours, false
		case at < 0:
			all = append(all, v)
		case at >= taken:
			all, taken = append(all, ours[taken:at+1]...), at+1
		}
	}
	return append(all, ours[taken:]...), true
}

// DiscriminatorFor returns what determines the types of an interface or a union in a service:
// the @discriminator that names the service, or else the one that names none; nil if
// there is neither. The directives must be valid; see [ReadOthers].
func DiscriminatorFor(directives ast.DirectiveList, service string) *Discriminator {
	found := forService(directives.ForNames(DiscriminatorDirective), service)
	if found == nil {
		return nil
	}
	r := &reader{report: func(*ast.Position, string, string, ...any) {}}
	return r.discriminator(found)
}

func (r *reader) discriminator(d *ast.Directive) *Discriminator {
	return &Discriminator{
		Name: r.path(d, "name"), Values: r.variants(d, "values", false), Members: r.variants(d, "members", true),
		Present: r.variants(d, "present", true), Default: raw(d, "default"), Pos: d.Position,
	}
}

// variants reads a list of "value=Type" or, if they are members, "member=Type".
func (r *reader) variants(d *ast.Directive, argument string, members bool) []Variant {
	arg := d.Arguments.ForName(argument)
	if arg == nil {
		return nil
	}
	var list []Variant
	for _, v := range directive.Items(arg.Value) {
		i := strings.LastIndexByte(v.Raw, '=')
		if i < 0 {
			r.fail(v.Position, `write "what the service has=Type"`, "%q is not a valid item of %s", v.Raw, argument)
			continue
		}
		variant := Variant{Text: v.Raw[:i], Type: v.Raw[i+1:], Pos: v.Position}
		if members {
			path, err := directive.ParsePath(variant.Text)
			if err != nil || len(path) != 1 || path[0].IsItem() {
				r.fail(v.Position, "", "%q is not the name of one member", variant.Text)
				continue
			}
			variant.Path = path
		}
		if slices.ContainsFunc(list, func(other Variant) bool { return other.Text == variant.Text }) {
			r.fail(v.Position, "keep one", "%q is for two types", variant.Text)
		}
		list = append(list, variant)
	}
	return list
}

// readDiscriminators checks the directives @discriminator of a type.
func readDiscriminators(schema *ast.Schema, def *ast.Definition, report directive.Report) {
	for _, d := range def.Directives.ForNames(DiscriminatorDirective) {
		r := &reader{schema: schema, report: report}
		if !r.checkArguments(d) {
			continue
		}
		found := r.discriminator(d)
		if !r.failed {
			r.checkDiscriminator(def, d, found)
		}
	}
}

func (r *reader) checkDiscriminator(def *ast.Definition, d *ast.Directive, found *Discriminator) {
	ways := 0
	for _, name := range []string{"name", "members", "present"} {
		if d.Arguments.ForName(name) != nil {
			ways++
		}
	}
	if ways != 1 {
		r.fail(d.Position, `write name: "kind", or members: ["advert=Ad"], or present: ["isbn=Book"]`, "@discriminator needs one of name, members and present")
		return
	}
	if arg := d.Arguments.ForName("values"); arg != nil && found.Name == nil {
		r.fail(arg.Position, "remove it", "values is for the value that name leads to")
	}
	if arg := d.Arguments.ForName("name"); arg != nil {
		if _, ok := found.Name.Names(); !ok || len(found.Name) == 0 {
			r.fail(arg.Value.Position, `write the name of a member, such as "kind"`, "%s can't name the type", found.Name)
		}
	}
	var types []string
	for _, t := range r.schema.GetPossibleTypes(def) {
		if t.Kind == ast.Object {
			types = append(types, t.Name)
		}
	}
	for _, v := range slices.Concat(found.Values, found.Members, found.Present) {
		if !slices.Contains(types, v.Type) {
			r.fail(v.Pos, nearest.Hint(v.Type, types), "%s has no type %s", def.Name, v.Type)
		}
	}
	if arg := d.Arguments.ForName("default"); arg != nil && !slices.Contains(types, found.Default) {
		r.fail(arg.Value.Position, nearest.Hint(found.Default, types), "%s has no type %s", def.Name, found.Default)
	}
}
