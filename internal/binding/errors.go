package binding

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/nearest"
)

var grpcCode = regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)

func (r *reader) errorRules(d *ast.Directive) []ErrorRule {
	arg := d.Arguments.ForName("errors")
	if arg == nil {
		return nil
	}
	var rules []ErrorRule
	for _, v := range directive.Items(arg.Value) {
		rule := r.errorRule(v)
		for _, before := range rules {
			switch {
			case before.Status != rule.Status || before.Status+rule.Status == "" && before.Value == nil:
			case slices.Equal(before.Value, rule.Value) && slices.Equal(before.Is, rule.Is):
				r.fail(rule.Pos, "keep one", "there are two rules for %s", rule)
			case before.Value == nil:
				r.fail(rule.Pos, "put it first", "the rule for %s never holds, because an earlier one is for all answers with this status", rule)
			}
		}
		rules = append(rules, rule)
	}
	return rules
}

// String returns what the rule is for, such as 404.
func (r ErrorRule) String() string {
	switch {
	case r.Value == nil:
		return r.Status
	case r.Status == "":
		return r.Value.String()
	}
	return r.Status + " and " + r.Value.String()
}

func (r *reader) errorRule(v *ast.Value) ErrorRule {
	rule := ErrorRule{Pos: v.Position}
	r.errorStatus(v, &rule)
	r.errorValue(v, &rule)
	if rule.Status == "" && rule.ValuePos == nil {
		r.fail(v.Position, `add status: 409, or value: "error"`, "the rule does not say which answers are errors")
	}
	code := v.Children.ForName("code")
	switch {
	case code == nil:
		r.fail(v.Position, `add code: "OUT_OF_STOCK", or code: null to make the field null`, "the error has no code")
	case code.Kind == ast.NullValue:
		rule.Null = true
		r.nullable(code)
		return rule
	case !grpcCode.MatchString(code.Raw):
		r.fail(code.Position, "write it like OUT_OF_STOCK", "the code %q is not in upper snake case", code.Raw)
	default:
		rule.Code = code.Raw
	}
	if message := v.Children.ForName("message"); message == nil || message.Raw == "" {
		r.fail(v.Position, "add a message that tells callers what to do", "the error has no message")
	} else {
		rule.Message = message.Raw
	}
	if extensions := v.Children.ForName("extensions"); extensions != nil {
		rule.Extensions = r.extensions(extensions)
	}
	return rule
}

func (r *reader) errorStatus(v *ast.Value, rule *ErrorRule) {
	status := v.Children.ForName("status")
	if status == nil || status.Kind == ast.NullValue {
		return
	}
	rule.Status = status.Raw
	if r.binding.GRPC != nil {
		if !slices.Contains(codes(), rule.Status) {
			r.fail(status.Position, nearest.Hint(rule.Status, codes()), "%q is not a gRPC error code", rule.Status)
		}
	} else if n, err := strconv.Atoi(rule.Status); err != nil || n < 200 || n > 599 || strconv.Itoa(n) != rule.Status {
		r.fail(status.Position, "", "%q is not the HTTP status of an answer: these are 200 to 599", rule.Status)
	}
}

// errorValue reads the condition of a rule on the answer.
func (r *reader) errorValue(v *ast.Value, rule *ErrorRule) {
	value, is := v.Children.ForName("value"), v.Children.ForName("is")
	if value == nil || value.Kind == ast.NullValue {
		if is != nil {
			r.fail(is.Position, `add value: "success"`, "the rule does not say which value is %s", is)
		}
		return
	}
	rule.Value, rule.ValuePos = r.pathOf(value), value.Position
	switch {
	case r.binding.GRPC != nil && rule.Status != "": // of details
	case r.binding.Parent == r.schema.Subscription:
		r.fail(value.Position, "write a Go method", "%s.%s is a subscription, whose events can't be errors", r.binding.Parent.Name, r.binding.Field.Name)
	}
	if is == nil {
		return
	}
	if is.Kind == ast.ListValue && len(is.Children) == 0 {
		r.fail(is.Position, "", "%s is never one of an empty list", rule.Value)
	}
	for _, item := range directive.Items(is) {
		rule.Is = append(rule.Is, r.scalar(item))
	}
}

// scalar returns a constant in JSON.
func (r *reader) scalar(v *ast.Value) string {
	switch v.Kind {
	case ast.IntValue, ast.FloatValue, ast.BooleanValue, ast.NullValue:
		return v.Raw
	case ast.StringValue, ast.BlockValue, ast.EnumValue:
		if strings.Contains(v.Raw, "{$") {
			r.fail(v.Position, "write a constant", "is can't have variables")
		}
		text, _ := json.Marshal(v.Raw) // a string is always JSON
		return string(text)
	}
	r.fail(v.Position, "write a scalar, or a list of scalars", "a value can't be compared with %s", v)
	return ""
}

// nullable reports that a field can't have the value of code: null.
func (r *reader) nullable(code *ast.Value) {
	b := r.binding
	switch t := b.Field.Type; {
	case r.streams():
		r.fail(code.Position, "give it a code", "%s.%s is a subscription, which has no value that could be null", b.Parent.Name, b.Field.Name)
	case t.NonNull && t.Elem == nil:
		r.fail(code.Position, "make the field nullable", "%s.%s can't be null", b.Parent.Name, b.Field.Name)
	}
}

func (r *reader) extensions(v *ast.Value) []Extension {
	if v.Kind != ast.ObjectValue {
		r.fail(v.Position, `write { field: "errors.0.field" }`, "extensions must be an object of names and paths")
		return nil
	}
	var list []Extension
	for _, child := range v.Children {
		switch {
		case child.Name == "code":
			r.fail(child.Position, "give it another name", "the extension code is reserved for the problem's code")
		case child.Value.Kind != ast.StringValue && child.Value.Kind != ast.BlockValue:
			r.fail(child.Value.Position, `write a path, such as "errors.0"`, "the extension %s must be the path of a value in the answer", child.Name)
			continue
		}
		list = append(list, Extension{Name: child.Name, Path: r.pathOf(child.Value), Pos: child.Value.Position})
	}
	return list
}

// codes returns the gRPC codes of errors (google.rpc.Code).
func codes() []string {
	return []string{
		"CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
		"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
		"DATA_LOSS", "UNAUTHENTICATED",
	}
}
