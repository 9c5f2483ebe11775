// Package demotest starts the demo services for tests.
package demotest

import (
	"testing"

	"github.com/portico-gateway/portico/demo"
)

// Start starts the services on free ports and stops them when the test ends.
func Start(t testing.TB) *demo.Demo {
	t.Helper()
	d, err := demo.Start(t.Context(), demo.FreeConfig())
	if err != nil {
		t.Fatalf("start the demo services: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("stop the demo services: %v", err)
		}
	})
	return d
}

// Token mints a token for a user, such as "u1".
func Token(t testing.TB, d *demo.Demo, userID string, scopes ...string) string {
	t.Helper()
	token, err := d.Token(userID, scopes...)
	if err != nil {
		t.Fatalf("mint a token: %v", err)
	}
	return token
}

// Fault sets the fault of a service and lifts it when the test ends.
func Fault(t testing.TB, d *demo.Demo, service string, f demo.Fault) {
	t.Helper()
	if err := d.SetFault(service, f); err != nil {
		t.Fatalf("set a fault: %v", err)
	}
	t.Cleanup(func() { _ = d.SetFault(service, demo.Fault{}) }) // it was known a moment ago
}
