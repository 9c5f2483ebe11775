package binding

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// responseHeader begins the name of a header of an answer.
const responseHeader = "$response.headers."

// page reads how the service pages.
func (r *reader) page(d *ast.Directive) *Page {
	arg := d.Arguments.ForName("page")
	if arg == nil {
		return nil
	}
	if r.streams() {
		r.fail(arg.Position, "remove it", "%s.%s is a stream, which has no pages", r.binding.Parent.Name, r.binding.Field.Name)
	}
	page := &Page{Start: 1, Pos: arg.Position}
	given := arg.Value.Children
	for name, into := range map[string]**Beside{"next": &page.Next, "total": &page.Total, "more": &page.More} {
		if v := given.ForName(name); v != nil {
			*into = r.beside(v)
		}
	}
	for name, into := range map[string]*directive.Path{"cursor": &page.Cursor, "node": &page.Node} {
		if v := given.ForName(name); v != nil {
			*into = r.inRow(name, v)
		}
	}
	if v := given.ForName("start"); v != nil {
		page.Start, _ = strconv.Atoi(v.Raw)
	}
	r.rowCursor(page, given.ForName("cursor"))
	r.parameter(page, given)
	return page
}

// beside reads where a value beside the rows is.
func (r *reader) beside(v *ast.Value) *Beside {
	name, ok := strings.CutPrefix(v.Raw, responseHeader)
	switch {
	case !ok:
		return &Beside{Path: r.pathOf(v)}
	case r.binding.GRPC != nil:
		r.fail(v.Position, "write the path of a field of the message", "an answer of gRPC is read without headers")
		return &Beside{}
	case !headerName.MatchString(name):
		r.fail(v.Position, `write "`+responseHeader+`link"`, "%q is not the name of a header", name)
	}
	return &Beside{Header: http.CanonicalHeaderKey(name)}
}

// inRow reads the path of a value in a row.
func (r *reader) inRow(name string, v *ast.Value) directive.Path {
	path := r.pathOf(v)
	if _, ok := path.Names(); !r.failed && (!ok || len(path) == 0) {
		r.fail(v.Position, "write the name of a member of a row", "the %s of a row can't be at %s", name, path)
	}
	return path
}

// rowCursor checks that rows have cursors only if the service makes the cursors.
func (r *reader) rowCursor(page *Page, v *ast.Value) {
	if page.Cursor != nil && r.binding.CountsRows() {
		r.fail(v.Position, "remove it", "the gateway makes the cursors, since the call sends {$page.offset} or {$page.number}")
	}
}

// parameter reads which parameter of the Link to the next page has the cursor:
// by default, the parameter of the call that sends it.
func (r *reader) parameter(page *Page, given ast.ChildValueList) {
	v := given.ForName("parameter")
	switch {
	case v != nil && !page.Next.IsLink():
		r.fail(v.Position, "remove it", `parameter is for next: "%slink"`, responseHeader)
	case v != nil && r.binding.CountsRows():
		r.fail(v.Position, "remove it", "the gateway makes the cursors, so the Link only shows whether there is another page")
	case v != nil && v.Raw == "":
		r.fail(v.Position, `write a name, such as parameter: "cursor"`, "parameter is empty")
	case v != nil:
		page.Parameter = v.Raw
	case !page.Next.IsLink() || r.binding.CountsRows():
	default:
		i := slices.IndexFunc(r.binding.REST.Query, func(p Param) bool { return p.Name != "" && sendsCursor(p.Text) })
		if i < 0 {
			r.fail(given.ForName("next").Position, `add parameter: "cursor", the name in the URL of the Link`,
				"the parameter of the Link that has the cursor is not known: no parameter of the call is {$args.after}")
			return
		}
		page.Parameter = r.binding.REST.Query[i].Name
	}
}

// sendsCursor reports whether a text is {$args.after}.
func sendsCursor(text directive.Text) bool {
	one := text.Alone()
	return one != nil && one.Root == directive.Args && len(one.Path) == 1 && one.Path[0] == "after"
}
