package importer_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/portico-gateway/portico/internal/importer"
)

// project makes a project without a schema of its own.
func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "schema/web/web.graphqls"), "# nothing yet\n")
	return dir
}

// startGRPC serves a health service, with reflection if it is asked for, and returns its address.
func startGRPC(t *testing.T, reflects bool) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	if reflects {
		reflection.Register(server)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func TestProtosOfAServer(t *testing.T) {
	dir := project(t)
	draft, err := importer.Proto(t.Context(), []string{"grpc://" + startGRPC(t, true)}, importer.Options{Dir: dir, Service: "health"})
	if err != nil {
		t.Fatal(err)
	}
	sdl := string(draft.Files[0].Content)
	for _, text := range []string{`method: "grpc.health.v1.Health/Check"`, `method: "grpc.health.v1.Health/Watch"`, "enum HealthCheckResponseServingStatus {"} {
		if !strings.Contains(sdl, text) {
			t.Errorf("%s is not in\n%s", text, sdl)
		}
	}
	if len(draft.Files) != 2 || draft.Files[1].Path != "clients/proto/grpc/health/v1/health.proto" {
		t.Errorf("the files are %v", draft.Files)
	}
	// What the server tells is a proto as any other: it is read again, and merged with itself.
	changes, err := draft.Changes(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := importer.Write(dir, changes); err != nil {
		t.Fatal(err)
	}
	again, err := importer.Proto(t.Context(), []string{"grpc://" + startGRPC(t, true)}, importer.Options{Dir: dir, Service: "health"})
	if err != nil {
		t.Fatal(err)
	}
	if changes, err := again.Changes(dir); err != nil || !again.Again || len(changes) != 0 && strings.Count(string(changes[0].Content), "\n") != strings.Count(string(changes[0].Old), "\n") {
		t.Errorf("%v; another import changes %v", err, changes)
	}
}

func TestServersThatDoNotTellTheirProtos(t *testing.T) {
	for name, address := range map[string]string{"without reflection": startGRPC(t, false), "not there": "127.0.0.1:1"} {
		t.Run(name, func(t *testing.T) {
			_, err := importer.Proto(t.Context(), []string{"grpc://" + address}, importer.Options{Dir: project(t), Service: "health"})
			if err == nil || !strings.Contains(err.Error(), "turn on gRPC Server Reflection in the service, or give its protos as files") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestFoldersOfProtos(t *testing.T) {
	const service = "syntax = \"proto3\";\npackage shop.v1;\nimport \"money/v1/money.proto\";\nservice Shop { rpc GetPrice(PriceRequest) returns (money.v1.Money); }\nmessage PriceRequest { string id = 1; }\n"
	const money = "syntax = \"proto3\";\npackage money.v1;\nmessage Money { string currency = 1; int64 units = 2; }\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string // of the error; "" for none
	}{
		"a folder":         {map[string]string{"shop/v1/shop.proto": service, "money/v1/money.proto": money}, ""},
		"a module of buf":  {map[string]string{"buf.yaml": "version: v1\n", "shop/v1/shop.proto": service, "money/v1/money.proto": money}, ""},
		"a workspace":      {map[string]string{"buf.yaml": "version: v2\nmodules:\n  - path: a\n  - path: b\n", "a/shop/v1/shop.proto": service, "b/money/v1/money.proto": money}, ""},
		"a missing module": {map[string]string{"buf.yaml": "version: v1\ndeps: [buf.build/acme/money]\n", "shop/v1/shop.proto": service}, "buf export"},
		"no service":       {map[string]string{"money/v1/money.proto": money}, "no proto in the folder has a service"},
		"elsewhere":        {map[string]string{"buf.yaml": "version: v2\nmodules:\n  - path: ../..\n"}, "the module ../.. is not below the folder"},
		"no YAML":          {map[string]string{"buf.yaml": "a: ["}, "buf.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			from := t.TempDir()
			for file, text := range c.files {
				write(t, filepath.Join(from, filepath.FromSlash(file)), text)
			}
			draft, err := importer.Proto(t.Context(), []string{from}, importer.Options{Dir: project(t), Service: "shop"})
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(draft.Files[0].Content), "price(id: ID): Money") || len(draft.Files) != 3 {
				t.Errorf("the draft is\n%s\nand there are %d files", draft.Files[0].Content, len(draft.Files))
			}
		})
	}
}
