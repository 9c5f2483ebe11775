package upstream

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// A service with TLS is spoken to in HTTP/2: all calls share a connection.
func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`"` + r.Proto + `"`))
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := newHTTP(Config{Name: "shop"}.withDefaults(), u)
	defer c.transport.CloseIdleConnections()
	if _, err := GetJSON[string](t.Context(), c, Request{}); err == nil {
		t.Error("a certificate that nobody knows was taken")
	}
	c = newHTTP(Config{Name: "shop"}.withDefaults(), u)
	defer c.transport.CloseIdleConnections()
	trusting, _ := server.Client().Transport.(*http.Transport)
	c.transport.TLSClientConfig = trusting.TLSClientConfig.Clone()
	c.transport.TLSClientConfig.NextProtos = nil
	if got, err := GetJSON[string](t.Context(), c, Request{}); err != nil || got != "HTTP/2.0" {
		t.Errorf("got %s, %v", got, err)
	}
}
