package endpoint

import (
	"errors"
	"io"
	"testing"
)

type noPeer struct{}

func (noPeer) Close() error { return nil }

// A call that waits for the first lookup when the set is retired gets [ErrRetired].
func TestRetireDuringTheFirstLookup(t *testing.T) {
	s, err := NewSet(Config{Targets: []Target{{URL: "http://127.0.0.1:1"}}, Open: func(*Endpoint) io.Closer { return noPeer{} }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.retired.Store(true) // the first that Retire does: the lookup is still to begin
	if _, err := s.Use(t.Context(), Call, nil, false); !errors.Is(err, ErrRetired) {
		t.Errorf("error %v", err)
	}
}
