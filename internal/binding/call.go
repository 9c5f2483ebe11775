package binding

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// Binding is @rest or @grpc of a field. It does not change after [Read].
type Binding struct {
	Parent *ast.Definition
	Field  *ast.FieldDefinition
	Pos    *ast.Position

	Service string
	REST    *REST // nil for gRPC
	GRPC    *GRPC // nil for REST
	Select  directive.Path
	// Entries reports whether Select leads to an object whose members are read as a
	// list of entries.
	Entries bool
	// Key matches rows to parents; nil without {$batch.x}.
	Key    *Key
	Max    int // 0 for the default
	Page   *Page
	Errors []ErrorRule
	// Fallback is the value of the field if the service is not available; nil for none.
	Fallback *ast.Value
	// Sharing says how subscribers share a stream: STATE or EVENTS; empty if they do
	// not.
	Sharing string
}

// REST is a call of an HTTP service.
type REST struct {
	Method  string
	Path    []directive.Text // its segments
	Slash   bool             // the path ends with a slash
	PathPos *ast.Position
	Query   []Param
	Headers []Param
	Body    *Value // nil for none
	XML     bool   // the format of answers
	Form    bool   // the format of the body
	// ContentTypes are the media types of answers that are accepted beside those
	// of the format, in lower case; "*" is for all.
	ContentTypes []string
	// Events are the names of the server-sent events that the field has; all if
	// it is empty.
	Events []string
	// Idempotent reports whether a call that is not a GET may be made again.
	Idempotent bool
	// Passes are the headers of the answer that the caller receives; nil for
	// none.
	Passes *Passes
}

// Passes are headers of answers that callers receive.
type Passes struct {
	// Headers are in canonical spelling, without Set-Cookie, sorted.
	Headers []string
	// Cookies are the names of cookies that Set-Cookie may have, sorted.
	Cookies []string
	Pos     *ast.Position
}

// GRPC is a call of a gRPC service.
type GRPC struct {
	Method  string // package.Service/Method
	Pos     *ast.Position
	Request *Value // an object, or nil
}

// Param is a parameter of the URL or a header.
type Param struct {
	// Name is empty for an input object whose fields are parameters.
	Name string
	Text directive.Text
	Pos  *ast.Position
}

// Key says how rows are matched to parents.
type Key struct {
	Match Match
	// Parts are the values that make the key: one, or several that must all match.
	Parts []KeyPart
	// List reports whether the value is a list: each parent gets one row for each of
	// its keys.
	List bool
	// Pos is the position of the argument key or match.
	Pos *ast.Position
}

// KeyPart is one value of a key.
type KeyPart struct {
	// Row is the path of the value in a row; nil unless rows are matched by it.
	Row directive.Path
	// Batch is the field of the parent: $batch.x.
	Batch *directive.Var
	Pos   *ast.Position
}

// Match is how the payload of a batch has the values of the keys.
type Match string

// The ways: a list of rows that have their keys, an object that has the values by
// key, a list that has them in the order of the keys.
const (
	ByKey      Match = "KEY"
	ByMap      Match = "MAP"
	ByPosition Match = "POSITION"
)

// Page says how a service pages.
type Page struct {
	Next, Total, More *Beside // nil when not given
	// Parameter is the parameter of the URL in the header Link that has the
	// cursor; empty if the URL only shows that there is another page.
	Parameter string
	// Cursor and Node are where a row has its cursor and its node; nil when not
	// given.
	Cursor, Node directive.Path
	Start        int
	Pos          *ast.Position
}

// String returns all that determines how an answer is read.
func (p *Page) String() string {
	return fmt.Sprint(p.Next, p.Total, p.More, p.Parameter, p.Cursor, p.Node, p.Start)
}

// HasPaths reports whether the body of an answer has values beside its rows.
func (p *Page) HasPaths() bool {
	return slices.ContainsFunc([]*Beside{p.Next, p.Total, p.More}, func(b *Beside) bool { return b != nil && b.Header == "" })
}

// Beside is where an answer has a value beside its rows: at a path in its body,
// or in a header.
type Beside struct {
	Path   directive.Path
	Header string // in canonical form; empty for a path
}

// IsLink reports whether the value is the Link to the next page (RFC 8288).
func (b *Beside) IsLink() bool { return b != nil && b.Header == "Link" }

// String returns the place as it is written; empty if b is nil.
func (b *Beside) String() string {
	switch {
	case b == nil:
		return ""
	case b.Header != "":
		return responseHeader + b.Header
	}
	return b.Path.String()
}

// ErrorRule describes which answers of a service are errors, and how they are
// reported to callers. It has a status, a value or both.
type ErrorRule struct {
	Status string         // 409, or NOT_FOUND; empty for 2xx
	Value  directive.Path // of the answer, or of a gRPC status; nil for none
	// Is are the scalars, in JSON, one of which the value equals; nil if it must
	// only not be empty.
	Is         []string
	Null       bool // the field is null, or an empty list
	Code       string
	Message    string
	Extensions []Extension
	Pos        *ast.Position
	ValuePos   *ast.Position // nil without a value
}

// OfSuccess reports whether the rule can hold for an answer with a status of 2xx,
// or for one of gRPC without an error.
func (r ErrorRule) OfSuccess() bool { return r.Status == "" || r.Status[0] == '2' }

// Extension is a value of an answer that is copied into the extensions of the
// problem.
type Extension struct {
	Name string
	Path directive.Path
	Pos  *ast.Position // of the path
}

// Value is a body or a request, or a part of one. Exactly one of Text, Const,
// Object and List is set.
type Value struct {
	Text   directive.Text // a text with at least one variable
	Const  *ast.Value     // a scalar without variables
	Object []Member
	List   []*Value
	Pos    *ast.Position
}

// Member is a field of an object.
type Member struct {
	Name  string
	Value *Value
	Pos   *ast.Position
}

// Texts returns all texts of a value. It may be called on nil.
func (v *Value) Texts() []directive.Text {
	if v == nil {
		return nil
	}
	texts := []directive.Text{v.Text}
	for _, m := range v.Object {
		texts = append(texts, m.Value.Texts()...)
	}
	for _, item := range v.List {
		texts = append(texts, item.Texts()...)
	}
	return texts
}

// Vars returns all variables of the call, in the order in which they are
// written.
func (b *Binding) Vars() []*directive.Var {
	var vars []*directive.Var
	for _, t := range b.texts() {
		vars = append(vars, t.Vars()...)
	}
	if b.Key == nil {
		return vars
	}
	for _, part := range b.Key.Parts {
		if !slices.ContainsFunc(vars, func(v *directive.Var) bool { return v.String() == part.Batch.String() }) {
			vars = append(vars, part.Batch)
		}
	}
	return vars
}

// Repeated returns the object that is sent for each key, if the value is a list of one
// object with values of keys; nil for others. Only keys of several values are sent so.
func (b *Binding) Repeated(v *Value) *Value {
	if b.Key == nil || len(b.Key.Parts) < 2 || len(v.List) != 1 || v.List[0].Object == nil {
		return nil
	}
	for _, text := range v.List[0].Texts() {
		if text.Uses(directive.Batch) {
			return v.List[0]
		}
	}
	return nil
}

// texts returns all texts of the call.
func (b *Binding) texts() []directive.Text {
	var texts []directive.Text
	if b.REST != nil {
		texts = append(texts, b.REST.Path...)
		for _, params := range [][]Param{b.REST.Query, b.REST.Headers} {
			for _, p := range params {
				texts = append(texts, p.Text)
			}
		}
		texts = append(texts, b.REST.Body.Texts()...)
	}
	if b.GRPC != nil {
		texts = append(texts, b.GRPC.Request.Texts()...)
	}
	return texts
}

// Sends reports whether the call sends a variable: it is not only in the key.
func (b *Binding) Sends(v *directive.Var) bool {
	return slices.ContainsFunc(b.texts(), func(t directive.Text) bool { return slices.Contains(t.Vars(), v) })
}

// values returns the body and the request, which may be nil.
func (b *Binding) values() []*Value {
	var list []*Value
	if b.REST != nil {
		list = append(list, b.REST.Body)
	}
	if b.GRPC != nil {
		list = append(list, b.GRPC.Request)
	}
	return list
}

// CountsRows reports whether the call sends {$page.offset} or {$page.number}: the
// gateway makes the cursors of its rows.
func (b *Binding) CountsRows() bool {
	return slices.ContainsFunc(b.Vars(), func(v *directive.Var) bool {
		return v.Root == directive.Paging && (v.Path[0] == "offset" || v.Path[0] == "number")
	})
}

// IsPassing reports whether callers receive headers of the call's answer.
func (b *Binding) IsPassing() bool { return b.REST != nil && b.REST.Passes != nil }

// Uses reports whether a variable of the call has this root.
func (b *Binding) Uses(root directive.Root) bool {
	return slices.ContainsFunc(b.Vars(), func(v *directive.Var) bool { return v.Root == root })
}
