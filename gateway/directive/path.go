package directive

import (
	"fmt"
	"regexp"
	"strings"
)

// Path is the path of a value within an object: the names of fields. It is
// empty for the object itself. In XML, the last name may be an attribute:
// "@id".
type Path []string

// String returns the path as it is written.
func (p Path) String() string {
	if len(p) == 0 {
		return "$"
	}
	return strings.Join(p, ".")
}

// ParsePath parses names with dots between them, or "$" for the object itself.
func ParsePath(text string) (Path, error) {
	if text == "$" {
		return Path{}, nil
	}
	names := strings.Split(text, ".")
	for i, name := range names {
		if name == "" || name == "@" || name == "-" {
			return nil, fmt.Errorf("the path %q has an empty or invalid name", text)
		}
		if strings.ContainsAny(name, "{}$,'\"`\\ \t\r\n") {
			return nil, fmt.Errorf("the name %q of the path %q has an invalid character", name, text)
		}
		if name[0] == '@' && i < len(names)-1 {
			return nil, fmt.Errorf("the attribute %s must be at the end of the path %q", name, text)
		}
	}
	return names, nil
}

// argumentSyntax matches the name of an argument, or a path into an input
// object.
var argumentSyntax = regexp.MustCompile(`^[_A-Za-z]\w*(\.[_A-Za-z]\w*)*$`)

// argumentPath parses "first" or "input.first": the path from a field's
// arguments to a value in one. It returns false if text is not such a path.
func argumentPath(text string) (Path, bool) {
	if !argumentSyntax.MatchString(text) {
		return nil, false
	}
	return strings.Split(text, "."), true
}
