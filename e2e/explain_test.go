package e2e_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What docs/explain.md shows is what its commands print, but for the times, the bars, and the order of
// calls that are made at the same time.
func TestExplain(t *testing.T) {
	g := start(t)
	text, err := os.ReadFile("../docs/explain.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\ngo run ./cmd/portico (explain [^\n]*)\n```\n\n```text\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d commands are shown, want 2", len(blocks))
	}
	varies := regexp.MustCompile(`cache \w+|[0-9.]+ ms|█+|[ \t]+`)
	lines := func(text string) []string {
		list := strings.Split(strings.TrimSpace(varies.ReplaceAllString(text, " ")), "\n")
		for i, line := range list {
			list[i] = strings.Join(strings.Fields(line), " ")
		}
		slices.Sort(list)
		return list
	}
	for _, block := range blocks {
		command := strings.ReplaceAll(block[1], "http://127.0.0.1:8080", g.url)
		cmd := exec.CommandContext(t.Context(), "sh", "-c", portico+" "+command)
		cmd.Dir = ".."
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		if got, want := lines(string(out)), lines(block[2]); !slices.Equal(got, want) {
			t.Errorf("%s\ngot\n%s\nwant\n%s", command, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	for name, args := range map[string][]string{
		"1: error: UNAUTHENTICATED me: This needs a token.": {"explain", "../operations/web/Me.graphql", "--run", g.url},
		"1: there is no frontend \"tv\"":                    {"explain", "-C", "..", "../operations/web/Me.graphql", "--frontend", "tv"},
		"2: explain takes 1 argument at most":               {"explain", "a.graphql", "b.graphql"},
		"2: they must be a JSON object":                     {"explain", "a.graphql", "--variables", "1"},
		"1: a.graphql: no such file":                        {"explain", "a.graphql"},
	} {
		code, want, _ := strings.Cut(name, ": ")
		cmd := exec.CommandContext(t.Context(), portico, args...)
		out, _ := cmd.CombinedOutput()
		if strconv.Itoa(cmd.ProcessState.ExitCode()) != code || !strings.Contains(string(out), want) {
			t.Errorf("%v: %v, %s; want %s", args, cmd.ProcessState, out, name)
		}
	}
}
