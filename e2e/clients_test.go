package e2e_test

import (
	"os/exec"
	"testing"
)

// The JavaScript clients that frontends use get along with the gateway:
// graphql-ws, graphql-sse, and the audits of the GraphQL over HTTP
// specification that graphql-http has.
func TestJavaScriptClients(t *testing.T) {
	g := start(t)
	for _, script := range []string{"websocket.mjs", "events.mjs", "audit.mjs"} {
		t.Run(script, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "node", script, g.url+"/graphql/web")
			cmd.Dir = "clients"
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v (make test installs what it needs)\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
