package e2e_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/portico-gateway/portico/demo/demotest"
)

// fails runs a command that must fail, and returns all that it prints.
func fails(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatalf("%s %q succeeded:\n%s", name, args, out)
	}
	return string(out)
}

// blog is a service that this repository does not know.
type blog struct {
	mu    sync.Mutex
	calls []string
}

func (b *blog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.calls = append(b.calls, r.URL.String())
	b.mu.Unlock()
	type row = map[string]any
	var answer any
	switch r.URL.Path {
	case "/posts":
		answer = []row{{"id": 1, "title": "One", "userId": 1}, {"id": 2, "title": "Two", "userId": 2}, {"id": 3, "title": "Three", "userId": 1}}
	case "/users":
		list := []row{}
		for _, id := range r.URL.Query()["id"] { // in another order
			list = slices.Insert(list, 0, row{"id": json.Number(id), "name": "User " + id})
		}
		answer = list
	case "/comments":
		list := []row{}
		for _, id := range r.URL.Query()["postId"] {
			list = append(list, row{"id": "c" + id, "body": "About " + id, "postId": json.Number(id)})
		}
		answer = list
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

const blogAnswer = `{"posts":[{"title":"One","user":{"name":"User 1"},"comments":[{"body":"About 1"}]},{"title":"Two","user":{"name":"User 2"},"comments":[{"body":"About 2"}]},{"title":"Three","user":{"name":"User 1"},"comments":[{"body":"About 3"}]}]}`

// The guide's way to add a REST service, with its SDL: no Go is written, and
// the query makes three calls.
func TestAddService(t *testing.T) {
	service := &blog{}
	server := httptest.NewServer(service)
	defer server.Close()
	d := demotest.Start(t)
	g := startExtended(t, d, loopback+authDemo(d), map[string]string{"blog": server.URL})
	a := g.query(t, "blog", `{ posts { title user { name } comments { body } } }`, nil)
	if string(a.Data) != blogAnswer {
		t.Errorf("got %s", a.body)
	}
	service.mu.Lock()
	defer service.mu.Unlock()
	slices.Sort(service.calls)
	service.calls = slices.DeleteFunc(service.calls, func(call string) bool { return call == "/healthz" }) // of the gateway's readiness
	if got := strings.Join(service.calls, " "); got != "/comments?postId=1&postId=2&postId=3 /posts /users?id=1&id=2" {
		t.Errorf("calls: %s", got)
	}
	_, _, published := get(t, g.url+"/graphql/blog/schema.graphql")
	for _, secret := range []string{"@rest", "userId", "@inaccessible", "@source", "Binding"} {
		if strings.Contains(published, secret) {
			t.Errorf("the published schema has %s", secret)
		}
	}
}

// A gRPC service is added by its proto and SDL alone.
func TestAddGRPCService(t *testing.T) {
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "greeter.v1.Greeter", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{
		MethodName: "Greet",
		Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			name := &wrapperspb.StringValue{}
			if err := decode(name); err != nil {
				return nil, err
			}
			return proto.Message(wrapperspb.String("Hello, " + name.GetValue() + "!")), nil
		},
	}}}, nil)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	d := demotest.Start(t)
	g := startExtended(t, d, loopback+authDemo(d), map[string]string{"greeter": "grpc://" + listener.Addr().String()})
	if a := g.query(t, "blog", `{ greeting(name: "Ada") }`, nil); string(a.Data) != `{"greeting":"Hello, Ada!"}` {
		t.Errorf("got %s", a.body)
	}
}
