package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/demo/demotest"
)

// Introspection costs points and is cached as other queries are, for those who
// may introspect.
func TestIntrospectionIsAnOperation(t *testing.T) {
	d := demotest.Start(t)
	g := startWith(t, d, loopback+authDemo(d)+"cache: {size: 16MiB}\nfrontend: {introspection: true, introspectionScope: \"schema:read\", rateLimit: {authenticated: {capacity: 5000, refill: 0.001}}}\n")
	may := "Bearer " + demotest.Token(t, d, "u1", "schema:read")
	ask := func(token string, roots int) *answer {
		t.Helper()
		var b strings.Builder
		for i := range roots {
			fmt.Fprintf(&b, "s%d: __schema { types { name } } ", i)
		}
		body := fmt.Sprintf(`{"query": "{ %s}", "extensions": {"cache": true, "cost": true}}`, b.String())
		return g.do(t, http.MethodPost, "/graphql/web", map[string]string{"Content-Type": "application/json", "Authorization": token}, strings.NewReader(body))
	}
	for i, status := range []string{"miss", "hit", "hit"} {
		if a := ask(may, 1); !strings.Contains(string(a.body), `"status":"`+status+`"`) || !strings.Contains(string(a.body), `"requestedQueryCost":100`) {
			t.Errorf("%d: %.300s", i, a.body)
		}
	}
	if a := ask("Bearer "+demotest.Token(t, d, "u2", "orders:read"), 1); a.code() != "INTROSPECTION_DISABLED" || a.Data != nil {
		t.Errorf("without the scope: %.300s", a.body)
	}
	if a := ask(may, 20); !strings.Contains(string(a.body), `"requestedQueryCost":2000`) {
		t.Errorf("20 roots: %.300s", a.body)
	}
	throttled := false
	for range 3 {
		throttled = throttled || ask(may, 20).code() == "THROTTLED"
	}
	if !throttled {
		t.Error("introspection is not throttled")
	}
}
