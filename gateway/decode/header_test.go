package decode_test

import (
	"testing"

	"github.com/portico-gateway/portico/gateway/decode"
)

func TestInHeader(t *testing.T) {
	from := decode.Source{Header: map[string][]string{"A": {" 12 "}, "Several": {"a", "b, c"}, "Empty": {""}, "Latin": {"\xe4"}, "<": {"<a>1</a>"}}}
	for name, want := range map[string]string{"A": " 12 ", "Several": "a, b, c", "Empty": "", "Latin": "\uFFFD", "<": "<a>1</a>"} {
		if got, err := from.InHeader(name).String(); got != want || err != nil {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if n, err := from.InHeader("A").Int(); n != 12 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	for _, name := range []string{"a", "Nothing", "Empty"} {
		if n, err := from.InHeader(name).Int(); err != decode.ErrMissing { //nolint:errorlint // it is to be the same
			t.Errorf("%s: got %d, %v", name, n, err)
		}
	}
	if n, err := from.InHeader("Several").Int(); err == nil || err == decode.ErrMissing { //nolint:errorlint // it is to be another
		t.Errorf("got %d, %v", n, err)
	}
	if text, err := (decode.Source{}).InHeader("A").String(); err != decode.ErrMissing { //nolint:errorlint // it is to be the same
		t.Errorf("got %q, %v", text, err)
	}
}
