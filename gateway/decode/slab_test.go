package decode_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

type kept struct {
	text     string
	optional *string
}

// What is kept longer than its answer keeps no other row of it.
func TestKeptRows(t *testing.T) {
	const rows, size, answers = 100, 10_000, 20
	var text strings.Builder
	for i := range rows {
		text.WriteString(string("[,"[min(i, 1)]) + fmt.Sprintf(`{"key":"%d","text":%[2]q,"optional":%[2]q}`, i, strings.Repeat("x", size)))
	}
	text.WriteString("]")
	read := func(d *decode.JSON, into *kept) error {
		for err := d.Object(); err == nil && d.Next(); {
			switch d.Name() {
			case "text":
				into.text, _ = d.String()
			case "optional":
				into.optional, _ = decode.Optional(d, (*decode.JSON).String)
			}
		}
		return nil
	}
	var all []*kept
	for i := range answers {
		d := decode.NewJSON(strings.Clone(text.String()), decode.Source{})
		d.Copy = true
		list, err := decode.Rows(d, read)
		if i%2 > 0 {
			d = decode.NewJSON(strings.Clone(text.String()), decode.Source{})
			d.Copy = true
			list, _, err = decode.Keyed(d, read, "key")
		}
		if err != nil || len(list) != rows {
			t.Fatal(len(list), err)
		}
		all = append(all, list[rows/2])
	}
	text.Reset()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if least := uint64(2 * size * answers); m.HeapAlloc > 10*least {
		t.Errorf("%d kB are kept for %d kB", m.HeapAlloc>>10, least>>10)
	}
	runtime.KeepAlive(all)
}
