package decode

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

type tallied struct {
	ID     string
	Faults *Faults
}

var talliedFields = Fields{Type: "Row", Names: []string{"id", "a", "b", "c"}}

func readTallied[D interface {
	Reader
	Whole(of *Fields, err error) *Faults
	Faults(of *Fields, errs []error) *Faults
}](d D, into *tallied) error {
	if err := d.Object(); err != nil {
		into.Faults = d.Whole(&talliedFields, err)
		return nil
	}
	faults := [4]error{ErrMissing, ErrMissing, ErrMissing, ErrMissing}
	for d.Next() {
		if at := slices.Index(talliedFields.Names, d.Name()); at >= 0 {
			_, faults[at] = d.Text()
		}
	}
	into.Faults = d.Faults(&talliedFields, faults[:])
	return nil
}

// Objects that share their faults lose nothing but what their values are.
func TestSharedFaults(t *testing.T) {
	items := ItemErrors([]error{nil, ErrMissing})
	from := Source{Service: "s"}.Counted()
	for range mostFaults + 3 {
		for _, errs := range [][]error{{nil, ErrMissing, items, nil}, {nil, nil, nil, LostItems([]error{ErrMissing})}} {
			f := from.Faults(&talliedFields, errs)
			for i, name := range talliedFields.Names {
				cause := f.Cause(name)
				if (cause != nil) != (errs[i] != nil) || isPartial(cause) != isPartial(errs[i]) || f.IsWhole() {
					t.Fatalf("%s: %v, want %v", name, cause, errs[i])
				}
			}
		}
	}
	whole, again := from.Whole(&talliedFields, ErrMissing), from.Whole(&talliedFields, ErrMissing)
	if !whole.IsWhole() || whole != again || whole.Of("id") == nil || len(from.tally.shared) != 3 {
		t.Error(whole, len(from.tally.shared))
	}
}

// What an answer keeps in memory depends on its rows, and not on how many of them are wrong.
func TestAnswersThatAreAllWrong(t *testing.T) {
	const rows = 600_000
	const row = 1.5 * (24 + 8) // with its pointer, and the room that a list has
	const most = rows*row + mostFaults*600
	list := func(row string) *JSON {
		return NewJSON("["+strings.Repeat(row+",", rows-1)+row+"]", Source{Service: "s"})
	}
	read := func(d *JSON) (*tallied, error) { return Required(d, readTallied[*JSON]) }
	wrong := func(d *JSON) (*tallied, error) {
		_, err := d.Text()
		return nil, err
	}
	for name, of := range map[string]func() any{
		"missing":    func() any { v, _ := Rows(list("{}"), readTallied[*JSON]); return v },
		"no objects": func() any { v, _ := Rows(list("5"), readTallied[*JSON]); return v },
		"all fields": func() any { v, _ := Rows(list(`{"id":{},"a":{},"b":{},"c":{}}`), readTallied[*JSON]); return v },
		"choices":    func() any { _, _, errs, _ := KeyedChoices(list("{}"), "x", wrong); return errs },
		"values": func() any {
			_, _, errs, _ := KeyedBy(list("{}"), "x", wrong, func([]string) int { return 0 })
			return errs
		},
		"messages": func() any {
			v, _ := Messages(Source{}.Counted(), make([]*int, rows), func(from Source, _ *int, into *tallied) error {
				into.Faults = from.Faults(&talliedFields, []error{ErrMissing, ErrMissing, nil, nil})
				return nil
			})
			return v
		},
		"rows": func() any { v, _ := List(list("{}"), read); return v },
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		kept := of()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if got := int64(after.HeapAlloc) - int64(before.HeapAlloc); got > most {
			t.Errorf("%s: %d rows that are wrong keep %d bytes; want at most %d", name, rows, got, int64(most))
		}
		runtime.KeepAlive(kept)
	}
}
