package main

import (
	"net/http/httptest"
	"path/filepath"
	"testing"
)

// The gateway answers as the handler does, with few allocations: those of its whole
// process, the calls of the service included.
func TestAllocations(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPrograms(t.Context(), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	service := httptest.NewServer(blog(0))
	defer service.Close()
	plain := httptest.NewServer(newHandler(service.URL, false))
	defer plain.Close()
	gateway, counter, err := p.gateway(settings{blog: service.URL})
	if err != nil {
		t.Fatal(err)
	}
	handler := target{address: plain.Listener.Addr().String()}
	if handler.path = "/constant"; same(gateway, handler, constant) != nil {
		t.Error("the constant differs")
	}
	for _, o := range operations() {
		handler.path = "/" + o.name
		if err := same(gateway, handler, o.body("x")); err != nil {
			t.Error(err)
		}
		n, err := allocations(t.Context(), gateway, counter, o.body("x%d"))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.0f allocations", o.name, n)
		if n > o.allocations {
			t.Errorf("%s: %.0f allocations, want at most %.0f", o.name, n, o.allocations)
		}
	}
}
