package bindgen_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen/templates"
)

// randomType is a type of a random schema.
type randomType struct {
	kind    string // type, input, enum, interface or union
	name    string
	head    string // what is between the name and the brace
	fields  []*randomField
	values  []*randomField // of an enum
	members []string       // of a union
	shared  bool           // it is in schema/shared/
	wire    bool           // a message of gRPC can have it
	keep    bool           // it is the same in all frontends
}

// randomField is a field, an argument or a value of an enum.
type randomField struct {
	name, typ string
	text      string // what follows the type
	args      []*randomField
	wireName  string // its name there
	keep      bool   // no frontend leaves it out or has it otherwise
	bound     bool   // the text has a binding
}

// randomSchema makes a random project of a seed.
type randomSchema struct {
	namer
	frontends []string
	global    *scope
	types     []*randomType
	scalars   []string
	services  []string // of REST
	grpc      string   // the service of gRPC
	wrong     int      // of a hundred choices, how many may be mistakes
	proto     *randomProto
	methods   []string
	roots     map[string]map[string]*strings.Builder // fields by type and frontend
	rootNames map[string]*scope
}

// newRandomSchema makes the project of a seed.
func newRandomSchema(seed uint64) *randomSchema {
	r := rand.New(rand.NewPCG(seed, 0x706f727469636f)) //nolint:gosec // not a secret
	s := &randomSchema{
		namer: namer{r: r, hostile: pick(r, []int{0, 0, 0, 1, 3, 5}), collide: r.IntN(6) == 0}, frontends: []string{"web", "mobile", "tv"}[:1+r.IntN(3)],
		global:    newScope("Query", "Mutation", "Subscription", "PageInfo", "String", "Int", "Float", "Boolean", "ID", "CacheControlScope"),
		services:  []string{pick(r, goodServices)},
		wrong:     pick(r, []int{0, 0, 0, 1, 4}),
		roots:     map[string]map[string]*strings.Builder{},
		rootNames: map[string]*scope{},
	}
	if r.IntN(5) == 0 {
		s.services = append(s.services, pick(r, badServices))
	}
	if r.IntN(12) == 0 {
		s.frontends[0] = pick(r, badFrontends)
	}
	s.grpc = "rpc"
	s.addScalars()
	s.proto = &randomProto{randomSchema: s, names: newScope(), values: newScope(), messages: map[string]string{}}
	s.addTypes()
	s.addRoots()
	return s
}

// chance reports whether something that happens so often happens.
func (n *namer) chance(percent int) bool { return n.r.IntN(100) < percent }

// mistake reports whether a mistake may be made here.
func (s *randomSchema) mistake() bool { return s.chance(s.wrong) }

// ownScalars are scalars that a project can have, with their lines in gqlgen.yml.
var ownScalars = map[string]string{
	"DateTime": "", "Int64": "", "JSON": "", "Decimal": "github.com/99designs/gqlgen/graphql.String", "Money": "", "Small": "github.com/99designs/gqlgen/graphql.Int32",
	"Map": "", "Span": "github.com/99designs/gqlgen/graphql.Duration", "Big": "github.com/99designs/gqlgen/graphql.Uint64", "Level": generatedModule + "/clients/levels.Level",
}

func (s *randomSchema) addScalars() {
	names := []string{"DateTime", "Decimal", "Money", "Int64", "JSON"}
	for _, rare := range []string{"Map", "Small", "Span", "Big", "Level"} {
		if s.chance(15) {
			names = append(names, rare)
		}
	}
	for _, name := range names {
		s.global.add(name)
	}
	s.scalars = names
}

// scalar is one that, when wire is set, a message can have.
func (s *randomSchema) scalar(wire bool) string {
	if own := pick(s.r, s.scalars); s.chance(30) && (!wire || own != "Level") {
		return own
	}
	return pick(s.r, []string{"String", "String", "Int", "ID", "Float", "Boolean"})
}

func (s *randomSchema) addTypes() {
	for _, kind := range []struct {
		name string
		most int
	}{{"enum", 2}, {"input", 3}, {"type", 4}} {
		for range 1 + s.r.IntN(kind.most) {
			t := &randomType{kind: kind.name, name: s.name(s.global, plainTypes, hostileTypes), wire: s.chance(60) || len(s.of(kind.name, true)) == 0, shared: s.chance(40)}
			s.types = append(s.types, t)
		}
	}
	for _, t := range s.types {
		switch t.kind {
		case "enum":
			s.fillEnum(t)
		case "input":
			s.fillInput(t)
		case "type":
			s.fillObject(t)
		}
	}
	if s.chance(35) {
		s.addInterface()
	}
	if s.chance(25) {
		members := s.of("type", false)
		s.types = append(s.types, &randomType{kind: "union", name: s.name(s.global, plainTypes, hostileTypes), shared: true, keep: true, members: []string{pick(s.r, members).name}})
	}
}

// of are the types of a kind, those that a message can have when wire is set.
func (s *randomSchema) of(kind string, wire bool) []*randomType {
	return slices.DeleteFunc(slices.Clone(s.types), func(t *randomType) bool { return t.kind != kind || wire && !t.wire })
}

// typeNamed is the type of a name; nil for a scalar.
func (s *randomSchema) typeNamed(name string) *randomType {
	for _, t := range s.types {
		if t.name == name {
			return t
		}
	}
	return nil
}

// baseOf is a type without what is around it.
func baseOf(typ string) string { return strings.Trim(typ, "[]!") }

func (s *randomSchema) fillEnum(t *randomType) {
	names := newScope()
	for range 1 + s.r.IntN(4) {
		v := &randomField{name: s.name(names, plainValues, hostileValues)}
		if s.chance(15) {
			v.text = fmt.Sprintf(` @source(name: %q, service: %q)`, strings.ToLower(v.name)+"-x", s.services[0])
		}
		t.values = append(t.values, v)
	}
	t.head = s.policy("enum")
}

// wrap puts lists around a type. Messages have only simple ones.
func (s *randomSchema) wrap(base string, wire bool) string {
	if wire {
		return weighted(s.r, base, 6, base+"!", 5, "["+base+"!]", 2, "["+base+"!]!", 3)
	}
	return weighted(s.r, base, 7, base+"!", 6, "["+base+"]", 1, "["+base+"!]", 2, "["+base+"]!", 1, "["+base+"!]!", 3, "[["+base+"!]!]!", 1, "[["+base+"]]", 1, "[[["+base+"]!]]", 1)
}

// inputType is a type of an argument or of an input field.
func (s *randomSchema) inputType(wire bool) string {
	base := s.scalar(wire)
	if enums := s.of("enum", wire); s.chance(20) && len(enums) > 0 {
		base = pick(s.r, enums).name
	} else if inputs := s.of("input", wire); s.chance(20) && len(inputs) > 0 {
		base = pick(s.r, inputs).name
	}
	return s.wrap(base, wire)
}

func (s *randomSchema) fillInput(t *randomType) {
	names := newScope()
	for range 1 + s.r.IntN(4) {
		f := &randomField{name: s.name(names, plainFields, hostileFields), typ: s.inputType(t.wire)}
		if of := s.typeNamed(baseOf(f.typ)); of != nil && of.kind == "input" && strings.HasSuffix(f.typ, "!") && !strings.HasPrefix(f.typ, "[") {
			f.typ = strings.TrimSuffix(f.typ, "!") // it may lead back to t
		}
		if s.chance(15) {
			f.wireName = "sent_" + strings.ToLower(f.name)
			f.text = fmt.Sprintf(" @source(name: %q)", f.wireName)
		}
		f.text += s.defaultOf(f.typ, 10)
		if def, directive, ok := strings.Cut(f.text, " ="); ok { // a default is before directives
			f.text = " =" + directive + def
		}
		t.fields = append(t.fields, f)
	}
}

// defaultOf is a default of an argument or an input field, sometimes.
func (s *randomSchema) defaultOf(typ string, percent int) string {
	values := map[string]string{"Int": " = 3", "String": ` = "a"`, "Boolean": " = true", "Float": " = 1.5", "ID": ` = "7"`, "[Int!]": " = [1, 2]", "[String!]!": ` = ["a", "b"]`}
	if !s.chance(percent) {
		return ""
	}
	if value, ok := values[typ]; ok {
		return value
	}
	return values[strings.TrimSuffix(typ, "!")]
}

func (s *randomSchema) outputType(wire bool) string {
	base := s.scalar(wire)
	if enums := s.of("enum", wire); s.chance(20) && len(enums) > 0 {
		base = pick(s.r, enums).name
	} else if objects := s.of("type", wire); s.chance(15) && len(objects) > 0 {
		base = pick(s.r, objects).name
	}
	return s.wrap(base, wire)
}

func (s *randomSchema) fillObject(t *randomType) {
	names := newScope()
	t.fields = append(t.fields, &randomField{name: s.name(names, []string{"id", "key", "sku"}, hostileFields), typ: weighted(s.r, "ID!", 5, "ID", 2, "Int!", 1, "String", 1, "Int64!", 1), keep: true})
	for range 1 + s.r.IntN(6) {
		f := &randomField{name: s.name(names, plainFields, hostileFields), typ: s.outputType(t.wire)}
		f.text = s.source(f, t.wire) + s.policy("field")
		if s.chance(10) {
			f.text += " @inaccessible"
		}
		t.fields = append(t.fields, f)
	}
	t.head = s.policy("type")
}

// source is an @source of a field, sometimes.
func (s *randomSchema) source(f *randomField, wire bool) string {
	if !s.chance(25) {
		return ""
	}
	base, list := baseOf(f.typ), strings.HasPrefix(f.typ, "[")
	constants := map[string]string{"String": `"x"`, "Int": "5", "Float": "2.5", "Boolean": "true", "ID": `"1"`, "Decimal": `"1.5"`, "Int64": "7"}
	if e := s.typeNamed(base); e != nil && e.kind == "enum" {
		e.values[0].keep = true
		constants[base] = e.values[0].name
	}
	if value := constants[base]; value != "" && !list && s.chance(50) {
		if s.chance(40) {
			return fmt.Sprintf(" @source(value: %s)", value)
		}
		if !wire {
			return fmt.Sprintf(" @source(default: %s)", value)
		}
	}
	if e := s.typeNamed(base); e != nil && e.kind == "type" && !list && !wire && s.chance(8) {
		return ` @source(name: "$")`
	}
	f.wireName = "their_" + strings.ToLower(f.name)
	path := f.wireName
	if !wire && s.chance(40) {
		path = pick(s.r, []string{"inner", "data.deep", "type"}) + "." + path
	}
	service := ""
	if s.chance(20) && !wire {
		service = fmt.Sprintf(", service: %q", pick(s.r, s.services))
	}
	return fmt.Sprintf(" @source(name: %q%s)", path, service)
}

// policy is a directive of caching, cost or rights, sometimes.
func (s *randomSchema) policy(on string) string {
	if !s.chance(12) {
		return ""
	}
	choices := map[string][]string{
		"enum":  {` @cost(weight: "2")`, " @authenticated"},
		"type":  {` @cost(weight: "2.5")`, " @authenticated", " @cacheControl(maxAge: 30)", ` @cacheTag(format: "all")`, ` @requiresScopes(scopes: [["a"]])`},
		"field": {` @cost(weight: "1")`, " @authenticated", " @cacheControl(maxAge: 5)", " @cacheControl(inheritMaxAge: true)", ` @cacheTag(format: "one")`, " @deprecated"},
		"root":  {` @rateLimit(max: 5, window: "1m")`, " @cacheControl(maxAge: 60, scope: PRIVATE)", " @deprecated(reason: \"old\")", ` @cacheTag(format: "root")`},
	}
	return pick(s.r, choices[on])
}

// addInterface makes an interface, which a new object type implements, and a
// field of Query that a method resolves.
func (s *randomSchema) addInterface() {
	i := &randomType{kind: "interface", name: s.name(s.global, plainTypes, hostileTypes), shared: true, keep: true}
	names := newScope()
	for range 1 + s.r.IntN(3) {
		i.fields = append(i.fields, &randomField{name: s.name(names, plainFields, hostileFields), typ: s.wrap(s.scalar(false), false)})
	}
	t := &randomType{kind: "type", name: s.name(s.global, plainTypes, hostileTypes), head: " implements " + i.name, shared: true, keep: true}
	for _, f := range i.fields {
		clone := *f
		t.fields = append(t.fields, &clone)
	}
	s.types = append(s.types, i, t)
	name := s.name(s.rootScope("Query"), plainFields, hostileFields)
	for _, frontend := range s.frontends {
		fmt.Fprintf(s.root("Query", frontend), "  %s: %s\n", name, i.name)
	}
	s.methods = append(s.methods, fmt.Sprintf("func (r *Query) %s(ctx context.Context) (model.%s, error) { return nil, nil }", templates.ToGo(name), templates.ToGo(i.name)))
}

func (s *randomSchema) rootScope(typ string) *scope {
	if s.rootNames[typ] == nil {
		s.rootNames[typ] = newScope()
	}
	return s.rootNames[typ]
}

// root collects the fields of a root type of a frontend.
func (s *randomSchema) root(typ, frontend string) *strings.Builder {
	if s.roots[frontend] == nil {
		s.roots[frontend] = map[string]*strings.Builder{}
	}
	if s.roots[frontend][typ] == nil {
		s.roots[frontend][typ] = &strings.Builder{}
	}
	return s.roots[frontend][typ]
}
