package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func runCLI(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, failed strings.Builder
	code = exitCode(run(t.Context(), args, &out), &failed)
	return out.String(), failed.String(), code
}

func TestWrongUse(t *testing.T) {
	for line, want := range map[string]string{
		"diff main --foo":              "unknown flag: --foo; see portico diff --help",
		"--foo":                        "unknown flag: --foo; see portico --help",
		"chek":                         `unknown command "chek" for "portico"; did you mean check?; see portico --help`,
		"chek -C dir":                  `unknown command "chek" for "portico"; did you mean check?; see portico --help`,
		"help chek":                    `unknown command "chek" for "portico"; did you mean check?; see portico --help`,
		"generate x":                   `generate takes no arguments, but got ["x"]; see portico generate --help`,
		"explain":                      "explain needs an argument: portico explain FILE [flags]; see portico explain --help",
		"diff a b c":                   "diff takes 2 arguments at most, but got 3: a, b, c; see portico diff --help",
		"import openapi shop.yaml":     `required flag(s) "service" not set; see portico import openapi --help`,
		"check --max-calls many":       `invalid argument "many" for "--max-calls" flag: strconv.ParseInt: parsing "many": invalid syntax; see portico check --help`,
		"diff main --fail-on all":      `invalid argument "all" for "--fail-on" flag: write breaking or dangerous; see portico diff --help`,
		"usage a.jsonl --since -C dir": `invalid argument "-C" for "--since" flag: "-C" is not a day, as in 2026-11-27; see portico usage --help`,
	} {
		stdout, stderr, code := runCLI(t, strings.Fields(line)...)
		if code != 2 || stdout != "" || stderr != "portico: "+want+"\n" {
			t.Errorf("portico %s: exit %d, stdout %q, stderr\n%swant\n%s", line, code, stdout, stderr, want)
		}
	}
}

func TestHelp(t *testing.T) {
	all, _, code := runCLI(t, "help")
	if code != 0 || !strings.Contains(all, "Schema and operations:\n  diff ") {
		t.Errorf("exit %d: %s", code, all)
	}
	if got, stderr, code := runCLI(t); code != 2 || got != all || stderr != "" {
		t.Errorf("without a command: exit %d, %s: %s", code, stderr, got)
	}
	every(rootCommand(console{}), func(cmd *cobra.Command) {
		path := strings.Fields(cmd.CommandPath())[1:]
		a, _, codeA := runCLI(t, append([]string{"help"}, path...)...)
		b, stderr, codeB := runCLI(t, append(path, "--help")...)
		if a != b || a == "" || codeA != 0 || codeB != 0 || stderr != "" {
			t.Errorf("%s: exit %d and %d, %s", path, codeA, codeB, stderr)
		}
		if cmd.Example == "" {
			t.Errorf("%s has no examples", path)
		}
	})
}

func TestVersion(t *testing.T) {
	line, _, code := runCLI(t, "version")
	flag, _, _ := runCLI(t, "--version")
	if code != 0 || line != flag || !strings.HasPrefix(line, "portico (devel) go1.") {
		t.Errorf("exit %d: %q, --version %q", code, line, flag)
	}
	text, _, _ := runCLI(t, "version", "--json")
	if got := (version{}); json.Unmarshal([]byte(text), &got) != nil || got.Version != "(devel)" {
		t.Errorf("got %s", text)
	}
}

func TestCompletion(t *testing.T) {
	script, _, code := runCLI(t, "completion", "bash")
	cmd := exec.CommandContext(t.Context(), "bash", "-n")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil || code != 0 || script == "" {
		t.Errorf("exit %d, bash: %v: %s", code, err, out)
	}
	dir := filepath.Dir(configured(t, ""))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"diff", "-C", dir, "--frontend", ""}, "mobile\nweb\n:4\n"},
		{[]string{"diff", "--fail-on", ""}, "breaking\ndangerous\n:4\n"},
		{[]string{"import", "o"}, "openapi\tDraft a schema from a document of OpenAPI 3.0 or 3.1 or Swagger 2.0\n:4\n"},
	} {
		if got, _, code := runCLI(t, append([]string{"__complete"}, c.args...)...); code != 0 || got != c.want {
			t.Errorf("%v: exit %d, %q", c.args, code, got)
		}
	}
}

func TestConfigCheckJSON(t *testing.T) {
	for text, want := range map[string]string{
		"services: { catalog: { url: http://127.0.0.1:7001 } }\n": `{"mistakes":[],"services":["catalog"],"frontends":["mobile","web"],"variables":[]} 0`,
		"sever: {}\n": `{"mistakes":[{"file":"FILE","line":1,"column":1,"message":"sever: there is no such setting: did you mean server?","fix":""}],"services":[],"frontends":[],"variables":[]} 1`,
	} {
		file := configured(t, text)
		out, stderr, code := runCLI(t, "config", "check", "--json", file)
		compareJSON(t, strings.ReplaceAll(out, file, "FILE"), stderr, code, want)
	}
}

func TestCheckJSON(t *testing.T) {
	dir := documentedProject(t)
	if out, stderr, code := runCLI(t, "check", "-C", dir, "--json"); !json.Valid([]byte(out)) || !strings.Contains(out, `"mistakes": [`) {
		t.Errorf("exit %d, %s: %s", code, stderr, out)
	}
	put(t, filepath.Join(dir, "schema/web/wrong.graphqls"), "type Wrong {\n  a: Strin\n}\n")
	out, stderr, code := runCLI(t, "check", "-C", dir, "--json")
	var got struct{ Mistakes []jsonMistake }
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 || stderr != "" || len(got.Mistakes) == 0 || got.Mistakes[0].Line != 2 {
		t.Errorf("exit %d, %v, %s: %s", code, err, stderr, out)
	}
}

func compareJSON(t *testing.T, out, stderr string, code int, want string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(out), &value); err != nil || stderr != "" {
		t.Fatalf("%v, stderr %s: %s", err, stderr, out)
	}
	var wanted any
	text, wantCode, _ := strings.Cut(want, "} ")
	if err := json.Unmarshal([]byte(text+"}"), &wanted); err != nil {
		t.Fatal(err)
	}
	if a, b := indented(t, value), indented(t, wanted); a != b || strconv.Itoa(code) != wantCode {
		t.Errorf("exit %d\n%s\nwant\n%s", code, a, b)
	}
}

// every visits the project's own commands, parents first.
func every(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, c := range cmd.Commands() {
		if c.Name() != "completion" && c.Name() != "help" {
			every(c, visit)
		}
	}
}

// docs/cli.md is what --help prints.
func TestDocumentation(t *testing.T) {
	const file, mark = "../../docs/cli.md", "<!-- what follows is written by go test ./cmd/portico -run TestDocumentation -update -->\n"
	head, got, ok := strings.Cut(get(t, file), mark)
	if !ok {
		t.Fatal("the documentation has no commands")
	}
	var b strings.Builder
	every(rootCommand(console{}), func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		cmd.InitDefaultVersionFlag()
		long := cmd.Long
		if long == "" {
			long = cmd.Short + "."
		}
		fmt.Fprintf(&b, "\n## %s\n\n```text\n%s\n\n%s```\n", cmd.CommandPath(), long, cmd.UsageString())
	})
	if want := b.String(); *update {
		if err := os.WriteFile(file, []byte(head+mark+want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Error("docs/cli.md is not up to date; run go test ./cmd/portico -run TestDocumentation -update")
	}
}
