package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/portico-gateway/portico/bench/internal/load"
	"github.com/portico-gateway/portico/internal/bindgen"
)

//go:embed project
var project embed.FS

const self = "github.com/portico-gateway/portico"

// files are the project's files, and where they are in it.
func files() map[string]string {
	return map[string]string{
		"gqlgen.yml":      "gqlgen.yml",
		"schema.graphqls": "schema/web/blog.graphqls",
		"main.go.txt":     "cmd/gateway/main.go",
	}
}

// build generates the project in a folder and returns its binary. The project uses
// this repository, of which root is the folder.
func build(ctx context.Context, root, dir string) (string, error) {
	for from, to := range files() {
		text, err := project.ReadFile("project/" + from)
		if err != nil {
			return "", err
		}
		if err := write(filepath.Join(dir, to), text); err != nil {
			return "", err
		}
	}
	if err := writeModule(root, dir); err != nil {
		return "", err
	}
	if err := bindgen.Generate(ctx, dir, nil); err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "gateway")
	command := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/gateway")
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}

func write(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

// writeModule writes a go.mod that requires what this repository requires.
func writeModule(root, dir string) error {
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	text := regexp.MustCompile(`(?m)^module .*$`).ReplaceAllString(string(mod), "module example.com/blog")
	text += "\nrequire " + self + " v0.0.0\n\nreplace " + self + " => " + root + "\n"
	return errors.Join(write(filepath.Join(dir, "go.mod"), []byte(text)), write(filepath.Join(dir, "go.sum"), sum))
}

// programs are processes that are under way.
type programs struct {
	ctx    context.Context //nolint:containedctx // it ends all of them
	cancel context.CancelFunc
	dir    string // of the project
	binary string
	ended  []<-chan error
}

// newPrograms builds the gateway. Close ends all programs.
func newPrograms(ctx context.Context, root, dir string) (*programs, error) {
	binary, err := build(ctx, root, dir)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	return &programs{ctx: ctx, cancel: cancel, dir: dir, binary: binary}, nil
}

func (p *programs) close() {
	p.cancel()
	for _, ended := range p.ended {
		for range ended { // the error is that it was ended
			continue
		}
	}
}

// settings are those of a gateway.
type settings struct {
	blog     string // the service's URL
	coalesce bool
	cached   bool
}

// gateway starts a gateway, and returns its target and the URL of its count of
// allocations.
func (p *programs) gateway(s settings) (target, string, error) {
	listen, allocations := load.Free(), load.Free()
	size, age := "0", "0s"
	if s.cached {
		size, age = "64MiB", "1h"
	}
	text, err := project.ReadFile("project/portico.yaml")
	if err != nil {
		return target{}, "", err
	}
	values := strings.NewReplacer("LISTEN", listen, "BLOG", s.blog, "SIZE", size, "COALESCE", strconv.FormatBool(s.coalesce), "AGE", age)
	file := filepath.Join(p.dir, fmt.Sprintf("portico%d.yaml", len(p.ended)))
	if err := write(file, []byte(values.Replace(string(text)))); err != nil {
		return target{}, "", err
	}
	command := exec.CommandContext(p.ctx, p.binary, file, allocations)
	return target{listen, "/graphql/web"}, "http://" + allocations + "/allocations", p.start(command, listen)
}

// other starts another program, which this one is, too: see serve.
func (p *programs) other(input []byte, arguments ...string) (string, error) {
	listen := load.Free()
	executable, err := os.Executable()
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(p.ctx, executable, append([]string{listen}, arguments...)...)
	command.Env = append(os.Environ(), asServer+"=1")
	command.Stdin = bytes.NewReader(input)
	return listen, p.start(command, listen)
}

func (p *programs) start(command *exec.Cmd, address string) error {
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Cancel = func() error { return command.Process.Kill() }
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		ended <- command.Wait()
		close(ended)
	}()
	p.ended = append(p.ended, ended)
	return load.Await(address, ended)
}

// asServer is the variable of the environment that makes this program a server.
const asServer = "PEERS_SERVER"

// serve serves one of the other programs: address, "service" with a delay,
// "handler" with the service's URL and whether it coalesces, or "canned", with the
// answer as JSON in its input.
func serve(arguments []string) error {
	address, kind, arguments := arguments[0], arguments[1], arguments[2:]
	var h http.Handler
	switch kind {
	case "service":
		delay, err := time.ParseDuration(arguments[0])
		if err != nil {
			return err
		}
		h = blog(delay)
	case "handler":
		h = newHandler(arguments[0], arguments[1] == "coalesce")
	case "canned":
		c := &cannedAnswer{}
		if err := json.NewDecoder(os.Stdin).Decode(c); err != nil {
			return err
		}
		h = c
	default:
		return fmt.Errorf("there is no program %q", kind)
	}
	return (&http.Server{Addr: address, Handler: h, ReadHeaderTimeout: time.Minute}).ListenAndServe()
}

// allocations returns the number of allocations of a request, including the calls
// that it makes. counter is the URL of the gateway's count.
func allocations(ctx context.Context, gateway target, counter, format string) (float64, error) {
	const number = 500
	var requests distinct
	if _, err := gateway.latency(format, number, &requests); err != nil { // pools and connections
		return 0, err
	}
	before, err := counted(ctx, counter)
	if err != nil {
		return 0, err
	}
	if _, err := gateway.latency(format, number, &requests); err != nil {
		return 0, err
	}
	after, err := counted(ctx, counter)
	return (after - before) / number, err
}

func counted(ctx context.Context, counter string) (float64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, counter, nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
}
