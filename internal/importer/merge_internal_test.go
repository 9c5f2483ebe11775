package importer

import (
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	const base = "type A {\n  a: Int\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n"
	for name, test := range map[string]struct {
		ours, theirs, want string
		conflicts          int
	}{
		"nothing":             {base, base, base, 0},
		"only the document":   {base, "type A {\n  a: Int!\n  b: Int\n}\n", "type A {\n  a: Int!\n  b: Int\n}\n", 0},
		"only by hand":        {"type A {\n  b: Int\n}\n", base, "type A {\n  b: Int\n}\n", 0},
		"different places":    {"type A {\n  a: Int @x\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", "type A {\n  a: Int\n  b: Int\n}\n\ntype B {\n  c: Int!\n}\n", "type A {\n  a: Int @x\n  b: Int\n}\n\ntype B {\n  c: Int!\n}\n", 0},
		"the same line":       {"type A {\n  a: ID\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", "type A {\n  a: String\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", "type A {\n  a: ID\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", 1},
		"the same change":     {"type A {\n  a: ID\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", "type A {\n  a: ID\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", "type A {\n  a: ID\n  b: Int\n}\n\ntype B {\n  c: Int\n}\n", 0},
		"both add at one end": {base + "\ntype C {\n  d: Int\n}\n", base + "\ntype D {\n  e: Int\n}\n", base + "\ntype C {\n  d: Int\n}\n\ntype D {\n  e: Int\n}\n", 0},
		"removed by hand":     {"type A {\n  a: Int\n  b: Int\n}\n", "type A {\n  a: Int\n  b: Int\n}\n\ntype B {\n  c: Int!\n}\n", "type A {\n  a: Int\n  b: Int\n}\n", 1},
		"empty":               {"", base, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, conflicts := merge([]byte(base), []byte(test.ours), []byte(test.theirs), true)
			if string(got) != test.want || len(conflicts) != test.conflicts {
				t.Errorf("got %d conflicts and\n%s\nwant %d and\n%s", len(conflicts), got, test.conflicts, test.want)
			}
		})
	}
}

// FuzzMerge merges texts of which one has not changed: the other one is the result.
func FuzzMerge(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nx\nc\n")
	f.Add("", "a\n")
	f.Add("a\na\nb\na\n", "a\nb\nb\na\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		lined := func(s string) string {
			return strings.Join(splitLines([]byte(s)), "")
		}
		if got, conflicts := merge([]byte(a), []byte(b), []byte(a), true); string(got) != lined(b) || len(conflicts) > 0 {
			t.Errorf("a change by hand became %q, want %q", got, lined(b))
		}
		if got, conflicts := merge([]byte(a), []byte(a), []byte(b), true); string(got) != lined(b) || len(conflicts) > 0 {
			t.Errorf("a change of the document became %q, want %q", got, lined(b))
		}
		if got, _ := merge([]byte(a), []byte(b), []byte(b), true); string(got) != lined(b) {
			t.Errorf("the same change became %q, want %q", got, lined(b))
		}
	})
}
