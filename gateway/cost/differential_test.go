package cost_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/internal/longtest"
)

// compared is a document and what its variables are.
type compared struct {
	Document  string         `json:"document"`
	Variables map[string]any `json:"variables"`
}

// The costs of random documents are those that graphql-query-complexity (npm)
// computes, with the weights and lengths of the same directives.
func TestSameAsAnotherImplementation(t *testing.T) { sameAsAnotherImplementation(t, 400) }

func TestSameAsAnotherImplementationLong(t *testing.T) {
	longtest.Only(t)
	sameAsAnotherImplementation(t, 5_000)
}

func sameAsAnotherImplementation(t *testing.T, documents int) {
	t.Helper()
	var cases []compared
	for seed := range documents {
		r := &randomDocument{Rand: rand.New(rand.NewPCG(uint64(seed), 1)), fragments: map[string]string{}}
		cases = append(cases, r.document())
	}
	want := theirs(t, cases)
	highest, different := 0.0, map[float64]bool{}
	for i, c := range cases {
		f := formula(t, c.Document)
		got := f.Requested(f.coerce(t, decoded(t, c.Variables)))
		if math.Abs(got-want[i]) > 1e-6 {
			t.Errorf("%v, but another implementation has %v: %s %v", got, want[i], c.Document, c.Variables)
		}
		if terms := f.Terms(f.coerce(t, decoded(t, c.Variables))); len(terms) < 100 {
			sum := 0.0
			for _, term := range terms {
				if !strings.Contains(term.Path, ".") {
					sum += term.Cost
				}
			}
			if math.Abs(sum-got) > 1e-6 {
				t.Errorf("the terms come to %v, and the cost is %v: %s %v", sum, got, c.Document, terms)
			}
		}
		highest, different[got] = max(highest, got), true
	}
	if len(different) < min(documents/4, 100) || highest < 100 {
		t.Errorf("the documents are too simple: %d costs, the highest %v", len(different), highest)
	}
	t.Logf("%d documents, %d different costs, the highest %v", documents, len(different), highest)
}

// decoded are variables as they come out of a request.
func decoded(t *testing.T, variables map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(variables)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// theirs runs the other implementation.
func theirs(t *testing.T, cases []compared) []float64 {
	t.Helper()
	input, err := json.Marshal(map[string]any{"sdl": shop, "cases": cases})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "cost.mjs")
	cmd.Dir = "../../e2e/clients"
	cmd.Stdin = bytes.NewReader(input)
	var out, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failed
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v (make test installs what it needs)\n%s", err, failed.String())
	}
	var costs []float64
	if err := json.Unmarshal(out.Bytes(), &costs); err != nil || len(costs) != len(cases) {
		t.Fatalf("%v: %s", err, out.String())
	}
	return costs
}

// randomDocument writes a valid document of the schema shop.
type randomDocument struct {
	*rand.Rand
	fragments map[string]string
	variables map[string]any
	used      []string
	count     int
	alias     int
}

func (r *randomDocument) document() compared {
	r.variables = map[string]any{}
	kind, body := "query", ""
	if r.IntN(8) == 0 {
		kind, body = "mutation", `{ buy(id: "1") `+r.object("Product", 1)+" }"
	} else {
		body = r.object("Query", 0)
	}
	var b strings.Builder
	b.WriteString(kind)
	if len(r.used) > 0 {
		b.WriteString(" (" + strings.Join(r.used, ", ") + ")")
	}
	b.WriteString(" " + body)
	for i := range r.count {
		b.WriteString(r.fragments[fmt.Sprint("F", i)])
	}
	return compared{b.String(), r.variables}
}

// variable is a new one, with a value or without.
func (r *randomDocument) variable(typ string, value any) string {
	name := fmt.Sprintf("v%d", len(r.used))
	text := "$" + name + ": " + typ
	switch r.IntN(3) {
	case 0: // neither a value nor a default
	case 1:
		if typ == "Int" {
			text += fmt.Sprint(" = ", r.IntN(9))
		}
	default:
		r.variables[name] = value
	}
	r.used = append(r.used, text)
	return "$" + name
}

func (r *randomDocument) number() string {
	if r.IntN(2) == 0 {
		return r.variable("Int", r.IntN(20))
	}
	return strconv.Itoa(r.IntN(20))
}

// arguments are some of a field's.
func (r *randomDocument) arguments(options ...func() string) string {
	var list []string
	for _, option := range options {
		if r.IntN(2) == 0 {
			list = append(list, option())
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "(" + strings.Join(list, ", ") + ")"
}

func (r *randomDocument) filter(depth int) string {
	text := "{"
	if r.IntN(2) == 0 {
		text += `brand: "x" `
	}
	if depth < 3 && r.IntN(2) == 0 {
		text += "and: [" + r.filter(depth+1) + ", " + r.filter(depth+1) + "]"
	}
	return text + "}"
}

// field is one of a type, with what is below it.
func (r *randomDocument) field(typ string, depth int) string {
	first := func() string { return "first: " + r.number() }
	last := func() string { return "last: " + r.number() }
	below := func(typ string) string { return " " + r.object(typ, depth+1) }
	var options []func() string
	if depth < 5 {
		options = map[string][]func() string{
			"Query": {
				func() string { return "product(id: 1)" + below("Product") }, func() string { return "products" + r.arguments(first, last) + below("Connection") },
				func() string { return "strict(first: " + strconv.Itoa(r.IntN(9)) + ")" + below("Product") },
				func() string {
					return "page" + r.arguments(func() string { return "input: {size: " + r.number() + "}" }) + below("Product")
				},
				func() string {
					return "page" + r.arguments(func() string { return "input: " + r.variable("Page", map[string]any{"size": r.IntN(9)}) }) + below("Product")
				},
				func() string {
					return "search" + r.arguments(func() string { return `text: "a"` }, func() string { return "filter: " + r.filter(0) }) + below("Found")
				},
				func() string {
					return "search" + r.arguments(func() string {
						return "filter: " + r.variable("Filter", map[string]any{"brand": "a", "and": []any{map[string]any{"brand": "b"}, map[string]any{}}})
					}) + below("Found")
				},
				func() string { return "all" + below("Product") }, func() string { return "matrix" + below("Product") }, func() string { return "cheap" + below("Product") },
			},
			"Connection": {func() string { return "nodes" + below("Product") }, func() string { return "nodes" + below("Product") }},
			"Product":    {func() string { return "reviews" + r.arguments(first) + below("Review") }},
			"Review":     {func() string { return "author" + below("Product") }},
			"Shelf":      {func() string { return "products" + below("Product") }},
		}[typ]
	}
	leaves := map[string][]string{"Query": {"dear"}, "Connection": {"total"}, "Product": {"id", "name", "mood"}, "Review": {"body"}, "Shelf": {"id", "label"}, "Node": {"id"}, "Found": {"__typename"}}[typ]
	if len(options) > 0 && r.IntN(3) > 0 {
		return options[r.IntN(len(options))]()
	}
	return leaves[r.IntN(len(leaves))]
}

// object is a selection set.
func (r *randomDocument) object(typ string, depth int) string {
	var b strings.Builder
	b.WriteString("{")
	for range 1 + r.IntN(3) {
		var text string
		switch {
		case typ == "Found" && r.IntN(4) > 0:
			on := []string{"Product", "Shelf", "Node"}[r.IntN(3)]
			text = "... on " + on + r.condition() + " " + r.object(on, depth+1)
		case typ != "Found" && depth < 5 && r.IntN(6) == 0:
			text = "... on " + typ + r.condition() + " " + r.object(typ, depth+1)
		case typ != "Found" && r.IntN(6) == 0 && depth < 5:
			inside := r.object(typ, depth+1)
			name := fmt.Sprint("F", r.count)
			r.count++
			r.fragments[name] = fmt.Sprintf(" fragment %s on %s %s", name, typ, inside)
			text = "..." + name + r.condition()
		default:
			r.alias++
			text = fmt.Sprintf("a%d: %s", r.alias, r.conditionedField(typ, depth))
		}
		b.WriteString(" " + text)
	}
	return b.String() + " }"
}

// conditionedField is a field, perhaps with a condition before its selections.
func (r *randomDocument) conditionedField(typ string, depth int) string {
	text := r.field(typ, depth)
	if strings.Contains(text, " {") {
		return text
	}
	return text + r.condition()
}

func (r *randomDocument) condition() string {
	switch r.IntN(8) {
	case 0:
		return " @skip(if: " + []string{"true", "false"}[r.IntN(2)] + ")"
	case 1:
		name := fmt.Sprintf("v%d", len(r.used))
		r.used = append(r.used, "$"+name+": Boolean = "+[]string{"true", "false"}[r.IntN(2)])
		return " @include(if: $" + name + ")"
	}
	return ""
}
