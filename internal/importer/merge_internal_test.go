package importer

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

func TestMerge(t *testing.T) {
	const base = "type A {\n  a: Int\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n"
	for name, test := range map[string]struct {
		ours, theirs, want string
		conflicts          int
	}{
		"nothing":             {base, base, base, 0},
		"only the document":   {base, "type A {\n  a: Int!\n  b: Int\n}\n", "type A {\n  a: Int!\n  b: Int\n}\n", 0},
		"only by hand":        {"type A {\n  b: Int\n}\n", base, "type A {\n  b: Int\n}\n", 0},
		"different places":    {"type A {\n  a: Int @x\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", "type A {\n  a: Int\n  b: Int\n}\n\ntype B {\n  c: Int!\n}\n", "type A {\n  a: Int @x\n  b: Int\n}\n\ntype B {\n  c: Int!\n}\n", 0},
		"the same line":       {"type A {\n  a: ID\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", "type A {\n  a: String\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", "type A {\n  a: ID\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", 1},
		"the same change":     {"type A {\n  a: ID\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", "type A {\n  a: ID\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", "type A {\n  a: ID\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", 0},
		"both add at one end": {base + "\ntype C {\n  d: Int\n}\n", base + "\ntype D {\n  e: Int\n}\n", base + "\ntype D {\n  e: Int\n}\n\ntype C {\n  d: Int\n}\n", 0},
		"removed by hand":     {"type A {\n  a: Int\n  b: Int\n}\n", "type A {\n  a: Int\n  b: Int\n}\n\ntype B {\n  c: Int!\n}\n", "type A {\n  a: Int\n  b: Int\n}\n", 1},
		"empty":               {"", base, "", 0},
		"a type moves": {
			"type A {\n  a: Int\n  b: Int\n}\n\n\"Mine.\"\ntype B @key {\n  # also mine\n  c: Int\n  own: ID\n}\n",
			"type B {\n  c: Int\n  d: Int\n}\n\ntype A {\n  b: Int\n  a: Int!\n}\n",
			"type A {\n  a: Int!\n  b: Int\n}\n\n\"Mine.\"\ntype B @key {\n  # also mine\n  c: Int\n  d: Int\n  own: ID\n}\n", 0,
		},
		"the type is removed, but not what was added to it": {
			"type A {\n  a: Int\n  b: Int\n}\n\ntype B {\n  c: Int\n  own: ID\n}\n", "type A {\n  a: Int\n  b: Int\n}\n",
			"type A {\n  a: Int\n  b: Int\n}\n\ntype B {\n  own: ID\n}\n", 0,
		},
		"the type is removed, but was changed": {
			"type A {\n  a: Int\n  b: Int\n}\n\ntype B @mine {\n  c: Int\n}\n", "type A {\n  a: Int\n  b: Int\n}\n",
			"type A {\n  a: Int\n  b: Int\n}\n\ntype B @mine {\n  c: Int\n}\n", 1,
		},
		"members on one line": {
			"type A { a: Int, b: Int, own: ID }\n\ntype B {\n  c: Int\n}\n", "type A {\n  a: Int\n  b: Int\n}\n\ntype B {\n  c: Int!\n}\n",
			"type A { a: Int, b: Int, own: ID }\n\ntype B {\n  c: Int!\n}\n", 0,
		},
		"what has no braces": {
			base + "\nscalar S @mine\n\nunion U = A | B\n\ndirective @d(a: String = \"type\") on FIELD_DEFINITION | OBJECT\n\nextend type A @x\n",
			"union U = A | B | C\n\n" + base,
			base + "\nscalar S @mine\n\nunion U = A | B\n\ndirective @d(a: String = \"type\") on FIELD_DEFINITION | OBJECT\n\nextend type A @x\n", 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, conflicts, err := merge("shop.graphqls", []byte(base), []byte(test.ours), []byte(test.theirs))
			if err != nil || string(got) != test.want || len(conflicts) != test.conflicts {
				t.Errorf("%v; got %d conflicts and\n%s\nwant %d and\n%s", err, len(conflicts), got, test.conflicts, test.want)
			}
		})
	}
}

// A schema of a random history has, of each member, what the rules say: what only one side changed is as that side has it, and what
// both changed is ours.
func TestMergeOfRandomHistories(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 1))
		base := randomModel(r)
		ours, theirs := base.changed(r, "o"), base.changed(r, "t")
		merged, _, err := merge("shop.graphqls", base.text(), ours.text(), theirs.text())
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got, want := modelOf(t, merged), map[string]string{}
		for _, key := range slices.Sorted(maps.Keys(mergedKeys(base, ours, theirs))) {
			b, o, h := base.members[key], ours.members[key], theirs.members[key]
			value := o
			if o == b {
				value = h
			}
			if value != "" {
				want[key] = value
			}
		}
		if !maps.Equal(got, want) {
			t.Fatalf("seed %d: got\n%v\nwant\n%v\nbase\n%s\nours\n%s\ntheirs\n%s\nmerged\n%s", seed, got, want, base.text(), ours.text(), theirs.text(), merged)
		}
	}
}

// model is a schema: the types of members by type and name. Each type has a member that nothing changes.
type model struct {
	order   []string // of the types
	members map[string]string
	shuffle uint64 // the order of members
	blank   bool   // an empty line is between members
}

func randomModel(r *rand.Rand) *model {
	m := &model{members: map[string]string{}}
	for i := range 1 + r.IntN(4) {
		name := fmt.Sprintf("T%d", i)
		m.order = append(m.order, name)
		m.members[name+".id"] = "ID"
		for j := range r.IntN(4) {
			m.members[fmt.Sprintf("%s.f%d", name, j)] = "Int"
		}
	}
	return m
}

// changed returns the model as one side has it.
func (m *model) changed(r *rand.Rand, side string) *model {
	out := &model{order: slices.Clone(m.order), members: maps.Clone(m.members), shuffle: r.Uint64() % 3, blank: side == "t" && r.IntN(4) == 0}
	for _, key := range slices.Sorted(maps.Keys(m.members)) {
		typ, name, _ := strings.Cut(key, ".")
		if name == "id" {
			continue
		}
		switch r.IntN(8) {
		case 0, 1:
			delete(out.members, key)
		case 2, 3:
			out.members[key] = []string{"String", "Float"}[r.IntN(2)]
		case 4:
			out.members[typ+"."+side+name] = "Boolean"
		}
	}
	if r.IntN(2) == 0 {
		name := "N" + side
		out.order, out.members[name+".id"] = append(out.order, name), "ID"
	}
	if side == "t" {
		r.Shuffle(len(out.order), func(i, j int) { out.order[i], out.order[j] = out.order[j], out.order[i] })
	}
	return out
}

func (m *model) text() []byte {
	var b strings.Builder
	for i, name := range m.order {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "\"\"\"\nThe type %s { a\n\"\"\"\ntype %s @d(a: \"}\") {\n", name, name)
		var keys []string
		for _, key := range slices.Sorted(maps.Keys(m.members)) {
			if strings.HasPrefix(key, name+".") {
				keys = append(keys, key)
			}
		}
		r := rand.New(rand.NewPCG(m.shuffle, 2))
		if m.shuffle > 0 {
			r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		}
		for j, key := range keys {
			if j > 0 && m.blank {
				b.WriteString("\n")
			}
			fmt.Fprintf(&b, "  \"is %s\"\n  # about it\n  %s(first: Int = 3,\n    type: String = \"a b\"): %s @source(\n    name: \"x\"\n  )\n",
				strings.TrimPrefix(key, name+"."), strings.TrimPrefix(key, name+"."), m.members[key])
		}
		b.WriteString("}\n")
	}
	return []byte(b.String())
}

func modelOf(t *testing.T, text []byte) map[string]string {
	t.Helper()
	doc, err := parser.ParseSchema(&ast.Source{Input: string(text)})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	members := map[string]string{}
	for _, def := range doc.Definitions {
		for _, f := range def.Fields {
			if members[def.Name+"."+f.Name] != "" {
				t.Fatalf("%s.%s is there twice\n%s", def.Name, f.Name, text)
			}
			members[def.Name+"."+f.Name] = f.Type.String()
			if f.Description != "is "+f.Name {
				t.Fatalf("%s.%s has the description %q\n%s", def.Name, f.Name, f.Description, text)
			}
		}
	}
	return members
}

func mergedKeys(all ...*model) map[string]bool {
	keys := map[string]bool{}
	for _, m := range all {
		for key := range m.members {
			keys[key] = true
		}
	}
	return keys
}

// FuzzMerge merges texts of which one has not changed, and others.
func FuzzMerge(f *testing.F) {
	f.Add("type A {\n  a: Int\n}\n", "type A {\n  b: Int\n}\n\nscalar S\n", "# c\n\nunion U = A | B\n")
	f.Add("\"\"\"a\"\"\" type", "}", "{ ( [")
	f.Add("extend schema @a\nscalar type\nenum E { A B }", "schema { query: Q }", "directive @a on A | B\n")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if got, conflicts, err := merge("a", []byte(a), []byte(b), []byte(a)); err != nil || string(got) != b || len(conflicts) > 0 {
			t.Errorf("a change by hand became %q, want %q", got, b)
		}
		if got, conflicts, err := merge("a", []byte(a), []byte(a), []byte(b)); err != nil || string(got) != b || len(conflicts) > 0 {
			t.Errorf("a change of the document became %q, want %q", got, b)
		}
		valid := true
		for _, text := range []string{a, b, c} {
			_, err := parser.ParseSchema(&ast.Source{Input: text})
			valid = valid && err == nil
		}
		merged, _, err := merge("a", []byte(a), []byte(b), []byte(c))
		if !valid || err != nil {
			return // it has not panicked
		}
		if _, err := parser.ParseSchema(&ast.Source{Input: string(merged)}); err != nil {
			t.Errorf("%q, %q and %q became %q: %v", a, b, c, merged, err)
		}
	})
}
