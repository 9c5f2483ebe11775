package health

import (
	"context"
	"testing"
)

// A check that was under way when services were changed says nothing of those that were added.
func TestServicesThatAreAdded(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	h := New(Config{
		Check: func(context.Context, string) error {
			begun <- struct{}{}
			<-end
			return nil
		},
		Missing: func() string { return "" },
	})
	h.Change(map[string]bool{"a": false})
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.checkAll(t.Context())
	}()
	<-begun
	h.Change(map[string]bool{"a": false, "b": true})
	close(end)
	<-done
	if _, fresh := h.latest(); fresh {
		t.Error("the check of other services counts")
	}
	if h.Ready() {
		t.Error("it is ready without a required service")
	}
}
