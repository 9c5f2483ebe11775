package health

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
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

// A gateway is ready when nothing is missing, until it stops.
func TestReady(t *testing.T) {
	missing := "waiting for keys"
	h := New(Config{Missing: func() string { return missing }, Configuration: func() any { return nil }})
	answer := func() string {
		w := httptest.NewRecorder()
		h.ServeReady(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return fmt.Sprint(w.Code, " ", w.Body)
	}
	if got := answer(); !strings.HasPrefix(got, "503") || !strings.Contains(got, missing) || h.Ready() {
		t.Errorf("without keys: %s", got)
	}
	if missing = ""; !strings.HasPrefix(answer(), "200") || !h.Ready() {
		t.Error("with keys:", answer())
	}
	if h.Stop(); !strings.HasPrefix(answer(), "503") || h.Ready() {
		t.Error("when it stops:", answer())
	}
}
