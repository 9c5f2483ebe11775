package directive

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Text is a text with variables in it: "/users/{$args.id}", "product-{$this.id}".
type Text []Part

// Part is a part of a text: either a literal or a variable.
type Part struct {
	Literal string
	Var     *Var // nil for a literal
}

// Alone returns the variable that is the whole text, or nil.
func (t Text) Alone() *Var {
	if len(t) == 1 {
		return t[0].Var
	}
	return nil
}

// Vars returns the variables of the text.
func (t Text) Vars() []*Var {
	var vars []*Var
	for _, part := range t {
		if part.Var != nil {
			vars = append(vars, part.Var)
		}
	}
	return vars
}

// Uses reports whether a variable of the text has this root.
func (t Text) Uses(root Root) bool {
	return slices.ContainsFunc(t, func(p Part) bool { return p.Var != nil && p.Var.Root == root })
}

// literals returns the text without its variables.
func (t Text) literals() string {
	var b strings.Builder
	for _, part := range t {
		b.WriteString(part.Literal)
	}
	return b.String()
}

// Root is the kind of value that a variable begins with.
type Root string

// The roots.
const (
	Args    Root = "args"            // an argument of the field
	This    Root = "this"            // a field of the parent
	Batch   Root = "batch"           // the same field of all parents
	Headers Root = "request.headers" // a header of the caller's request
	Config  Root = "config"          // a value of the service's config
	Paging  Root = "page"            // a value that the gateway computes from first and after
)

// Var is a variable of a text.
type Var struct {
	Root Root
	// Path has the names after the root: fields, or the name of a header.
	Path []string
	// Joined reports whether the items of a list become one text, with
	// Separator between them.
	Joined    bool
	Separator string
	// Number reports whether a text is sent as a number.
	Number bool
	// Pos is the position of the variable. [ParseText] does not set it.
	Pos *ast.Position
}

// String returns the variable without its braces.
func (v *Var) String() string { return "$" + string(v.Root) + "." + strings.Join(v.Path, ".") }

// variableSyntax matches the root, the path and, in quotes, the separator.
var variableSyntax = regexp.MustCompile(`^\$(args|this|batch|request\.headers|config|page)` +
	`\.([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)` +
	`(?:->join\(("(?:[^"\\]|\\.)*")\)|->(number))?$`)

// TextError is a mistake in a text.
type TextError struct {
	// Offset is the position of the mistake, in bytes from the start of the
	// text.
	Offset  int
	Message string
}

// Error returns the message.
func (e *TextError) Error() string { return e.Message }

// ParseText parses a text. Only "{$" begins a variable; all other braces are
// literal. Its error is a *[TextError].
func ParseText(text string) (Text, error) {
	var parts Text
	for rest := text; rest != ""; {
		start := strings.Index(rest, "{$")
		if start < 0 {
			return append(parts, Part{Literal: rest}), nil
		}
		if start > 0 {
			parts = append(parts, Part{Literal: rest[:start]})
		}
		offset := len(text) - len(rest) + start
		end := closing(rest[start:])
		if end < 0 {
			return nil, &TextError{offset, "the variable that begins here has no closing brace"}
		}
		v, err := parseVar(rest[start+1 : start+end])
		if err != nil {
			return nil, &TextError{offset, err.Error()}
		}
		parts = append(parts, Part{Var: v})
		rest = rest[start+end+1:]
	}
	return parts, nil
}

// closing returns the offset of the brace that ends the variable at the start
// of text: the first one outside of quotes. It is negative if there is none.
func closing(text string) int {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '}' && !quoted:
			return i
		}
	}
	return -1
}

func parseVar(text string) (*Var, error) {
	m := variableSyntax.FindStringSubmatch(text)
	if m == nil {
		return nil, fmt.Errorf("{%s} is not a variable: "+
			"the variables are $args.x, $this.x, $batch.x, $request.headers.x, $config.x and $page.x, each also with ->join(\",\") or ->number", text)
	}
	v := &Var{Root: Root(m[1]), Path: strings.Split(m[2], ".")}
	if m[3] != "" {
		separator, err := strconv.Unquote(m[3])
		if err != nil {
			return nil, fmt.Errorf("%s is not a valid string", m[3])
		}
		v.Joined, v.Separator = true, separator
	}
	v.Number = m[4] != ""
	if (v.Root == Headers || v.Root == Config) && len(v.Path) != 1 {
		return nil, fmt.Errorf("%s has too many names", v)
	}
	return v, nil
}
