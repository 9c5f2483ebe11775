package execute_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/execute"
	"github.com/portico-gateway/portico/gateway/loader"
	"github.com/portico-gateway/portico/gateway/problem"
)

// An event that is a list of which only items failed is converted, as the result of a method is; an event with another
// error, and an error of the stream, are passed on.
func TestFitEachOfItems(t *testing.T) {
	items := decode.ItemErrors([]error{nil, errOdd})
	double := func(list []int) ([]int, error) {
		out := make([]int, len(list))
		for i, n := range list {
			out[i] = 2 * n
		}
		return out, nil
	}
	events := func(yield func([]int, error) bool) {
		_ = yield([]int{1, 0}, problem.OfEvent(items)) && yield([]int{1}, nil) && yield(nil, problem.OfEvent(errOdd)) && yield(nil, errBroken)
	}
	var got []string
	for value, err := range execute.FitEach(events, double) {
		_, ofEvent := errors.AsType[*problem.EventError](err)
		_, ofItems := errors.AsType[*decode.Items](err)
		got = append(got, fmt.Sprint(value, ofEvent, ofItems, err))
	}
	want := []string{"[2 0] true true [1]: odd", "[2] false false <nil>", "[] true false odd", "[] false false broken"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Of errors of items the one that loses the list is reported, and not those of items that may be null.
func TestFitOfLostLists(t *testing.T) {
	partial := decode.ItemErrors([]error{errOdd})
	lost := decode.LostItems([]error{nil, errBroken})
	_, err := execute.Fit(func([]int) ([]int, error) { return nil, lost })([]int{0, 1}, partial)
	if err != lost { //nolint:errorlint // the same one
		t.Errorf("got %v", err)
	}
}

// Beyond the errors that an answer has, the first one that callers do not see is there all the same, since the log must have it.
func TestManyErrors(t *testing.T) {
	const many = 3000
	twice := func(_ context.Context, objs []*object) ([]int, error) {
		errs := make(loader.Errors, len(objs))
		for i := range errs {
			errs[i] = problem.New(problem.ServiceError, "It failed.")
		}
		errs[many-1] = problem.Recovered("boom")
		return make([]int, len(objs)), errs
	}
	got := run(t.Context(), t, &project{objects: objects(many), twice: twice}, `{ objects { id twice } }`)
	if len(got) != 1 {
		t.Fatal(got)
	}
	if n := strings.Count(got[0], `"message"`); n != 1002 {
		t.Errorf("%d errors", n)
	}
	for _, want := range []string{"panic: boom", "1999 more errors are left out."} {
		if !strings.Contains(got[0], want) {
			t.Errorf("no %q", want)
		}
	}
}
