package golang

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
)

// outcome is what a function returns if one of some tests is true.
type outcome struct {
	tests  []string
	result string
}

// failed writes the handling of the variable err, which is not nil. The first
// rule that holds counts, and then the default for what is not found.
func (f *function) failed() {
	var list []outcome
	add := func(test, result string) {
		if last := len(list) - 1; last >= 0 && list[last].result == result {
			list[last].tests = append(list[last].tests, test)
			return
		}
		list = append(list, outcome{[]string{test}, result})
	}
	for i, rule := range f.Errors {
		if rule.Null {
			add(f.isError(i), f.null()+", nil")
			continue
		}
		add(f.isError(i), fmt.Sprintf("%s, %s(err, %q, %q%s)", f.zero, f.upstream("Explain"), rule.Code, rule.Message, f.details(rule)))
	}
	if f.NotFound {
		add(f.upstream("IsNotFound")+"(err)", f.null()+", nil")
	}
	if f.emptyIsNull() {
		add(f.upstream("IsEmpty")+"(err)", "nil, nil")
	}
	switch len(list) {
	case 0:
	case 1:
		f.line("if %s {\nreturn %s\n}", strings.Join(list[0].tests, " || "), list[0].result)
	default:
		f.line("switch {")
		for _, o := range list {
			f.line("case %s:\nreturn %s", strings.Join(o.tests, ", "), o.result)
		}
		f.line("}")
	}
	f.line("return %s, err", f.zero)
}

// null writes the value of a field that a rule makes null: an empty list if it
// must not be null.
func (f *function) null() string {
	switch {
	case f.Type.Elem == nil || !f.Type.NonNull:
		return "nil"
	case f.Key != nil:
		return fmt.Sprintf("%s(keys, nil, %s(nil))", f.loader("Many"), f.typ(f.Result))
	}
	return f.typ(f.Result) + "{}"
}

// isError writes the test whether the rule at i holds for err.
func (f *function) isError(i int) string {
	rule := f.Errors[i]
	switch {
	case f.GRPC != nil && rule.Value == nil:
		return fmt.Sprintf("%s(err, %s)", f.upstream("IsCode"), f.grpcCode(rule.Status))
	case rule.Value == nil:
		return fmt.Sprintf("%s(err, %s)", f.upstream("IsStatus"), rule.Status)
	case !rule.OfSuccess():
		return fmt.Sprintf("%s(err, %s)", f.upstream("Holds"), f.upstream("Condition")+f.condition(rule))
	}
	at := 0 // the position in the request
	for _, before := range f.Errors[:i] {
		if before.OfSuccess() {
			at++
		}
	}
	list := "request.Errors"
	if f.GRPC != nil {
		list = "conditions"
	}
	return fmt.Sprintf("%s(err, %s[%d])", f.upstream("Holds"), list, at)
}

// conditions writes the conditions that make an answer without an error one;
// empty if there are none.
func (f *function) conditions() string {
	var list []string
	for _, rule := range f.Errors {
		if rule.OfSuccess() {
			list = append(list, f.condition(rule))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("[]%s{\n%s,\n}", f.upstream("Condition"), strings.Join(list, ",\n"))
}

// condition writes the members of a condition.
func (f *function) condition(rule binding.ErrorRule) string {
	var members []string
	switch {
	case rule.Status == "":
	case f.GRPC != nil:
		members = append(members, "Code: "+f.grpcCode(rule.Status))
	default:
		members = append(members, "Status: "+rule.Status)
	}
	if rule.Value != nil {
		var is string
		if rule.Is != nil {
			is = ", Is: []string{" + quoted(rule.Is) + "}"
		}
		members = append(members, fmt.Sprintf("Value: &%s{Path: []string{%s}%s}", f.decode("Condition"), quotedPath(rule.Value), is))
	}
	return "{" + strings.Join(members, ", ") + "}"
}

// quotedPath writes the steps of a path as string literals. At run time, a number is
// the item of a list.
func quotedPath(path directive.Path) string {
	steps := make([]string, len(path))
	for i, step := range path {
		if steps[i] = step.Name; step.IsItem() {
			steps[i] = strconv.Itoa(step.Item)
		}
	}
	return quoted(steps)
}

// grpcCode writes a gRPC code, such as codes.InvalidArgument for INVALID_ARGUMENT.
func (f *file) grpcCode(status string) string {
	pkg := f.use("google.golang.org/grpc/codes") + "."
	if status == "CANCELLED" {
		return pkg + "Canceled"
	}
	var name strings.Builder
	for word := range strings.SplitSeq(strings.ToLower(status), "_") {
		name.WriteString(upperFirst(word))
	}
	return pkg + name.String()
}

func (f *function) details(rule binding.ErrorRule) string {
	var out strings.Builder
	for _, e := range rule.Extensions {
		fmt.Fprintf(&out, ",\n%s{Name: %q, Path: []string{%s}}", f.upstream("Detail"), e.Name, quotedPath(e.Path))
	}
	return out.String()
}
