package mock

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/gateway/directive"
	"github.com/portico-gateway/portico/internal/binding"
	"github.com/portico-gateway/portico/internal/plan"
)

// rowsOfPages is how many rows a list has that is read in pages.
const rowsOfPages = 25

// answer makes what a call reads.
type answer struct {
	*maker

	asked   *asked
	call    *boundCall
	request *request
	header  http.Header // that is sent
}

func newAnswer(seed uint64, q *request, m match, header http.Header) *answer {
	return &answer{
		maker: &maker{seed: seed, call: m.call.What(), inRows: true, sent: m.sent}, asked: m.asked, call: m.call, request: q, header: header,
	}
}

// body returns the content of the answer, as JSON has it; nil if nothing is read. Of a stream, row is the number of the event.
func (a *answer) body(row int) any {
	c := a.call
	if c.value == nil {
		return nil
	}
	for name, schema := range c.headers {
		a.header.Set(name, fmt.Sprint(a.value(schema, place{at: a.maker.call + " " + name, name: name})))
	}
	var payload any
	first := 0
	switch {
	case c.Keyed():
		payload = a.keyed()
	case c.Key != nil:
		payload = a.matched()
	case c.Page != nil:
		first = a.offset()
		payload = a.page(first)
	case c.list:
		payload = a.rows()
	default:
		fixed := a.fixed(false)
		if c.row != nil && c.Mutation() {
			fields, _ := properties(c.value.Value)
			fixed = a.echo(fixed, fields)
		}
		payload = a.row(row, fixed)
	}
	body := within(c.Select, payload)
	if rows, ok := payload.([]any); ok && c.Page != nil {
		a.besides(body, first+len(rows))
	}
	avoid(c.Errors, body)
	return body
}

// row makes a row with a number, or the only value.
func (a *answer) row(i int, fixed map[string]any) any { return a.rowAt(strconv.Itoa(i), i, fixed) }

// rowOf makes a row of a key of a batch, the same in all batches: of each key that has several, the number n.
func (a *answer) rowOf(key string, n int, fixed map[string]any) any {
	number, err := strconv.Atoi(key)
	if err != nil || number < 1 || number > 1e6 {
		number = 1000 + int(a.hash(key)%9000) //nolint:gosec // less than 9000
	}
	if a.call.Type.Elem != nil {
		number = (number-1)*maxRows + 1
	}
	return a.rowAt(key+"."+strconv.Itoa(n), number-1+n, fixed)
}

func (a *answer) rowAt(at string, i int, fixed map[string]any) any {
	name := a.call.Field.Name
	if n := len(a.call.Select); n > 0 && !a.call.Select[n-1].IsItem() {
		name = a.call.Select[n-1].Name
	}
	return a.value(a.call.value, place{at: a.maker.call + "[" + at + "]", name: name, row: i, fixed: fixed})
}

// rows makes a list: a row for each of the keys that an argument has, or as many as the call asks for.
func (a *answer) rows() []any {
	fixed, list := a.fixed(true), []any{}
	for _, v := range a.call.Vars() {
		f, values := a.call.target(v), a.values(v)
		if f == nil || len(values) == 0 || !a.call.isList(v) {
			continue
		}
		each := 2
		if f.Name == "id" {
			each = 1
		}
		for i, value := range values {
			for range each {
				if slices.Contains(values[:i], value) {
					break
				}
				own := maps.Clone(fixed)
				fix(own, f.Path, a.call.typed(f, value))
				list = append(list, a.row(len(list), own))
			}
		}
		return list[:min(len(list), maxRows)]
	}
	for i := range a.limit(fewRows) {
		list = append(list, a.row(i, maps.Clone(fixed)))
	}
	return list
}

// keyed makes the rows of a batch: for each key one, or a few if the field is a list.
func (a *answer) keyed() []any {
	columns, count := [][]string{}, 0
	for _, part := range a.call.Key.Parts {
		columns = append(columns, a.values(part.Batch))
		count = max(count, len(columns[len(columns)-1]))
	}
	each, list, seen := 1, []any{}, map[string]bool{}
	if a.call.Type.Elem != nil {
		each = a.limit(2)
	}
	if count == 0 { // the call does not send the keys
		for i := range fewRows * each {
			list = append(list, a.row(i, a.fixed(true)))
		}
		return list
	}
	for i := range count {
		var key []string
		for _, column := range columns {
			if i < len(column) {
				key = append(key, column[i])
			} else {
				key = append(key, "")
			}
		}
		id := strings.Join(key, "\x00")
		if seen[id] {
			continue
		}
		seen[id] = true
		for n := range each {
			list = append(list, a.keyedRow(key, n))
		}
	}
	return list
}

// keyedRow makes a row with a key.
func (a *answer) keyedRow(key []string, number int) any {
	fixed := a.fixed(true)
	for n, part := range a.call.Answer.Parts {
		if key[n] == "" {
			continue // it is not sent
		}
		var value any = key[n]
		if part.Field != nil {
			value = a.call.typed(part.Field, key[n])
		}
		fix(fixed, directive.PathOf(part.Path...), value)
	}
	row := a.rowOf(strings.Join(key, "-"), number, fixed)
	for n, part := range a.call.Answer.Parts {
		if _, found := find(row, directive.PathOf(part.Path...)); !found {
			put(row, directive.PathOf(part.Path...), key[n])
		}
	}
	return row
}

// matched makes the values of the keys of a batch: by key, or in their order.
func (a *answer) matched() any {
	v := a.call.Key.Parts[0].Batch
	byKey, inOrder := map[string]any{}, []any{}
	for _, key := range a.values(v) {
		fixed := map[string]any{}
		if f := a.call.target(v); f != nil {
			fix(fixed, f.Path, a.call.typed(f, key))
		}
		value := a.rowOf(key, 0, fixed)
		if byKey[key] == nil {
			byKey[key] = value
		}
		inOrder = append(inOrder, value)
	}
	if a.call.Key.Match == binding.ByMap {
		return byKey
	}
	return inOrder
}

// page makes the rows of a page that begins after some.
func (a *answer) page(first int) []any {
	fixed, list := a.fixed(true), []any{}
	for i := first; i < min(first+a.size(), rowsOfPages); i++ {
		row, page := a.row(i, maps.Clone(fixed)), a.call.Answer.Page
		if page.Node != nil {
			row = within(directive.PathOf(page.Node.Path...), row)
		}
		if page.Cursor != nil {
			path := directive.PathOf(page.Cursor.Path...)
			if have, _ := find(row, path); isNumber(have) {
				put(row, path, i+1)
			} else {
				put(row, path, strconv.Itoa(i+1))
			}
		}
		list = append(list, row)
	}
	return list
}

func isNumber(value any) bool {
	_, ok := value.(int64)
	return ok
}

// besides adds what an answer has beside the rows of a page that ends before some.
func (a *answer) besides(body any, end int) {
	page := a.call.Answer.Page
	set := func(of *plan.PageValue, value any) {
		if of == nil {
			return
		}
		if of.Header == "" {
			put(body, of.Path, value)
		} else {
			a.header.Set(of.Header, fmt.Sprint(value))
		}
	}
	set(page.Total, rowsOfPages)
	set(page.More, end < rowsOfPages)
	switch {
	case end >= rowsOfPages || page.Next == nil:
	case page.Next.IsLink():
		next := url.URL{Path: a.request.at.Path}
		query := a.request.at.Query()
		query.Set(page.Next.Parameter, strconv.Itoa(end))
		next.RawQuery = query.Encode()
		a.header.Set("Link", "<"+next.String()+`>; rel="next"`)
	default:
		set(page.Next, strconv.Itoa(end))
	}
}

// size is how many rows a page has.
func (a *answer) size() int {
	otherwise := 20
	if first := a.call.Field.Arguments.ForName("first"); first != nil && first.DefaultValue != nil {
		if n, err := strconv.Atoi(first.DefaultValue.Raw); err == nil && n > 0 {
			otherwise = n
		}
	}
	return a.limit(otherwise)
}

// limit is how many rows the call asks for.
func (a *answer) limit(otherwise int) int {
	for _, v := range a.call.Vars() {
		name, asks := v.Path[len(v.Path)-1], false
		switch v.Root {
		case directive.Paging:
			asks = name == "limit"
		case directive.Args:
			asks = isLimit(name) || slices.ContainsFunc(a.call.Slices, func(arg *plan.Argument) bool { return arg.Name == v.Path[0] })
		}
		if values := a.values(v); asks && len(values) > 0 {
			if n, err := strconv.Atoi(values[0]); err == nil && n > 0 {
				return min(n, maxRows)
			}
		}
	}
	return min(otherwise, maxRows)
}

// offset is how many rows come before those of the page.
func (a *answer) offset() int {
	for _, v := range a.call.Vars() {
		values := a.values(v)
		if len(values) == 0 {
			continue
		}
		n, err := strconv.Atoi(values[0])
		if err != nil || n < 0 {
			continue // it is no cursor of the mock
		}
		switch {
		case v.Root == directive.Paging && v.Path[0] == "offset", v.Root == directive.Args && v.Path[0] == "after":
			return n
		case v.Root == directive.Paging && v.Path[0] == "number":
			return max(0, n-a.call.PageStart()) * a.size()
		}
	}
	return 0
}

// values returns the values of a variable.
func (a *answer) values(v *directive.Var) []string { return a.asked.values[v.String()] }

// fixed returns what the arguments and the parent's fields decide of a row. An argument that is the key of one row does not decide those of a list.
func (a *answer) fixed(list bool) map[string]any {
	fixed := map[string]any{}
	for _, v := range a.call.Vars() {
		values := a.values(v)
		if len(values) != 1 || v.Root != directive.Args && v.Root != directive.This || a.call.isList(v) {
			continue
		}
		if f := a.call.target(v); f != nil && (!list || f.Name != "id") {
			fix(fixed, f.Path, a.call.typed(f, values[0]))
		}
	}
	return fixed
}
