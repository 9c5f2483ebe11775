package upstream_test

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		`"a"`: "a", `""`: "", `7`: "7", "\n7\t": "7", `-0`: "-0", `1.50`: "1.50", `1e400`: "1e400", `"\u00e9\n"`: "é\n",
		`12345678901234567890`: "12345678901234567890",
	} {
		var got upstream.Text
		if err := json.Unmarshal([]byte(text), &got); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{`true`, `{}`, `[1]`, `{"a":[1,{"b":2}]}`, ``, `"a`, `07`} {
		var got upstream.Text
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s is %q", text, got)
		}
	}
	var rows struct {
		Nothing *upstream.Text
		Missing *upstream.Text
		List    []*upstream.Text
	}
	if err := json.Unmarshal([]byte(`{"Nothing":null,"List":[1,null,"b"]}`), &rows); err != nil || rows.Nothing != nil || rows.Missing != nil || len(rows.List) != 3 || rows.List[1] != nil {
		t.Errorf("got %+v, %v", rows, err)
	}
}

// A text is what the standard library reads: a string's characters, or a number
// as it is spelled. What is neither is an error, and so is what is no JSON.
func FuzzText(f *testing.F) {
	for _, seed := range []string{`"a"`, `7`, `-1.5e+3`, `null`, `true`, `{}`, `[`, `"\ud800"`, "\"\xff\"", `"\u0000"`, ` 1`, `01`, ``, `"a"b`, `{"a":"b"}`, `1e999`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got *upstream.Text
		err := json.Unmarshal(body, &got, jsontext.AllowInvalidUTF8(true))
		var want any
		decoder := stdjson.NewDecoder(strings.NewReader(string(body)))
		decoder.UseNumber()
		if stdjson.Valid(body) {
			if err := decoder.Decode(&want); err != nil {
				t.Fatalf("%q: %v", body, err)
			}
		} else {
			want = true // an error
		}
		switch want := want.(type) {
		case nil:
			if err != nil || got != nil {
				t.Errorf("%q is %v, %v; want null", body, got, err)
			}
		case string, stdjson.Number:
			if err != nil || got == nil || string(*got) != fmt.Sprint(want) {
				t.Errorf("%q is %v, %v; want %q", body, got, err, want)
			}
		default:
			if err == nil {
				t.Errorf("%q is %q; want an error", body, *got)
			}
		}
	})
}

func TestRows(t *testing.T) {
	model := func(row *int) (string, error) {
		if *row < 0 {
			return "", errors.New("negative")
		}
		return strconv.Itoa(*row), nil
	}
	rows := func(numbers ...int) []*int { return upstream.Map(numbers, func(n int) *int { return &n }) }
	one, two := "1", "2"
	for name, c := range map[string]struct {
		rows           []*int
		models, orNull []string
		optional       []*string
		modelsErr, err string // of Rows, of the others
	}{
		"no list":  {},
		"empty":    {rows: []*int{}, models: []string{}, orNull: []string{}, optional: []*string{}},
		"two":      {rows: rows(1, 2), models: []string{"1", "2"}, orNull: []string{"1", "2"}, optional: []*string{&one, &two}},
		"null":     {rows: append(rows(1), nil), modelsErr: "[1]: null", orNull: []string{"1", ""}, optional: []*string{&one, nil}},
		"negative": {rows: rows(1, -1), modelsErr: "[1]: negative", err: "[1]: negative"},
	} {
		t.Run(name, func(t *testing.T) {
			models, err := upstream.Rows(c.rows, model)
			checkRows(t, models, c.models, err, c.modelsErr)
			orNull, err := upstream.RowsOrNull(c.rows, model)
			checkRows(t, orNull, c.orNull, err, c.err)
			optional, err := upstream.Optionals(c.rows, model)
			checkRows(t, optional, c.optional, err, c.err)
		})
	}
}

func checkRows[T any](t *testing.T, got, want []T, err error, message string) {
	t.Helper()
	if message != "" {
		if err == nil || err.Error() != message || got != nil {
			t.Errorf("got %v, %v; want %s", got, err, message)
		}
		return
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestRowAndOptional(t *testing.T) {
	fail := errors.New("fail")
	bad := func(*int) (string, error) { return "x", fail }
	if got, err := upstream.Row(nil, bad); got != "" || err != nil {
		t.Errorf("null became %q, %v", got, err)
	}
	if got, err := upstream.Optional(nil, bad); got != nil || err != nil {
		t.Errorf("null became %v, %v", got, err)
	}
	if _, err := upstream.Row(new(1), bad); !errors.Is(err, fail) {
		t.Errorf("got %v", err)
	}
	if got, err := upstream.Optional(new(1), bad); got != nil || !errors.Is(err, fail) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := upstream.Optional(new(upstream.Text("7")), upstream.String); err != nil || *got != "7" {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := upstream.Optional(new(int32(7)), upstream.Int); err != nil || *got != 7 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestKeys(t *testing.T) {
	for got, want := range map[string]string{
		upstream.Key[string](nil): "", upstream.Key(new(upstream.Text("a"))): "a", upstream.KeyInt[int32](nil): "",
		upstream.KeyInt(new(int32(-7))): "-7", upstream.KeyInt(new(uint64(18446744073709551615))): "18446744073709551615",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestMapAndApply(t *testing.T) {
	if upstream.Map[int](nil, func(int) int { return 1 }) != nil || upstream.Apply(nil, func(int) int { return 1 }) != nil {
		t.Error("nil became something")
	}
	if got := upstream.Map([]int{}, func(int) int { return 1 }); got == nil {
		t.Error("an empty list became none")
	}
	if got := upstream.Apply(new(3), strconv.Itoa); *got != "3" {
		t.Errorf("got %s, want 3", *got)
	}
}

// What is wrong with an answer goes to the log with its place; the caller reads
// that the service made no sense.
func TestMalformed(t *testing.T) {
	client := open(t, upstream.Config{Name: "rows", URL: "http://127.0.0.1:1"})
	if err := client.Malformed(nil); err != nil {
		t.Errorf("nothing wrong became %v", err)
	}
	err := client.Malformed(upstream.In("items", upstream.In("[2]", upstream.Unknown("Kind", strings.Repeat("x", 1000)))))
	p, ok := errors.AsType[*problem.Error](err)
	if !ok || p.Code != problem.ServiceError || strings.Contains(p.Message, "xx") || !strings.Contains(err.Error(), "items: [2]: Kind has no value") || len(err.Error()) > 500 {
		t.Errorf("got %v", err)
	}
	if got := upstream.Missing("a.b").Error(); got != "a.b is missing or null" {
		t.Errorf("got %q", got)
	}
}

// The values of a joined text are those that were joined.
func FuzzJoin(f *testing.F) {
	for _, seed := range []string{"", "a", ",", "a,b", "|", "é", "\x00", " "} {
		f.Add(seed, "b", ",")
		f.Add("a", seed, "|")
		f.Add(seed, seed, "é")
	}
	f.Fuzz(func(t *testing.T, a, b, separator string) {
		if len([]rune(separator)) != 1 || separator == "\ufffd" {
			return // longer ones can arise between a value and the next
		}
		values := []string{a, b, a}
		joined, err := upstream.Join(values, separator)
		refused := strings.Contains(a, separator) || strings.Contains(b, separator)
		if refused != (err != nil) || err != nil && (problem.CodeOf(err) != problem.BadUserInput || joined != "") {
			t.Fatalf("%q by %q: %q, %v", values, separator, joined, err)
		}
		if got := strings.Split(joined, separator); !refused && !slices.Equal(got, values) {
			t.Errorf("%q by %q became %q", values, separator, got)
		}
	})
}

// Whatever the body of an error is, of it callers get scalars only, by the
// names that the binding gives them.
func FuzzExplain(f *testing.F) {
	for _, body := range []string{
		``, `{`, `null`, `[]`, `"a"`, `{"error":{"id":"p1","n":5,"ok":true,"inner":{"x":1},"list":[1]}}`, `{"error":null}`, `{"error":"id"}`,
		`{"error":{"id":null}}`, `{"error":{"id":{"id":"deep"}}}`, "{\"error\":{\"id\":\"\xff\"}}", `{"error":{"id":1e400}}`,
		strings.Repeat("[", 20000), strings.Repeat(`{"error":`, 20000), `{"error":{"id":1},"error":{"id":2}}`,
	} {
		f.Add([]byte(body), "id")
		f.Add([]byte(body), "inner")
		f.Add([]byte(body), "")
	}
	f.Fuzz(func(t *testing.T, body []byte, name string) {
		status := &upstream.StatusError{Service: "s", Status: http.StatusConflict, Body: body}
		err := upstream.Explain(problem.Wrap(status, problem.ServiceError, "The service failed."), "TAKEN", "It is taken: 100%.",
			upstream.Detail{Name: "a", Path: []string{"error", name}}, upstream.Detail{Name: "b", Path: []string{name}}, upstream.Detail{Name: "c"})
		p, ok := errors.AsType[*problem.Error](err)
		if !ok || p.Code != "TAKEN" || p.Message != "It is taken: 100%." || !upstream.IsStatus(err, http.StatusConflict) {
			t.Fatalf("got %v", err)
		}
		for key, value := range p.Extensions {
			switch value.(type) {
			case string, bool, stdjson.Number:
			default:
				t.Errorf("%q: the extension %s is %T", body, key, value)
			}
			if key != "a" && key != "b" && key != "c" {
				t.Errorf("%q: there is an extension %s", body, key)
			}
		}
		if _, err := stdjson.Marshal(p.Extensions); err != nil {
			t.Errorf("%q: extensions that are no JSON: %v", body, err)
		}
	})
}

func TestExplain(t *testing.T) {
	other := errors.New("another")
	if err := upstream.Explain(other, "TAKEN", "m"); err != other { //nolint:errorlint // it is to be the same
		t.Errorf("got %v", err)
	}
	status := &upstream.StatusError{Status: 409, Body: []byte(`{"error":{"id":"p1","left":0,"ok":false,"why":{"secret":1},"all":[1],"no":null}}`)}
	var details []upstream.Detail
	for _, name := range []string{"id", "left", "ok", "why", "all", "no", "none"} {
		details = append(details, upstream.Detail{Name: name, Path: []string{"error", name}})
	}
	p, _ := errors.AsType[*problem.Error](upstream.Explain(status, "TAKEN", "m", details...))
	if got := fmt.Sprint(p.Extensions); got != "map[id:p1 left:0 ok:false]" {
		t.Errorf("got %s", got)
	}
}
