package server

import (
	"context"
	"testing"

	"github.com/portico-gateway/portico/gateway/config"
)

// A check that was under way when services were changed says nothing of those that were added.
func TestHealthOfServicesThatAreAdded(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	h := newHealth(map[string]config.Service{"a": {}}, func(context.Context, string) error {
		begun <- struct{}{}
		<-end
		return nil
	}, func() error { return nil }, func() reloadState { return reloadState{} })
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.checkAll(t.Context())
	}()
	<-begun
	h.change(map[string]config.Service{"a": {}, "b": {Required: true}})
	close(end)
	<-done
	if _, fresh := h.latest(); fresh {
		t.Error("the check of other services counts")
	}
	if _, ready := h.known(); ready {
		t.Error("it is ready without a required service")
	}
}

// Another DNS server can say that services are elsewhere.
func TestOthersAnswerWithAnotherResolver(t *testing.T) {
	before, next := config.Defaults(), config.Defaults()
	if othersAnswer(&before, &next) {
		t.Error("without a change")
	}
	if next.Discovery.Resolver = "127.0.0.1:53"; !othersAnswer(&before, &next) {
		t.Error("with another resolver")
	}
}
