package decode_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

type reader = *decode.JSON

// show has what is behind the pointers of a list, too.
func show(v any) string {
	switch r := reflect.ValueOf(v); {
	case r.Kind() == reflect.Pointer && r.IsNil():
		return "nil"
	case r.Kind() == reflect.Pointer:
		return "&" + show(r.Elem().Interface())
	case r.Kind() == reflect.Slice && r.IsNil():
		return "no list"
	case r.Kind() == reflect.Slice:
		texts := make([]string, r.Len())
		for i := range texts {
			texts[i] = show(r.Index(i).Interface())
		}
		return fmt.Sprint(texts)
	}
	return fmt.Sprint(v)
}

func listOf[T any](read func(d reader) (T, error)) func(d reader) ([]T, error) {
	return func(d reader) ([]T, error) { return decode.List(d, read) }
}

func listOrNull[T any](read func(d reader) (T, error)) func(d reader) ([]T, error) {
	return func(d reader) ([]T, error) { return decode.ListOrNull(d, read) }
}

// pair has no Faults: an error of its values is its own.
type pair struct{ A int }

func readPair(d *decode.JSON, row *pair) error {
	if err := d.Object(); err != nil {
		return err
	}
	a := decode.ErrMissing
	for d.Next() {
		if d.Name() == "a" {
			row.A, a = d.Int()
		}
	}
	return a
}

func TestLists(t *testing.T) {
	text := (*decode.JSON).String
	readers := map[string]func(d reader) (any, error){
		"Optional":   method(func(d reader) (*string, error) { return decode.Optional(d, text) }),
		"OrNull":     method(func(d reader) ([]string, error) { return decode.OrNull(listOf(text)(d)) }),
		"List":       method(listOf(text)),
		"ListOrNull": method(listOrNull((*decode.JSON).Bytes)),
		"Optionals":  method(func(d reader) ([]*string, error) { return decode.Optionals(d, text) }),
		"[[T!]!]!":   method(listOf(listOf(text))),
		"[[T!]]!":    method(listOrNull(listOf(text))),
		"[[T]!]!":    method(listOf(listOrNull(pointer))),
		"[[T]]!":     method(listOrNull(listOrNull(pointer))),
		"Object":     method(func(d reader) (*pair, error) { return decode.Object(d, readPair) }),
		"Required":   method(func(d reader) (*pair, error) { return decode.Required(d, readPair) }),
		"Rows":       method(func(d reader) ([]*pair, error) { return decode.Rows(d, readPair) }),
		"RowsOrNull": method(func(d reader) ([]*pair, error) { return decode.RowsOrNull(d, readPair) }),
	}
	const notString, notInt, notObject, notList = ` is not a string: "1"`, ` is not a whole number of 32 bits: "true"`, ` is not an object: "1"`, ` is not a list: "1"`
	for _, c := range []struct{ reader, text, want, fault string }{
		{"Optional", `"a"`, "&a", ""},
		{"Optional", `null`, "nil", ""},
		{"Optional", `1`, "nil", notString[1:]},
		{"OrNull", `["a"]`, "[a]", ""},
		{"OrNull", `null`, "no list", ""},
		{"OrNull", `1`, "no list", notList[1:]},
		{"List", `["a","b"]`, "[a b]", ""},
		{"List", `[]`, "[]", ""},
		{"List", `null`, "no list", missing},
		{"List", `1`, "no list", notList[1:]},
		{"List", `["a",1,null,"b"]`, "no list", "[1]:" + notString + "; [2]: " + missing},
		{"ListOrNull", `["AA==",null,1,""]`, "[[0] no list no list []]", "[2]:" + notString},
		{"ListOrNull", `[]`, "[]", ""},
		{"ListOrNull", `null`, "no list", missing},
		{"ListOrNull", `1`, "no list", notList[1:]},
		{"Optionals", `["a",null,1,"b"]`, "[&a nil nil &b]", "[2]:" + notString},
		{"Optionals", `[null,null]`, "[nil nil]", ""},
		{"[[T!]!]!", `[["a"],[],["b","c"]]`, "[[a] [] [b c]]", ""},
		{"[[T!]!]!", `[["a"],["b",1]]`, "no list", "[1 1]:" + notString},
		{"[[T!]!]!", `[1,null,[1]]`, "no list", "[0]:" + notList + "; [1]: " + missing + "; [2 0]:" + notString},
		{"[[T!]]!", `[["a"],["b",1],null,1]`, "[[a] no list no list no list]", "[1 1]:" + notString + "; [3]:" + notList},
		{"[[T]!]!", `[["a"],["b",1,null]]`, "[[&a] [&b nil nil]]", "[1 1]:" + notString},
		{"[[T]!]!", `[["a",1],null]`, "no list", "[0 1]:" + notString + "; [1]: " + missing},
		{"[[T]]!", `[["a",1],null,1]`, "[[&a nil] no list no list]", "[0 1]:" + notString + "; [2]:" + notList},
		{"Object", `{"a":1}`, "&{1}", ""},
		{"Object", `null`, "nil", ""},
		{"Object", `1`, "nil", notObject[1:]},
		{"Object", `{"a":true}`, "nil", notInt[1:]},
		{"Required", `{"a":1}`, "&{1}", ""},
		{"Required", `null`, "&{0}", missing},
		{"Required", `1`, "&{0}", notObject[1:]},
		{"Rows", `[{"a":1},{"b":2,"a":3}]`, "[&{1} &{3}]", ""},
		{"Rows", `[]`, "[]", ""},
		{"Rows", `null`, "no list", missing},
		{"Rows", `1`, "no list", notList[1:]},
		{"Rows", `[{"a":1},null,1,{}]`, "no list", "[1]: " + missing + "; [2]:" + notObject + "; [3]: " + missing},
		{"RowsOrNull", `[{"a":1},null,1,{"a":true},{"a":2}]`, "[&{1} nil nil nil &{2}]", "[2]:" + notObject + "; [3]:" + notInt},
		{"RowsOrNull", `null`, "no list", missing},
	} {
		t.Run(c.reader+" of "+c.text, func(t *testing.T) {
			d := decode.NewJSON(`{"x":`+c.text+`,"z":1}`, service)
			if d.Object() != nil || !d.Next() {
				t.Fatal("not entered")
			}
			got, err := readers[c.reader](d)
			if show(got) != c.want || fmt.Sprint(err) != c.fault && (err != nil || c.fault != "") {
				t.Errorf("got %s, %v\nwant %s, %s", show(got), err, c.want, c.fault)
			}
			if !d.Next() || d.Name() != "z" || d.Next() || d.End() != nil {
				t.Errorf("reading does not go on after it: %v", d.End())
			}
		})
	}
}

// Rows whose model has Faults never fail the list.
func TestRowsWithFaults(t *testing.T) {
	const text = `[{"id":1,"userId":2,"title":"a","body":"b"},null,{"id":"x","userId":2,"title":"c"},5]`
	rows, err := readPosts(text)
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := *rows[0]; got != (post{ID: 1, UserID: 2, Title: "a", Body: "b"}) {
		t.Errorf("the first row is %+v", got)
	}
	const at = "service posts: posts.graphql:3:5: Post"
	checkProblem(t, rows[1].Faults.Whole(), at+": is missing or null")
	checkProblem(t, rows[3].Faults.Whole(), at+`: is not an object: "5"`)
	checkProblem(t, rows[2].Faults.Of("id"), at+`.id: is not a whole number of 32 bits: "\"x\""`)
	checkProblem(t, rows[2].Faults.Of("body"), at+".body: is missing or null")
	if rows[2].Title != "c" || rows[2].Faults.Of("title") != nil || rows[2].Faults.Whole() != nil {
		t.Errorf("what matches of a row is lost: %+v", rows[2])
	}
}

// Objects are allocated together, and still each is one of its own.
func TestRowsAreDistinct(t *testing.T) {
	rows, err := readPosts(posts(1000, "x"))
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if row.ID != i+1 || row.UserID != i/10 || row.Title != fmt.Sprintf("Post %d of a user", i) {
			t.Fatalf("row %d is %+v", i, row)
		}
	}
}

// A text that breaks off in a list is an error of the text.
func TestListsOfTextsThatBreakOff(t *testing.T) {
	for _, text := range []string{`["a"`, `["a",`, `["a","`, `[`, `["a",nul`, `["a"}`, `["a" "b"]`} {
		d := decode.NewJSON(text, service)
		_, err := decode.List(d, (*decode.JSON).String)
		if end := d.End(); end == nil || err != nil && !errors.Is(err, end) {
			t.Errorf("%s: %v, at the end %v", text, err, end)
		}
		if rows, err := decode.Rows(decode.NewJSON(text, service), readPair); err == nil && len(rows) > 0 {
			t.Errorf("%s: %d rows without an error", text, len(rows))
		}
	}
}
