package execute_test

import (
	"context"
	"errors"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/problem"
)

func TestConstraint(t *testing.T) {
	none := (*int)(nil)
	for name, c := range map[string]struct {
		value       any
		least, most *int
		message     string // empty when it passes
	}{
		"between":          {5, new(1), new(10), ""},
		"the least":        {1, new(1), new(10), ""},
		"the most":         {10, new(1), new(10), ""},
		"below":            {0, new(1), new(10), "The value of first must be from 1 to 10."},
		"above":            {11, new(1), new(10), "The value of first must be from 1 to 10."},
		"below the least":  {0, new(1), none, "The value of first must be at least 1."},
		"above the most":   {-1, none, new(-2), "The value of first must be at most -2."},
		"no bound":         {1 << 40, none, none, ""},
		"a pointer":        {new(11), new(1), new(10), "The value of first must be from 1 to 10."},
		"a good pointer":   {new(10), new(1), new(10), ""},
		"null":             {none, new(1), new(10), ""},
		"nothing":          {nil, new(1), new(10), ""},
		"a fraction":       {10.5, new(1), new(10), "The value of first must be from 1 to 10."},
		"a good fraction":  {9.5, new(1), new(10), ""},
		"a float":          {new(0.5), new(1), none, "The value of first must be at least 1."},
		"a null float":     {(*float64)(nil), new(1), none, ""},
		"an int32":         {int32(11), new(1), new(10), "The value of first must be from 1 to 10."},
		"an int64 pointer": {new(int64(11)), new(1), new(10), "The value of first must be from 1 to 10."},
		"an unsigned one":  {uint(11), new(1), new(10), "The value of first must be from 1 to 10."},
		"a small float":    {float32(0.5), new(1), none, "The value of first must be at least 1."},
		"what is no count": {"0", new(1), none, ""},
	} {
		t.Run(name, func(t *testing.T) {
			field := "first"
			ctx := graphql.WithPathContext(t.Context(), graphql.NewPathWithField(field))
			next := func(context.Context) (any, error) { return c.value, nil }
			got, err := execute.Constraint(ctx, nil, next, c.least, c.most)
			if c.message == "" {
				if err != nil || got != c.value {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			p, ok := errors.AsType[*problem.Error](err)
			if !ok || got != nil || p.Code != problem.BadUserInput || p.Message != c.message {
				t.Errorf("got %v, %v; want %s", got, err, c.message)
			}
		})
	}
}

func TestConstraintOfAnError(t *testing.T) {
	wrong := errors.New("no number")
	got, err := execute.Constraint(t.Context(), nil, func(context.Context) (any, error) { return 0, wrong }, new(1), nil)
	if got != nil || !errors.Is(err, wrong) {
		t.Errorf("got %v, %v", got, err)
	}
	// Outside of an argument the message names none.
	_, err = execute.Constraint(t.Context(), nil, func(context.Context) (any, error) { return 0, nil }, new(1), nil)
	if p, ok := errors.AsType[*problem.Error](err); !ok || p.Message != "A number must be at least 1." {
		t.Errorf("got %v", err)
	}
}
