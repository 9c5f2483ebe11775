package decode_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
)

// checkProblem checks that an error is the problem of the service, that its
// message says nothing of the answer, and that the log has want.
func checkProblem(t *testing.T, err error, want string) {
	t.Helper()
	p, ok := err.(*problem.Error) //nolint:errorlint // it must be the problem itself
	if !ok {
		t.Fatalf("%T: %v, want a problem", err, err)
	}
	if p.Code != problem.ServiceError || p.Service != "posts" || p.Message != "The service gave an answer that makes no sense." || p.Extensions != nil {
		t.Errorf("got %+v", p)
	}
	if log := strings.TrimPrefix(err.Error(), string(p.Code)+": "+p.Message+": "); log != want {
		t.Errorf("the log has %q, want %q", log, want)
	}
}

func TestMalformedIsAProblem(t *testing.T) {
	hand := decode.Source{Service: "posts"}
	for name, c := range map[string]struct {
		from decode.Source
		err  error
		want string
	}{
		"missing":      {service, decode.ErrMissing, "service posts: posts.graphql:3:5: Post.id: is missing or null"},
		"hand-written": {hand, decode.ErrMissing, "service posts: Post.id: is missing or null"},
		"a mismatch": {service, &decode.Mismatch{Want: "a string", Have: "se\"cret"},
			`service posts: posts.graphql:3:5: Post.id: is not a string: "se\"cret"`},
		"an enum": {service, decode.Unknown("Color", "secret"), `service posts: posts.graphql:3:5: Post.id: is not a value of Color: "secret"`},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.from.Malformed("Post.id", c.err)
			checkProblem(t, err, c.want)
			if !errors.Is(err, c.err) {
				t.Error("the cause is lost")
			}
		})
	}
	if err := service.Malformed("Post.id", nil); err != nil {
		t.Error(err)
	}
}

func TestUnknownHasASample(t *testing.T) {
	err := decode.Unknown("Color", strings.Repeat("x", 1000))
	if mismatch, ok := errors.AsType[*decode.Mismatch](err); !ok || mismatch.Have != strings.Repeat("x", 100) {
		t.Error(err)
	}
}

func TestFaults(t *testing.T) {
	fields := decode.Fields{Type: "Post", Names: []string{"id", "title", "tags"}}
	if f := service.Faults(&fields, []error{nil, nil, nil}); f != nil {
		t.Errorf("faults %v of an object without any", f)
	}
	_, items := decode.ListOrNull(decode.NewJSON(`["a",1,null,{}]`, service), pointer)
	f := service.Faults(&fields, []error{decode.ErrMissing, nil, items})
	checkProblem(t, f.Of("id"), "service posts: posts.graphql:3:5: Post.id: is missing or null")
	if err := decode.First(f.Of("title"), f.Of("unknown"), f.Of(""), f.Whole()); err != nil {
		t.Errorf("a fault of what matches: %v", err)
	}
	list, ok := f.Of("tags").(*decode.Items) //nolint:errorlint // it must be the items themselves
	if !ok || len(list.Errors()) != 2 {
		t.Fatalf("tags: %v", f.Of("tags"))
	}
	for i, want := range []string{`[1]: is not a string: "1"`, `[3]: is not a string: "{}"`} {
		checkProblem(t, list.Errors()[i].Err, "service posts: posts.graphql:3:5: Post.tags"+want)
	}
	if problem.CodeOf(list) != problem.ServiceError {
		t.Errorf("the items' code is %s", problem.CodeOf(list))
	}
	if again := service.Malformed("x", fmt.Errorf("wrapped: %w", items)); !errors.As(again, new(*decode.Items)) {
		t.Errorf("items that were wrapped: %v", again)
	}
}

func TestFaultsOfTheWhole(t *testing.T) {
	f := service.Whole(&postFields, decode.ErrMissing)
	const want = "service posts: posts.graphql:3:5: Post: is missing or null"
	checkProblem(t, f.Whole(), want)
	checkProblem(t, f.Of("id"), want)
	checkProblem(t, f.Of("unknown"), want)
}

func TestNoFaults(t *testing.T) {
	var f *decode.Faults
	if f.Of("id") != nil || f.Whole() != nil {
		t.Error("nil has faults")
	}
}

func TestFirst(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	if decode.First() != nil || decode.First(nil, nil) != nil || !errors.Is(decode.First(nil, a, b), a) {
		t.Error("not the first error")
	}
}

// pointer reads a string for a list whose items may be null.
func pointer(d *decode.JSON) (*string, error) {
	s, err := d.String()
	if err != nil {
		return nil, err
	}
	return &s, nil
}

func TestItems(t *testing.T) {
	_, err := decode.List(decode.NewJSON(`[1,"a",null,true]`, service), (*decode.JSON).Int)
	items, ok := errors.AsType[*decode.Items](err)
	if !ok {
		t.Fatal(err)
	}
	const want = `[1]: is not a whole number of 32 bits: "\"a\""; [2]: is missing or null; [3]: is not a whole number of 32 bits: "true"`
	if items.Error() != want {
		t.Errorf("got %s\nwant %s", items, want)
	}
	if !errors.Is(err, decode.ErrMissing) || !errors.As(err, new(*decode.Mismatch)) || len(items.Unwrap()) != 3 {
		t.Error("the errors of the items are lost")
	}
}

// The first 20 errors are kept, however many there are and however deep.
func TestMostItems(t *testing.T) {
	for name, text := range map[string]string{
		"in a list":       `[[` + strings.Repeat("1,", 999) + `1]]`,
		"in lists":        `[` + strings.Repeat(`[1],`, 999) + `[1]]`,
		"in larger lists": `[` + strings.Repeat(`[1,"a",2,3],`, 99) + `[1]]`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode.List(decode.NewJSON(text, service), func(d *decode.JSON) ([]string, error) { return decode.List(d, (*decode.JSON).String) })
			items, ok := errors.AsType[*decode.Items](err)
			if !ok || len(items.Errors()) != 20 {
				t.Fatal(err)
			}
			for i, item := range items.Errors() {
				if len(item.Path) != 2 || i > 0 && slices.Compare(items.Errors()[i-1].Path, item.Path) >= 0 {
					t.Errorf("path %v", item.Path)
				}
			}
		})
	}
}
