package directive_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/portico-gateway/portico/gateway/directive"
)

func TestParseText(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"/users":                             `"/users"`,
		"{a} $ {":                            `"{a} $ {"`,
		"{$args.id}":                         "$args.id",
		"/users/{$args.id}.json":             `"/users/" $args.id ".json"`,
		"{$args.a}{$args.b}":                 "$args.a $args.b",
		"{$this.owner.id}":                   "$this.owner.id",
		"{$request.headers.accept-language}": "$request.headers.accept-language",
		"{$config.region}-1":                 `$config.region "-1"`,
		`{$batch.id->join(",")}`:             `$batch.id->","`,
		`{$batch.id->join("}")}`:             `$batch.id->"}"`,
		`{$batch.id->join("\"\t")}`:          "$batch.id->\"\\\"\\t\"",
		"ü{$page.number}":                    `"ü" $page.number`,
	} {
		parsed, err := directive.ParseText(text)
		if got := spell(parsed); err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", text, got, err, want)
		}
	}
}

// spell writes the parts of a text, each for itself.
func spell(text directive.Text) string {
	var parts []string
	for _, part := range text {
		switch {
		case part.Var == nil:
			parts = append(parts, strconv.Quote(part.Literal))
		case part.Var.Joined:
			parts = append(parts, part.Var.String()+"->"+strconv.Quote(part.Var.Separator))
		default:
			parts = append(parts, part.Var.String())
		}
	}
	return strings.Join(parts, " ")
}

func TestMistakesInTexts(t *testing.T) {
	for text, offset := range map[string]int{
		"{$":                          0,
		"ab{$args.id":                 2,
		"{$args.a}{$arg.b}":           9,
		"{$args}":                     0,
		"{$args.}":                    0,
		"{$args.1}":                   0,
		"{$args.a b}":                 0,
		"{$request.headers.a.b}":      0,
		"{$config.a.b}":               0,
		"{$args.a->first()}":          0,
		`{$args.a->join(,)}`:          0,
		`{$args.a->join(",")`:         0,
		`{$args.a->join("` + "\n\")}": 0,
		`x{$args.a->join("\z")}`:      1,
	} {
		_, err := directive.ParseText(text)
		mistake, ok := errors.AsType[*directive.TextError](err)
		if !ok || mistake.Offset != offset || mistake.Message == "" {
			t.Errorf("%q: %v, want a mistake at %d", text, err, offset)
		}
	}
}

func FuzzParseText(f *testing.F) {
	for _, seed := range []string{
		"", "a", "{", "{$", "{$}", "}", "{{$args.a}}", "/users/{$args.id}.json", `{$batch.id->join(",")}`, `{$batch.id->join("{$}")}x`,
		`{$args.a->join("\"")}`, "{$args.a.b.c}{$this.x}", "{$request.headers.x-y}", "\xff{$args.a}\xff", "{$args.a->join(\"\\", "{$ARGS.a}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := directive.ParseText(text)
		if err != nil {
			mistake, ok := errors.AsType[*directive.TextError](err)
			if !ok || mistake.Offset < 0 || !strings.HasPrefix(text[mistake.Offset:], "{$") {
				t.Errorf("%q: %v is not at a variable", text, err)
			}
			return
		}
		if !strings.Contains(text, "{$") && text != "" && (len(parsed) != 1 || parsed[0].Var != nil) {
			t.Errorf("%q has no variable, but is %s", text, spell(parsed))
		}
		again := assemble(parsed)
		if !strings.Contains(text, "->") && again != text {
			t.Errorf("%q became %q", text, again)
		}
		// A separator has several spellings, so that text is compared by its parts.
		if reparsed, err := directive.ParseText(again); err != nil || spell(reparsed) != spell(parsed) {
			t.Errorf("%q: %s became %s, %v", text, spell(parsed), spell(reparsed), err)
		}
		checkParts(t, text, parsed)
	})
}

// assemble writes a text as it is written in a schema.
func assemble(text directive.Text) string {
	var b strings.Builder
	for _, part := range text {
		if part.Var == nil {
			b.WriteString(part.Literal)
			continue
		}
		b.WriteString("{" + part.Var.String())
		if part.Var.Joined {
			b.WriteString("->join(" + strconv.Quote(part.Var.Separator) + ")")
		}
		b.WriteString("}")
	}
	return b.String()
}

// checkParts checks what holds for every text: literals are not empty, have no
// variables and are never adjacent; variables have names.
func checkParts(t *testing.T, text string, parsed directive.Text) {
	t.Helper()
	for i, part := range parsed {
		switch {
		case part.Var != nil:
			if len(part.Var.Path) == 0 || part.Literal != "" {
				t.Errorf("%q: the variable %+v", text, part)
			}
		case part.Literal == "" || strings.Contains(part.Literal, "{$"), i > 0 && parsed[i-1].Var == nil:
			t.Errorf("%q: the literal %q is no part", text, part.Literal)
		}
	}
	if got := len(parsed.Vars()); (parsed.Alone() != nil) != (got == 1 && len(parsed) == 1) {
		t.Errorf("%q: Alone is %v of %d variables", text, parsed.Alone(), got)
	}
}
