package document

import (
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Variables bounds the variables of a request, whether the operation uses them
// or not. The variables are an object themselves, at depth 0.
func (l Limits) Variables(given map[string]any) *gqlerror.Error {
	items := 0
	return l.input(given, 0, &items)
}

func (l Limits) input(value any, depth int, items *int) *gqlerror.Error {
	var err *gqlerror.Error
	switch value := value.(type) {
	case map[string]any:
		if err = l.inside(len(value), depth, items); err != nil {
			return err
		}
		for _, member := range value {
			if err = l.input(member, depth+1, items); err != nil {
				return err
			}
		}
	case []any:
		if err = l.inside(len(value), depth, items); err != nil {
			return err
		}
		for _, item := range value {
			if err = l.input(item, depth+1, items); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l Limits) inside(length, depth int, items *int) *gqlerror.Error {
	if *items += length; *items > l.InputItems {
		return beyond(nil, problem.MaxInputLimit, "The lists and objects of the variables have more than %d items.", l.InputItems)
	}
	if depth > l.InputDepth {
		return beyond(nil, problem.MaxInputLimit, "A variable is nested deeper than %d lists and objects.", l.InputDepth)
	}
	return nil
}
