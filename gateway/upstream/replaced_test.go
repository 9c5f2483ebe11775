package upstream

import (
	"runtime"
	"testing"
	"weak"
)

// What has the endpoints of a configuration, such as a stream that lasts, does not keep the
// configurations that follow.
func TestReplacedVersionsKeepNoOthers(t *testing.T) {
	config := func(attempts int) []Config {
		return []Config{{Name: "s", URL: "http://127.0.0.1:1", Attempts: attempts}}
	}
	services, err := Open(config(1))
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	first := services.client("s").common().versions()
	change := func(attempts int) weak.Pointer[versions] {
		c, err := services.Change(config(attempts), nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Apply()
		return weak.Make(services.client("s").common().versions())
	}
	second := change(2)
	third := change(3)
	runtime.GC()
	if second.Value() != nil || third.Value() == nil {
		t.Errorf("the second: %v, the third: %v", second.Value(), third.Value())
	}
	if next := first.next.Load().versions(); next != third.Value() {
		t.Error("the first is not replaced by the third")
	}
	runtime.KeepAlive(first)
}
