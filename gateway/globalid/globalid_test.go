package globalid_test

import (
	"testing"

	"github.com/portico-gateway/portico/gateway/globalid"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text, typ, id string
		ok            bool
	}{
		{"UHJvZHVjdDo3", "Product", "7", true}, // toGlobalId("Product", 7) of graphql-relay-js
		{"UHJvZHVjdDphOmI=", "Product", "a:b", true},
		{"UHJvZHVjdDrDpA==", "Product", "ä", true},
		{"UHJvZHVjdDphOmI", "", "", false},  // without padding
		{"UHJv\nZHVjdDo3", "", "", false},   // with a line end
		{"UHJvZHVjdDphOmJ=", "", "", false}, // with bits that nothing needs
		{"UHJvZHVjdDo=", "", "", false},     // without an id
		{"OjE=", "", "", false},             // without a type
		{"UHJvZHVjdA==", "", "", false},     // without a colon
		{"UHJvZHVjdDr/", "", "", false},     // not UTF-8
		{"7", "", "", false},
		{"", "", "", false},
	} {
		typ, id, ok := globalid.Parse(c.text)
		if typ != c.typ || id != c.id || ok != c.ok {
			t.Errorf("%q: got %q, %q, %t", c.text, typ, id, ok)
		}
		if ok && globalid.Of(typ, id) != c.text {
			t.Errorf("%q: Of returns %q", c.text, globalid.Of(typ, id))
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("UHJvZHVjdDo3")
	f.Fuzz(func(t *testing.T, text string) {
		if typ, id, ok := globalid.Parse(text); ok && globalid.Of(typ, id) != text {
			t.Errorf("%q is %q and %q, whose id is %q", text, typ, id, globalid.Of(typ, id))
		}
	})
}
