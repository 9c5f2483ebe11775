package document

import (
	"encoding/json"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/portico-gateway/portico/gateway/problem"
)

// Variables are the values of an operation's variables, from those of a
// request (GraphQL specification, section 6.1.2). They must be within limits,
// and values of the scalars that the specification defines must be what it
// says (section 3.5). Numbers of the request are [json.Number].
func (s *Store[F]) Variables(operation *ast.OperationDefinition, given map[string]any) (map[string]any, *gqlerror.Error) {
	items := 0
	if err := s.config.Limits.input(given, 0, &items); err != nil {
		return nil, err
	}
	for _, definition := range operation.VariableDefinitions {
		if err := s.scalars(definition.Type, given[definition.Variable]); err != "" {
			out := gqlerror.Errorf("Variable $%s: %s", definition.Variable, err)
			setCode(out, problem.BadUserInput)
			return nil, out
		}
	}
	values, err := validator.VariableValues(s.config.Schema, operation, given)
	if err == nil {
		return values, nil
	}
	out, ok := err.(*gqlerror.Error) //nolint:errorlint // the validator returns this type
	if !ok {
		out = gqlerror.Errorf("The variables are wrong.")
	}
	return nil, wrongVariable(out)
}

// wrongVariable puts the place in the variables into the message: the path of
// an error is one in the data (GraphQL specification, section 7.1.6).
func wrongVariable(err *gqlerror.Error) *gqlerror.Error {
	if len(err.Path) > 1 && err.Path[0] == ast.PathName("variable") {
		err.Message = "Variable $" + err.Path[1:].String() + ": " + err.Message + "."
		err.Path = nil
	}
	err.Err = nil
	setCode(err, problem.BadUserInput)
	return err
}

// input bounds the variables of a request, whether the operation uses them or
// not. The variables are an object themselves, at depth 0.
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

// scalars tells what is wrong with values of the specification's scalars,
// which the library takes from more than the specification does: "5" or 2⁴⁰
// for an Int, 5 for a String. Everything else is left to it.
func (s *Store[F]) scalars(typ *ast.Type, value any) string {
	if value == nil {
		return ""
	}
	if typ.Elem != nil {
		items, ok := value.([]any)
		if !ok {
			return s.scalars(typ.Elem, value)
		}
		for _, item := range items {
			if wrong := s.scalars(typ.Elem, item); wrong != "" {
				return wrong
			}
		}
		return ""
	}
	if wrong, known := wrongScalar(typ.NamedType, value); known {
		return wrong
	}
	definition, object := s.config.Schema.Types[typ.NamedType], (map[string]any)(nil)
	if definition != nil && definition.Kind == ast.InputObject {
		object, _ = value.(map[string]any)
	}
	for name, member := range object {
		field := definition.Fields.ForName(name)
		if field == nil {
			continue
		}
		if wrong := s.scalars(field.Type, member); wrong != "" {
			return wrong
		}
	}
	return ""
}

// wrongScalar is false for types that the specification does not define.
func wrongScalar(typ string, value any) (wrong string, known bool) {
	ok := false
	switch typ {
	case "Int":
		number, isNumber := value.(json.Number)
		_, err := strconv.ParseInt(number.String(), 10, 32)
		ok = isNumber && err == nil
	case "Float":
		_, ok = value.(json.Number)
	case "String":
		_, ok = value.(string)
	case "Boolean":
		_, ok = value.(bool)
	case "ID":
		_, ok = value.(string)
		if number, isNumber := value.(json.Number); isNumber {
			_, err := strconv.ParseInt(number.String(), 10, 64)
			ok = err == nil
		}
	default:
		return "", false
	}
	if ok {
		return "", true
	}
	return "a value is not that of the type " + typ + ".", true
}
