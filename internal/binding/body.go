package binding

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// body reads a body: a value of GraphQL, or a text of JSON, which can have any names.
func (r *reader) body(v *ast.Value) *Value {
	text := strings.TrimSpace(v.Raw)
	isText := v.Kind == ast.StringValue || v.Kind == ast.BlockValue
	if !isText || strings.HasPrefix(text, "{$") || text == "" || text[0] != '{' && text[0] != '[' {
		return r.value(v)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	value, err := r.jsonValue(d, v)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("there is more after the value")
		}
	}
	if err != nil {
		r.fail(v.Position, "correct it, or write an object of GraphQL: {name: \"{$args.name}\"}", "the body is not valid JSON: %v", err)
	}
	return value
}

// jsonValue reads the next value of a text of JSON at the position of v.
func (r *reader) jsonValue(d *json.Decoder, v *ast.Value) (*Value, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	out := &Value{Pos: v.Position}
	constant := func(kind ast.ValueKind, raw string) (*Value, error) {
		out.Const = &ast.Value{Raw: raw, Kind: kind, Position: v.Position}
		return out, nil
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return out, r.jsonObject(d, v, out)
		}
		out.List = []*Value{}
		for d.More() {
			item, err := r.jsonValue(d, v)
			if err != nil {
				return nil, err
			}
			out.List = append(out.List, item)
		}
		_, err = d.Token()
		return out, err
	case string:
		text := r.text(&ast.Value{Raw: token, Kind: ast.BlockValue, Position: v.Position}, 0)
		if len(text.Vars()) > 0 {
			out.Text = text
			return out, nil
		}
		return constant(ast.StringValue, token)
	case json.Number:
		if strings.ContainsAny(token.String(), ".eE") {
			return constant(ast.FloatValue, token.String())
		}
		return constant(ast.IntValue, token.String())
	case bool:
		if token {
			return constant(ast.BooleanValue, "true")
		}
		return constant(ast.BooleanValue, "false")
	}
	return constant(ast.NullValue, "null")
}

func (r *reader) jsonObject(d *json.Decoder, v *ast.Value, out *Value) error {
	out.Object = []Member{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		value, err := r.jsonValue(d, v)
		if err != nil {
			return err
		}
		text, _ := name.(string)
		if !SendableName(text) {
			r.fail(v.Position, "", "the name %q can't be sent: it must not be empty or have quotes, commas or backslashes", text)
		}
		out.Object = append(out.Object, Member{Name: text, Value: value, Pos: v.Position})
	}
	_, err := d.Token()
	return err
}

// SendableName reports whether generated code can send a member with a name, which
// is in a tag of package json.
func SendableName(name string) bool {
	return name != "" && name != "-" && !strings.ContainsAny(name, "\"'`\\,") && !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' })
}
