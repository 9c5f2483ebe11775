package binding

import (
	"time"
	_ "time/tzdata" // time zones do not depend on the machine

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/nearest"
)

// Form is how a service writes a scalar. The zero value is as its type says.
type Form struct {
	As   string // Text, Number, UnixSeconds, UnixMillis or LocalTime
	Zone string // the IANA name of the time zone of LocalTime
}

// The forms.
const (
	Text        = "TEXT"
	Number      = "NUMBER"
	UnixSeconds = "UNIX_SECONDS"
	UnixMillis  = "UNIX_MILLIS"
	LocalTime   = "LOCAL_TIME"
)

// String returns the form as it is written.
func (f Form) String() string {
	if f.Zone != "" {
		return f.As + " in " + f.Zone
	}
	return f.As
}

// child returns the text of a field of an object; empty when it is absent.
func child(v *ast.Value, name string) string {
	if value := v.Children.ForName(name); value != nil && value.Kind != ast.NullValue {
		return value.Raw
	}
	return ""
}

// checkZone checks that LOCAL_TIME, and nothing else, has a time zone that exists.
func (r *reader) checkZone(f Form, pos *ast.Position) {
	switch _, err := time.LoadLocation(f.Zone); {
	case (f.As == LocalTime) != (f.Zone != ""):
		r.fail(pos, `write as: LOCAL_TIME, zone: "Europe/Berlin"`, "as: LOCAL_TIME needs a zone, and nothing else has one")
	case err != nil || f.Zone == "Local":
		r.fail(pos, "use a name of the IANA time zone database, such as Europe/Berlin", "there is no time zone %q", f.Zone)
	}
}

// readServices checks @service.
func readServices(schema *ast.Schema, report directive.Report) {
	for _, d := range schema.SchemaDirectives.ForNames(ServiceDirective) {
		r := &reader{schema: schema, report: report}
		if scalars := d.Arguments.ForName("scalars"); r.checkArguments(d) && scalars != nil {
			for _, v := range directive.Items(scalars.Value) {
				r.checkScalar(v)
			}
		}
	}
}

func (r *reader) checkScalar(v *ast.Value) {
	var names []string
	for name, def := range r.schema.Types {
		if def.Kind == ast.Scalar && !Private(name) {
			names = append(names, name)
		}
	}
	name := child(v, "type")
	if def := r.schema.Types[name]; def == nil || def.Kind != ast.Scalar {
		r.fail(v.Position, nearest.Hint(name, names), "there is no scalar %s", name)
	}
	r.checkZone(Form{child(v, "as"), child(v, "zone")}, v.Position)
}
