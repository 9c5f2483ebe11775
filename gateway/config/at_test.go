package config_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
)

type located struct {
	path string
	error
}

func (l located) Setting() string { return l.path }
func (l located) Unwrap() error   { return l.error }

// What parts find has the position of its setting, or of the section without it.
func TestAt(t *testing.T) {
	c, err := config.Parse([]byte(`
services:
  a: { url: "https://a", tls: { ca: a.pem } }
frontend:
  documents: { mode: only, manifest: all.json }
frontends:
  web: { documents: { manifest: web.json } }
`), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	wrong := errors.New("no such file")
	err = c.At("frontends.web.documents.manifest", errors.Join(
		located{"services.a.tls.ca", wrong},
		located{"services.a.tls.cert", wrong},
		located{"services.a", errors.Join(errors.New("one"), errors.New("other"))},
		c.At("frontends.tv.documents.manifest", wrong),
		c.At("frontends.mobile.documents.manifest", wrong),
		fmt.Errorf("document 1: %w", wrong),
	))
	const want = `3:3: services.a: one
3:3: services.a: other
3:26: services.a.tls.cert: no such file
3:37: services.a.tls.ca: no such file
5:38: frontend.documents.manifest: no such file
7:33: frontends.web.documents.manifest: document 1: no such file`
	if _, ok := errors.AsType[config.Mistakes](err); !ok {
		t.Fatalf("%T", err)
	}
	if got := err.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := c.At("services.a", nil); err != nil {
		t.Error(err)
	}
}
