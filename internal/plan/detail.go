package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/project"
)

// messageOfStatus begins the path of the message of a gRPC status.
const messageOfStatus = "message"

// statusRule checks a rule for a gRPC status. Its paths lead to the message of the
// status, or into its details by the names of their types.
func (m *maker) statusRule(rule binding.ErrorRule) {
	if rule.Value != nil {
		if _, field, many := m.detail(rule.Value, rule.ValuePos); field != nil {
			m.ruleScalars(rule, field, many)
		}
	}
	for i, x := range rule.Extensions {
		rule.Extensions[i].Path, _, _ = m.detail(x.Path, x.Pos)
	}
}

// detailTypes returns the types of details of google/rpc/error_details.proto that
// callers may see.
func detailTypes() []string {
	var names []string
	messages := errdetails.File_google_rpc_error_details_proto.Messages()
	for i := range messages.Len() {
		if name := string(messages.Get(i).Name()); name != "DebugInfo" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// detail returns a path into a gRPC status with the names that fields have in JSON, the
// last field, and whether it has a list or a map. The field is nil for the message of
// the status and for a whole detail, and if there is a mistake, which is reported.
func (m *maker) detail(path directive.Path, pos *ast.Position) (_ directive.Path, field protoreflect.FieldDescriptor, many bool) {
	names := append(detailTypes(), messageOfStatus)
	if path == nil {
		return nil, nil, false // reported
	}
	if len(path) == 0 || path[0].IsItem() || !slices.Contains(names, path[0].Name) {
		m.report.At(pos, project.DidYouMean(path.String(), names), "a gRPC status has no %s: a path begins with one of %s", path, strings.Join(names, ", "))
		return path, nil, false
	}
	out := directive.Path{path[0]}
	at := detailAt{message: errdetails.File_google_rpc_error_details_proto.Messages().ByName(protoreflect.Name(path[0].Name))} // nil for the message
	for i, step := range path[1:] {
		next, ok := at.next(step)
		if !ok {
			problem, fix := at.lacks(path[:i+1], step)
			m.report.At(pos, fix, "%s", problem)
			return path, nil, false
		}
		if !step.IsItem() && !at.isMap() {
			step = directive.Step{Name: next.field.JSONName()}
		}
		out, at = append(out, step), next
	}
	return out, at.field, at.many
}

// detailAt is where a path into a detail leads to.
type detailAt struct {
	message protoreflect.MessageDescriptor // nil for a scalar
	field   protoreflect.FieldDescriptor   // nil for a whole detail
	many    bool                           // a list or a map
}

func (d detailAt) isMap() bool { return d.many && d.field.IsMap() }

// next returns where a step leads to; false if it leads nowhere.
func (d detailAt) next(step directive.Step) (detailAt, bool) {
	switch {
	case d.isMap():
		value := d.field.MapValue()
		return detailAt{message: value.Message(), field: value}, !step.IsItem()
	case d.many:
		return detailAt{message: d.message, field: d.field}, step.IsItem()
	case d.message == nil || step.IsItem() || isWellKnown(d.message):
		return detailAt{}, false
	}
	f := fieldNamed(d.message, step.Name)
	if f == nil {
		return detailAt{}, false
	}
	return detailAt{message: f.Message(), field: f, many: f.IsList() || f.IsMap()}, true
}

// lacks describes why a step leads nowhere, and what would fix it.
func (d detailAt) lacks(path directive.Path, step directive.Step) (problem, fix string) {
	problem = fmt.Sprintf("%s has no %s", path, step)
	switch {
	case d.isMap():
		fix = "write '" + step.String() + "' for the value of this key"
	case d.many:
		fix = "write " + append(slices.Clone(path), directive.Step{}).String() + " for the first item"
	case d.message != nil && !step.IsItem() && !isWellKnown(d.message):
		return fmt.Sprintf("the message %s has no field %s", d.message.FullName(), step), project.DidYouMean(step.Name, fieldNames(d.message))
	}
	return problem, fix
}

// fieldNamed returns the field of a message with a name, or with that name in JSON; nil
// if there is none.
func fieldNamed(message protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if f := message.Fields().ByName(protoreflect.Name(name)); f != nil {
		return f
	}
	return message.Fields().ByJSONName(name)
}

func fieldNames(message protoreflect.MessageDescriptor) []string {
	var names []string
	for i := range message.Fields().Len() {
		names = append(names, message.Fields().Get(i).JSONName())
	}
	return names
}
