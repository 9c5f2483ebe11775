package binding

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Text is a text with variables in it: "/users/{$args.id}".
type Text []Part

// Part is a part of a text: either words as they are, or a variable.
type Part struct {
	Literal string
	Var     *Var // nil for a literal
}

// Alone is the variable that is the whole text, or nil.
func (t Text) Alone() *Var {
	if len(t) == 1 {
		return t[0].Var
	}
	return nil
}

// Vars are the variables of the text.
func (t Text) Vars() []*Var {
	var vars []*Var
	for _, part := range t {
		if part.Var != nil {
			vars = append(vars, part.Var)
		}
	}
	return vars
}

// Root is where a variable begins.
type Root string

// The roots.
const (
	Args    Root = "args"            // an argument of the field
	This    Root = "this"            // a field of the parent
	Batch   Root = "batch"           // the same field of all parents
	Headers Root = "request.headers" // a header of the caller's request
	Config  Root = "config"          // a value of the service's config
	Paging  Root = "page"            // what the gateway computes of first and after
)

// Var is a variable of a text.
type Var struct {
	Root Root
	// Path has the names after the root; for a header, its name.
	Path []string
	// Joined tells that the items of a list become one text, with Separator
	// between them.
	Joined    bool
	Separator string
	Pos       *ast.Position
}

// String is the variable without its braces.
func (v *Var) String() string { return "$" + string(v.Root) + "." + strings.Join(v.Path, ".") }

var variableSyntax = regexp.MustCompile(`^\$(args|this|batch|request\.headers|config|page)\.([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)(?:->join\(("(?:[^"\\]|\\.)*")\))?$`)

// TextError is a mistake in a text.
type TextError struct {
	// Offset is where it is, in bytes from the start of the text.
	Offset  int
	Message string
}

// Error is the message.
func (e *TextError) Error() string { return e.Message }

// ParseText parses a text. Only "{$" begins a variable; other braces are what
// they are. Its error is a *[TextError].
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

// closing finds the brace that ends the variable that text begins with: the
// first one outside of quotes. It is negative when there is none.
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
		return nil, fmt.Errorf("{%s} is no variable: there are $args.x, $this.x, $batch.x, $request.headers.x, $config.x and $page.x, each also with ->join(\",\")", text)
	}
	v := &Var{Root: Root(m[1]), Path: strings.Split(m[2], ".")}
	if m[3] != "" {
		separator, err := strconv.Unquote(m[3])
		if err != nil {
			return nil, fmt.Errorf("%s is no text", m[3])
		}
		v.Joined, v.Separator = true, separator
	}
	if (v.Root == Headers || v.Root == Config) && len(v.Path) != 1 {
		return nil, fmt.Errorf("%s has too many names", v)
	}
	return v, nil
}

// Path leads to a value within an object: the names of its fields. It is empty
// for the object itself. In XML the last may be an attribute: "@id".
type Path []string

// String is the path as it is written.
func (p Path) String() string {
	if len(p) == 0 {
		return "$"
	}
	return strings.Join(p, ".")
}

// ParsePath parses a path.
func ParsePath(text string) (Path, error) {
	if text == "$" {
		return Path{}, nil
	}
	names := strings.Split(text, ".")
	for i, name := range names {
		if name == "" || name == "@" || name == "-" {
			return nil, fmt.Errorf("the path %q has a name that is none", text)
		}
		if strings.ContainsAny(name, "{}$,'\"`\\ \t\r\n") {
			return nil, fmt.Errorf("the name %q of the path %q has a character that no name has", name, text)
		}
		if name[0] == '@' && i < len(names)-1 {
			return nil, fmt.Errorf("the attribute %s must be at the end of the path %q", name, text)
		}
	}
	return names, nil
}
