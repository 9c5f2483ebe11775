package transport_test

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/execute/executetest"
)

const testSchema = `
type Query {
  "The text itself."
  echo(text: String!): String!
  "The number itself."
  number(n: Int!): Int!
  "The id itself."
  ident(id: ID!): ID!
  "The sum of a list in an input object."
  sum(of: Numbers!): Int!
  "The colour itself."
  colour(c: Colour!): Colour!
  "A text of so many bytes."
  large(bytes: Int!): String!
  "Fails; its siblings do not."
  fail: String
  "Fails and takes the whole data with it."
  failHard: String!
  "Answers when the operation is cancelled."
  slow: String
  "Panics."
  crash: String
  "Something to defer parts of."
  person: Person!
}

input Numbers {
  values: [Int!]!
}

enum Colour {
  RED
  GREEN
}

type Person {
  name: String!
  friend: Person!
}

type Mutation {
  "Keeps the text."
  keep(text: String!): String!
}

type Subscription {
  "1, 2, … to."
  counter(to: Int!): Int!
  "One event, then silence until it is cancelled."
  waiting: Int!
  "Fails before its first event."
  refused: Int!
  "Panics before its first event."
  crashing: Int!
}
`

// errSecret must not be seen by any client.
var errSecret = errors.New("secret: db01.internal refused the connection")

// resolvers resolve the fields of the test schema. Tests see by the channels when a field that
// waits has begun and ended; they must be received from, or buffered.
type resolvers struct {
	Began chan struct{}
	Ended chan struct{}
}

// newResolvers returns resolvers whose channels are buffered well.
func newResolvers() *resolvers {
	return &resolvers{Began: make(chan struct{}, 1000), Ended: make(chan struct{}, 1000)}
}

// argument returns a resolver that returns an argument.
func argument(name string) executetest.Field {
	return func(_ context.Context, args map[string]any) (any, error) { return args[name], nil }
}

func person() any { return executetest.Object{"name": "Ada", "friend": person} }

// schema returns the executable schema.
func (r *resolvers) schema() graphql.ExecutableSchema {
	return executetest.Schema(gqlparser.MustLoadSchema(&ast.Source{Input: testSchema}), map[string]executetest.Field{
		"echo": argument("text"), "number": argument("n"), "ident": argument("id"), "colour": argument("c"), "keep": argument("text"),
		"sum": func(_ context.Context, args map[string]any) (any, error) {
			sum := 0
			for _, value := range args["of"].(map[string]any)["values"].([]any) {
				n, err := graphql.UnmarshalInt(value)
				if err != nil {
					return nil, err
				}
				sum += n
			}
			return sum, nil
		},
		"large": func(_ context.Context, args map[string]any) (any, error) {
			n, err := graphql.UnmarshalInt(args["bytes"])
			return strings.Repeat("x", n), err
		},
		"fail":     func(context.Context, map[string]any) (any, error) { return nil, errSecret },
		"failHard": func(context.Context, map[string]any) (any, error) { return nil, errSecret },
		"crash":    func(context.Context, map[string]any) (any, error) { panic("secret of a panic") },
		"person":   func(context.Context, map[string]any) (any, error) { return person(), nil },
		"slow": func(ctx context.Context, _ map[string]any) (any, error) {
			r.Began <- struct{}{}
			<-ctx.Done()
			r.Ended <- struct{}{}
			return nil, ctx.Err()
		},
	}, map[string]executetest.Stream{
		"counter": func(_ context.Context, args map[string]any) (iter.Seq2[any, error], error) {
			to, err := graphql.UnmarshalInt(args["to"])
			return func(yield func(any, error) bool) {
				for n := 1; n <= to && yield(n, nil); n++ {
				}
			}, err
		},
		"waiting": func(ctx context.Context, _ map[string]any) (iter.Seq2[any, error], error) {
			r.Began <- struct{}{}
			return func(yield func(any, error) bool) {
				yield(1, nil)
				<-ctx.Done()
				r.Ended <- struct{}{}
			}, nil
		},
		"refused":  func(context.Context, map[string]any) (iter.Seq2[any, error], error) { return nil, errSecret },
		"crashing": func(context.Context, map[string]any) (iter.Seq2[any, error], error) { panic("secret of a panic") },
	})
}
