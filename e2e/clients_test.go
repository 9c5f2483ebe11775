package e2e_test

import (
	"os/exec"
	"testing"
)

// The JavaScript clients that frontends use get along with the gateway:
// graphql-ws, graphql-sse, and the audits of the GraphQL over HTTP
// specification that graphql-http has. Tools can introspect every frontend.
func TestJavaScriptClients(t *testing.T) {
	g := start(t)
	for _, c := range [][2]string{{"websocket.mjs", "web"}, {"events.mjs", "web"}, {"audit.mjs", "web"}, {"introspection.mjs", "web"}, {"introspection.mjs", "mobile"}} {
		script, frontend := c[0], c[1]
		t.Run(script+" "+frontend, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "node", script, g.url+"/graphql/"+frontend)
			cmd.Dir = "clients"
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v (make test installs what it needs)\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
