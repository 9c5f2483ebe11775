package binding

import (
	"regexp"
	"slices"
	"strconv"

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
		if slices.ContainsFunc(rules, func(other ErrorRule) bool { return other.Status == rule.Status }) {
			r.fail(rule.Pos, "keep one", "there are two rules for %s", rule.Status)
		}
		rules = append(rules, rule)
	}
	return rules
}

func (r *reader) errorRule(v *ast.Value) ErrorRule {
	rule := ErrorRule{Pos: v.Position}
	status := v.Children.ForName("status")
	rule.Status = status.Raw
	if r.binding.GRPC != nil {
		if !slices.Contains(codes(), rule.Status) {
			r.fail(status.Position, nearest.Hint(rule.Status, codes()), "%q is not a gRPC error code", rule.Status)
		}
	} else if n, err := strconv.Atoi(rule.Status); err != nil || n < 400 || n > 599 {
		r.fail(status.Position, "", "%q is not the HTTP status of an error: these are 400 to 599", rule.Status)
	}
	code := v.Children.ForName("code")
	switch {
	case code == nil:
		r.fail(v.Position, `add code: "OUT_OF_STOCK", or code: null to make the field null`, "the error has no code")
	case code.Kind == ast.NullValue:
		rule.Null = true
		if r.binding.Field.Type.NonNull {
			r.fail(code.Position, "make the field nullable", "%s.%s can't be null", r.binding.Parent.Name, r.binding.Field.Name)
		}
		if r.streams() {
			r.fail(code.Position, "give it a code", "%s.%s is a subscription, which has no value that could be null", r.binding.Parent.Name,
				r.binding.Field.Name)
		}
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
		if extensions.Kind != ast.ObjectValue || r.binding.GRPC != nil {
			r.fail(extensions.Position, "", "extensions must be an object of names and paths; a gRPC error has no body to take them from")
			return rule
		}
		for _, child := range extensions.Children {
			if child.Name == "code" {
				r.fail(child.Position, "give it another name", "the extension code is reserved for the problem's code")
			}
			rule.Extensions = append(rule.Extensions, Extension{Name: child.Name, Path: r.pathOf(child.Value)})
		}
	}
	return rule
}

// codes returns the gRPC codes of errors (google.rpc.Code).
func codes() []string {
	return []string{
		"CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
		"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
		"DATA_LOSS", "UNAUTHENTICATED",
	}
}
