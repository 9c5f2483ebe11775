package ratelimit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/ratelimit"
)

const limited = `
directive @rateLimit(max: Int!, window: String!, by: [String!] = ["principal"]) on FIELD_DEFINITION
type Query {
  free: String
  mine: String @rateLimit(max: 6, window: "1m")
  login(email: String!, in: In): String @rateLimit(max: 5, window: "10s", by: ["args.email", "args.in.id"])
  here: String @rateLimit(max: 1, window: "1s", by: "address")
  node: Node
  thing: Thing
}
input In { id: ID }
interface Node { id: ID plain: ID @rateLimit(max: 2, window: "1s") }
type Thing implements Node { id: ID @rateLimit(max: 3, window: "1s") plain: ID }
type Other implements Node { id: ID plain: ID }
`

func charges(t *testing.T, document string, caller ratelimit.Caller, variables map[string]any) []ratelimit.Charge {
	t.Helper()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: limited})
	doc := gqlparser.MustLoadQueryWithRules(schema, document, nil)
	return ratelimit.OfOperation("web", schema, doc.Operations[0]).Charges(nil, caller, variables)
}

func TestFieldsWithLimits(t *testing.T) {
	one := ratelimit.Caller{Principal: "p1", Address: "192.0.2.1"}
	for document, want := range map[string]string{
		`{ free }`:                 "",
		`{ mine }`:                 "1 of 6",
		`{ a: mine b: mine }`:      "2 of 6",
		`{ mine @skip(if: true) }`: "1 of 6",
		`{ ...F ...F } fragment F on Query { mine here }`:                   "2 of 6, 2 of 1",
		`{ login(email: "a") b: login(email: "b") }`:                        "1 of 5, 1 of 5",
		`{ login(email: "a") b: login(email: "a") }`:                        "2 of 5",
		`{ thing { id plain } }`:                                            "1 of 3, 1 of 2",
		`{ node { id plain } }`:                                             "1 of 3, 1 of 2",
		`{ node { ... on Other { id } ... on Thing { id } } thing { id } }`: "2 of 3",
	} {
		var got []string
		for _, c := range charges(t, document, one, nil) {
			got = append(got, fmt.Sprintf("%v of %v", c.Points, c.Capacity))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %v, want %s", document, got, want)
		}
	}
	if c := charges(t, `{ mine }`, one, nil)[0]; c.Refill != 0.1 {
		t.Errorf("it fills by %v a second", c.Refill)
	}
}

// Buckets are distinguished by what "by" names, and by nothing else.
func TestWhoseBucket(t *testing.T) {
	key := func(document string, caller ratelimit.Caller, variables map[string]any) string {
		return charges(t, document, caller, variables)[0].Key
	}
	a, b := ratelimit.Caller{Principal: "p1", Address: "192.0.2.1"}, ratelimit.Caller{Principal: "p2", Address: "192.0.2.1"}
	anonymous, elsewhere := ratelimit.Caller{Address: "192.0.2.1"}, ratelimit.Caller{Address: "192.0.2.2"}
	for name, c := range map[string]struct {
		one, other string
		same       bool
	}{
		"another principal":       {key(`{ mine }`, a, nil), key(`{ mine }`, b, nil), false},
		"the same, elsewhere":     {key(`{ mine }`, a, nil), key(`{ mine }`, ratelimit.Caller{Principal: "p1", Address: "x"}, nil), true},
		"anonymous, elsewhere":    {key(`{ mine }`, anonymous, nil), key(`{ mine }`, elsewhere, nil), false},
		"a principal of the name": {key(`{ mine }`, anonymous, nil), key(`{ mine }`, ratelimit.Caller{Principal: "address 192.0.2.1"}, nil), false},
		"by address":              {key(`{ here }`, a, nil), key(`{ here }`, b, nil), true},
		"an argument":             {key(`{ login(email: "x") }`, a, nil), key(`{ login(email: "x") }`, b, nil), true},
		"another argument":        {key(`{ login(email: "x") }`, a, nil), key(`{ login(email: "y") }`, a, nil), false},
		"a variable":              {key(`{ login(email: "x") }`, a, nil), key(`query ($e: String!) { login(email: $e) }`, a, map[string]any{"e": "x"}), true},
		"a member":                {key(`{ login(email: "x", in: {id: 1}) }`, a, nil), key(`{ login(email: "x", in: {id: 2}) }`, a, nil), false},
		"parts that look alike":   {key(`{ login(email: "x1:y", in: {id: "z"}) }`, a, nil), key(`{ login(email: "x", in: {id: "1:yz"}) }`, a, nil), false},
		"long values":             {key(`{ login(email: "`+strings.Repeat("x", 9999)+`") }`, a, nil), key(`{ login(email: "`+strings.Repeat("x", 9998)+`y") }`, a, nil), false},
	} {
		if (c.one == c.other) != c.same || len(c.one) > 200 {
			t.Errorf("%s: %.200s and %.200s", name, c.one, c.other)
		}
	}
}
