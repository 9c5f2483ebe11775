package plan

import (
	"go/types"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"

	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// Choice says how values of an interface or a union are read from the answers of a
// service.
type Choice struct {
	Def    *ast.Definition
	Model  types.Type
	Format Format
	// Message is the message that it is read from; nil in JSON and XML.
	Message *protogen.Message
	// Path or, in a message, Fields lead to the value that names the type; nil if
	// a member determines it. Text converts the value of a message to text.
	Path   []string
	Fields []MessageField
	Text   *Func
	// Within reports whether the object is the value of the member that determines its
	// type, and not what has the member.
	Within   bool
	Variants []Variant
	// Default is the type of a value that has no variant; nil without one.
	Default *Object
}

// Variant is a type of a value of an interface or a union.
type Variant struct {
	Object *Object
	// Texts are the values that name the type.
	Texts []string
	// Name or, in a message, Field is the member that determines the type.
	Name  string
	Field MessageField
}

func (a *Choice) order() string {
	if a.Message != nil {
		return string(a.Message.Desc.FullName())
	}
	return ""
}

// itself returns the objects that are read from what the whole value is read from.
func (a *Choice) itself() []*Object {
	var list []*Object
	for _, v := range a.Variants {
		if !a.Within {
			list = append(list, v.Object)
		}
	}
	if a.Default != nil {
		list = append(list, a.Default)
	}
	return list
}

// choice plans how an interface or a union is read: from rows, or from a message.
// It returns nil if it can't, which is reported.
func (m *maker) choice(s *Service, def *ast.Definition, format Format, message *protogen.Message, pos *ast.Position) *Choice {
	for _, a := range s.Choices {
		if a.Def == def && a.Format == format && a.Message == message {
			return a // also while it is planned: it may contain itself
		}
	}
	how := m.discriminator(s, def, pos)
	if how == nil {
		return nil
	}
	a := &Choice{Def: def, Model: m.models.Named(def.Name), Format: format, Message: message}
	s.Choices = append(s.Choices, a)
	before := m.report.Len()
	switch {
	case how.Name != nil:
		m.byValue(s, a, how)
	case how.Members != nil:
		a.Within = true
		m.byMember(s, a, how, how.Members)
	default:
		m.byMember(s, a, how, how.Present)
	}
	if how.Default != "" {
		a.Default = m.variant(s, a, how.Default, message, pos)
	}
	for _, o := range a.itself() { // a field that was planned before the choice was complete
		if slices.ContainsFunc(o.Fields, func(f *Field) bool { return f.Read != nil && len(f.Path) == 0 && m.contains(f.Read, o, 0) }) {
			m.report.At(o.Def.Position, "use the object itself", "$ makes %s a part of itself", o.Def.Name)
		}
	}
	if m.report.Len() > before {
		return nil
	}
	return a
}

// contained returns a function that reports whether a list has a name.
func contained(names []string) func(string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

// discriminator returns what determines the types of an interface or a union.
// It returns nil if that is not known, which is reported.
func (m *maker) discriminator(s *Service, def *ast.Definition, pos *ast.Position) *binding.Discriminator {
	var found *binding.Discriminator
	var have []string // the types that the frontends before have
	for _, f := range s.callers() {
		own := f.Schema.Types[def.Name]
		if own == nil {
			continue
		}
		theirs := binding.DiscriminatorFor(own.Directives, s.Name)
		var types []string
		for _, t := range f.Schema.GetPossibleTypes(own) {
			types = append(types, t.Name)
		}
		switch {
		case theirs == nil:
			continue
		case found == nil:
			found = theirs
		default:
			joined, ok := found.Join(theirs, contained(have), contained(types))
			if !ok {
				m.report.At(theirs.Pos, "use the same in both", "%s has another @discriminator here than at %s", def.Name, project.Where(found.Pos))
				return nil
			}
			found = joined
		}
		have = append(have, types...)
	}
	if found == nil {
		m.report.At(pos, "add @discriminator to "+def.Name+`, such as @discriminator(name: "kind"), or resolve it with a Go method`,
			"%s is %s, and no @discriminator says how its types are determined in the service %s", def.Name, project.Article(def.Kind), s.Name)
	}
	return found
}

// variant plans how one of the types is read.
func (m *maker) variant(s *Service, a *Choice, name string, message *protogen.Message, pos *ast.Position) *Object {
	def := m.union.Types[name]
	if message != nil {
		return m.message(s, def, message)
	}
	if a.Message != nil {
		m.report.At(pos, "", "%s must be read from a message", name)
		return nil
	}
	return m.object(s, def, a.Format)
}

// byValue plans the types that a value names.
func (m *maker) byValue(s *Service, a *Choice, how *binding.Discriminator) {
	if a.Message == nil {
		m.localNames(how.Name, a.Format, how.Pos)
		a.Path, _ = how.Name.Names()
	} else if !m.discriminatorField(a, how) {
		return
	}
	owner := map[string]string{} // the type that a text belongs to
	for _, v := range how.Values {
		owner[v.Text] = v.Type
	}
	for _, def := range m.possible(a.Def) {
		v := Variant{Object: m.variant(s, a, def.Name, a.Message, how.Pos)}
		for _, text := range typeTexts(a, how, def.Name) {
			if owner[text] == "" || owner[text] == def.Name {
				owner[text] = def.Name
				v.Texts = append(v.Texts, text)
			}
		}
		if len(v.Texts) > 0 {
			a.Variants = append(a.Variants, v)
		}
	}
}

// typeTexts returns the values that name a type.
func typeTexts(a *Choice, how *binding.Discriminator, name string) []string {
	var texts []string
	for _, v := range how.Values {
		if v.Type == name {
			texts = append(texts, v.Text)
		}
	}
	if texts != nil {
		return texts
	}
	texts = []string{name}
	upper := binding.UpperSnakeCase.Of(name)
	for _, text := range spellings(upper, "", false) {
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if a.Fields != nil && a.Fields[len(a.Fields)-1].Enum != nil {
		texts = append(texts, enumPrefix(a.Fields[len(a.Fields)-1].Enum)+upper)
	}
	return texts
}

// discriminatorField plans where a message has the value that names the type.
func (m *maker) discriminatorField(a *Choice, how *binding.Discriminator) bool {
	if a.Fields = m.protoPath(a.Message, how.Name, how.Pos); a.Fields == nil {
		return false
	}
	last := a.Fields[len(a.Fields)-1]
	t := ProtoType(last.Field)
	switch {
	case last.IsList() || last.Desc.IsMap():
	case last.Enum != nil:
		a.Text = &Func{Package: GatewayPath + "/decode", Name: "EnumName"}
		return true
	case isPlainString(t):
		return true
	case isInteger(t):
		a.Text = &Func{Package: GatewayPath + "/decode", Name: "Digits"}
		return true
	}
	m.report.At(how.Pos, "use a text, an enum or a whole number", "%s is %s, which can't name the type", last.Desc.FullName(), last.describe())
	return false
}

// byMember plans the types that members determine.
func (m *maker) byMember(s *Service, a *Choice, how *binding.Discriminator, list []binding.Variant) {
	for _, of := range list {
		v, message := Variant{Name: of.Path[0].Name}, (*protogen.Message)(nil)
		if a.Message != nil {
			fields := m.protoPath(a.Message, of.Path, of.Pos)
			if fields == nil {
				continue
			}
			v.Field, message = fields[0], a.Message
			if a.Within {
				message = fields[0].Message
			}
			if fields[0].IsList() || fields[0].Desc.IsMap() || !fields[0].Desc.HasPresence() || message == nil {
				m.report.At(of.Pos, "use a field of a oneof, an optional field or a message", "%s is %s, which is never absent or has no object",
					fields[0].Desc.FullName(), fields[0].describe())
				continue
			}
		} else {
			m.localNames(of.Path, a.Format, how.Pos)
		}
		v.Object = m.variant(s, a, of.Type, message, how.Pos)
		a.Variants = append(a.Variants, v)
	}
}

// possible returns the types of an interface or a union, sorted by name.
func (m *maker) possible(def *ast.Definition) []*ast.Definition {
	list := slices.DeleteFunc(slices.Clone(m.union.GetPossibleTypes(def)), func(t *ast.Definition) bool { return t.Kind != ast.Object })
	slices.SortFunc(list, func(a, b *ast.Definition) int { return strings.Compare(a.Name, b.Name) })
	return list
}
