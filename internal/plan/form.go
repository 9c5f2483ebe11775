package plan

import (
	"go/types"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/compiler/protogen"

	"github.com/portico-gateway/portico/internal/binding"
)

// form returns how the service writes a value of a scalar type: as a @source says, or
// else as @service does.
func (s *Service) form(name string, source binding.Source) binding.Form {
	if source.Form.As != "" {
		return source.Form
	}
	return s.conventions.Scalars[name]
}

// formReader returns what of package decode reads a form of the type that a method
// reads; empty if the type can't have it.
func formReader(form binding.Form, method string) string {
	return map[string]string{
		"TEXT Int": "IntText", "TEXT Int64": "Int64Text", "TEXT Float": "FloatText", "TEXT Bool": "BoolText", "TEXT String": "String", "TEXT Text": "Text",
		"NUMBER String": "Text", "NUMBER Text": "Text", "NUMBER Bool": "BoolNumber",
		"UNIX_SECONDS Time": "UnixSeconds", "UNIX_MILLIS Time": "UnixMillis", "LOCAL_TIME Time": "LocalTime",
	}[form.As+" "+method]
}

// IsForm reports whether a scalar is read by a function of package decode, and not by
// a method.
func IsForm(scalar string) bool {
	return scalar != "Text" && (strings.HasSuffix(scalar, "Text") || scalar == "BoolNumber" || strings.HasPrefix(scalar, "Unix") || scalar == "LocalTime")
}

// badForm reports a form that a type can't have.
func (m *maker) badForm(from reading, t *ast.Type, form binding.Form) {
	m.report.At(from.pos, "TEXT is for numbers and Booleans, NUMBER for String, ID and Boolean, the others for times",
		"%s is %s, which a service can't write as %s", from.what, t, form)
}

// formFromProto plans how a field's value, which has a form of its own, becomes a value
// of a scalar type. It returns false if it can't.
func formFromProto(c Conversion, f *protogen.Field, form binding.Form) (Conversion, bool) {
	from, to := c.From, c.To
	name := ""
	switch method := scalarReader("", to); form.As {
	case binding.Text:
		if isPlainString(from) {
			name = map[string]string{"Int64": "OfInt64Text", "Int": "OfIntText", "Float": "OfFloatText", "Bool": "OfBoolText"}[method]
			if isKind(to, types.Int) {
				name = "OfIntText"
			}
		}
	case binding.Number:
		switch {
		case isInteger(from) && method == "Bool":
			name = "Bit"
		case isInteger(from) && isPlainString(to) && f.Message == nil:
			c.Func = &Func{Package: GatewayPath + "/decode", Name: "Digits"}
			return c, true
		}
	case binding.UnixSeconds, binding.UnixMillis:
		if isInteger(from) && method == "Time" {
			name = map[string]string{binding.UnixSeconds: "TimeOfSeconds", binding.UnixMillis: "TimeOfMillis"}[form.As]
		}
	}
	if name == "" || f.Message != nil {
		return c, false
	}
	c.Func = decoding(name)
	return c, true
}
