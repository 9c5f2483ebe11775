package e2e_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"google.golang.org/protobuf/types/known/wrapperspb"
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
	dir := copyRepository(t)
	guide, err := os.ReadFile("../docs/bindings.md")
	if err != nil {
		t.Fatal(err)
	}
	sdl := regexp.MustCompile("(?s)```graphql\n *# schema/blog/blog.graphqls\n(.*?)```").FindSubmatch(guide)
	if sdl == nil {
		t.Fatal("the guide has no schema/blog/blog.graphqls")
	}
	write(t, filepath.Join(dir, "schema", "blog", "blog.graphqls"), string(sdl[1]))
	addService(t, dir, "blog", server.URL)
	in(t, dir, "make", "generate")
	in(t, dir, "go", "build", "-o", "bin/gateway", "./cmd/gateway")
	g := startIn(t, dir, filepath.Join(dir, "bin", "gateway"))
	a := g.query(t, "blog", `{ posts { title user { name } comments { body } } }`, nil)
	if string(a.Data) != blogAnswer {
		t.Errorf("got %s", a.body)
	}
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

func addService(t *testing.T, dir, name, url string) {
	t.Helper()
	file := filepath.Join(dir, "portico.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.TrimRight(string(text), "\n")+"\n  "+name+":\n    url: "+url+"\n")
}

const greeterProto = `syntax = "proto3";

package greeter.v1;

import "google/protobuf/wrappers.proto";

service Greeter {
  rpc Greet(google.protobuf.StringValue) returns (google.protobuf.StringValue);
}
`

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
	dir := copyRepository(t)
	write(t, filepath.Join(dir, "clients", "proto", "greeter", "v1", "greeter.proto"), greeterProto)
	write(t, filepath.Join(dir, "schema", "blog", "blog.graphqls"), `extend type Query {
  greeting(name: String!): String @grpc(service: "greeter", method: "greeter.v1.Greeter/Greet", request: { value: "{$args.name}" }, select: "value")
}
`)
	addService(t, dir, "greeter", "grpc://"+listener.Addr().String())
	in(t, dir, "make", "generate")
	in(t, dir, "go", "build", "-o", "bin/gateway", "./cmd/gateway")
	g := startIn(t, dir, filepath.Join(dir, "bin", "gateway"))
	if a := g.query(t, "blog", `{ greeting(name: "Ada") }`, nil); string(a.Data) != `{"greeting":"Hello, Ada!"}` {
		t.Errorf("got %s", a.body)
	}
}
