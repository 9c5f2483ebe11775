// Package testschema is a small executable schema that transports are tested
// with.
package testschema

//go:generate go run github.com/99designs/gqlgen generate

import (
	"context"
	"errors"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/input"
)

// Resolvers resolve the fields. Tests see by the channels when a field that
// waits has begun and ended; they must be received from, or buffered.
type Resolvers struct {
	Began chan struct{}
	Ended chan struct{}
}

// NewResolvers returns resolvers whose channels are buffered well.
func NewResolvers() *Resolvers {
	return &Resolvers{Began: make(chan struct{}, 1000), Ended: make(chan struct{}, 1000)}
}

// Schema is the executable schema.
func (r *Resolvers) Schema() graphql.ExecutableSchema {
	return NewExecutableSchema(Config{Resolvers: r})
}

// Query is part of ResolverRoot.
func (r *Resolvers) Query() QueryResolver { return query{r} }

// Mutation is part of ResolverRoot.
func (r *Resolvers) Mutation() MutationResolver { return mutation{} }

// Subscription is part of ResolverRoot.
func (r *Resolvers) Subscription() SubscriptionResolver { return subscription{r} }

// Person is part of ResolverRoot.
func (r *Resolvers) Person() PersonResolver { return person{} }

// ErrSecret must not be seen by any client.
var ErrSecret = errors.New("secret: db01.internal refused the connection")

type query struct{ *Resolvers }

func (query) Echo(_ context.Context, text string) (string, error) { return text, nil }
func (query) Number(_ context.Context, n int) (int, error)        { return n, nil }
func (query) Ident(_ context.Context, id string) (string, error)  { return id, nil }
func (query) Colour(_ context.Context, c Colour) (Colour, error)  { return c, nil }
func (query) Large(_ context.Context, bytes int) (string, error) {
	return strings.Repeat("x", bytes), nil
}
func (query) Fail(context.Context) (*string, error)    { return nil, ErrSecret }
func (query) FailHard(context.Context) (string, error) { return "", ErrSecret }
func (query) Crash(context.Context) (*string, error)   { panic("secret of a panic") }
func (query) Person(context.Context) (*Person, error)  { return &Person{}, nil }
func (query) Sum(_ context.Context, of Numbers) (sum int, err error) {
	for _, n := range of.Values {
		sum += n
	}
	return sum, nil
}

func (q query) Slow(ctx context.Context) (*string, error) {
	q.Began <- struct{}{}
	<-ctx.Done()
	q.Ended <- struct{}{}
	return nil, ctx.Err()
}

type person struct{}

func (person) Name(context.Context, *Person) (string, error)    { return "Ada", nil }
func (person) Friend(context.Context, *Person) (*Person, error) { return &Person{}, nil }

type mutation struct{}

func (mutation) Keep(_ context.Context, text string) (string, error) { return text, nil }

type subscription struct{ *Resolvers }

func (s subscription) Counter(ctx context.Context, to int) (<-chan int, error) {
	out := make(chan int)
	go func() {
		defer close(out)
		for n := 1; n <= to; n++ {
			select {
			case out <- n:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

func (s subscription) Waiting(ctx context.Context) (<-chan int, error) {
	out := make(chan int, 1)
	out <- 1
	s.Began <- struct{}{}
	go func() {
		defer close(out)
		<-ctx.Done()
		s.Ended <- struct{}{}
	}()
	return out, nil
}

func (subscription) Refused(context.Context) (<-chan int, error) { return nil, ErrSecret }

func (subscription) Crashing(context.Context) (<-chan int, error) { panic("secret of a panic") }

// Parsers are those of the schema's enums.
func Parsers() map[string]input.Parser {
	return map[string]input.Parser{"Colour": func(_ context.Context, value any) (any, error) {
		var c Colour
		err := c.UnmarshalGQL(value)
		return c, err
	}}
}
