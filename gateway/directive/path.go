package directive

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Path is the path of a value within an object. It is empty for the object
// itself. In XML, the last step may be an attribute: "@id".
type Path []Step

// Step leads to a part of a value: the member of an object or, if Name is empty,
// an item of a list.
type Step struct {
	Name string
	Item int // from 0
}

// IsItem reports whether the step leads to an item of a list.
func (s Step) IsItem() bool { return s.Name == "" }

// String returns the step as it is written in a path.
func (s Step) String() string {
	switch {
	case s.IsItem():
		return strconv.Itoa(s.Item)
	case bareName.MatchString(s.Name) && !digits(s.Name) && s.Name != "@" && s.Name != "-":
		return s.Name
	}
	return s.quoted()
}

func (s Step) quoted() string { return "'" + s.Name + "'" }

// String returns the path as it is written.
func (p Path) String() string {
	if len(p) == 0 {
		return "$"
	}
	steps := make([]string, len(p))
	for i, s := range p {
		steps[i] = s.String()
		if i < len(p)-1 && strings.HasPrefix(s.Name, "@") {
			steps[i] = s.quoted()
		}
	}
	return strings.Join(steps, ".")
}

// Names returns the names of the members on a path, and false if it leads
// through a list.
func (p Path) Names() ([]string, bool) {
	names := make([]string, len(p))
	for i, s := range p {
		if s.IsItem() {
			return nil, false
		}
		names[i] = s.Name
	}
	return names, true
}

// PathOf returns the path of members with names.
func PathOf(names ...string) Path {
	p := make(Path, len(names))
	for i, name := range names {
		p[i] = Step{Name: name}
	}
	return p
}

// mostItem is the last item of a list that a path can lead to.
const mostItem = 999

// bareName matches a name that needs no quotes.
var bareName = regexp.MustCompile("^[^.{}$,'\"`\\\\\\s]+$")

// ParsePath parses steps with dots between them, or "$" for the object itself. A
// step is the name of a member, in single quotes if it has other characters than
// names usually have ('$ref', 'a.b') or is a number, or the number of an item of a
// list.
func ParsePath(text string) (Path, error) {
	if text == "$" {
		return Path{}, nil
	}
	var path Path
	for rest, more := text, true; more; {
		var step Step
		var err error
		if step, rest, more, err = nextStep(rest); err != nil {
			return nil, fmt.Errorf("the path %q %w", text, err)
		}
		path = append(path, step)
	}
	return path, nil
}

// ParseEntries parses a path that may end in ->entries: then what it leads to is an
// object whose members are read as a list of entries, each with a key and a value. The
// path is without ->entries.
func ParseEntries(text string) (path Path, entries bool, err error) {
	text, entries = strings.CutSuffix(text, entriesMethod)
	path, err = ParsePath(text)
	return path, entries, err
}

const entriesMethod = "->entries"

// nextStep parses the first step of a path, and returns what is after the dot
// behind it, if there is one.
func nextStep(text string) (step Step, rest string, more bool, err error) {
	if quoted, found := strings.CutPrefix(text, "'"); found {
		name, after, closed := strings.Cut(quoted, "'")
		rest, more = strings.CutPrefix(after, ".")
		switch {
		case !closed:
			return step, "", false, errors.New("has a quote that is not closed")
		case name == "":
			return step, "", false, errors.New("has an empty name")
		case after != "" && !more:
			return step, "", false, fmt.Errorf("has no dot after '%s'", name)
		}
		return Step{Name: name}, rest, more, nil
	}
	name, rest, more := strings.Cut(text, ".")
	switch {
	case strings.Contains(name, "->"):
		return step, "", false, fmt.Errorf("has %q, where only a name can be", name)
	case name == "" || name == "@" || name == "-":
		return step, "", false, errors.New("has an empty or invalid name")
	case more && name[0] == '@':
		return step, "", false, fmt.Errorf("has the attribute %s, which must be at its end", name)
	case !bareName.MatchString(name):
		return step, "", false, fmt.Errorf("has the name %q with an invalid character; write it in single quotes, such as '$ref'", name)
	case !digits(name):
		return Step{Name: name}, rest, more, nil
	}
	if len(name) > 1 && name[0] == '0' {
		return step, "", false, fmt.Errorf("has the number %[1]s: write '%[1]s' for a member of this name", name)
	}
	item, err := strconv.Atoi(name)
	if err != nil || item > mostItem {
		return step, "", false, fmt.Errorf("leads to the item %s of a list; the last one that it can lead to is %d", name, mostItem)
	}
	return Step{Item: item}, rest, more, nil
}

// digits reports whether a name is a number.
func digits(name string) bool { return strings.Trim(name, "0123456789") == "" }

// argumentSyntax matches the name of an argument, or a path into an input
// object.
var argumentSyntax = regexp.MustCompile(`^[_A-Za-z]\w*(\.[_A-Za-z]\w*)*$`)

// ArgumentPath is the path from a field's arguments to a value in one: the name of
// the argument, and those of fields of input objects.
type ArgumentPath []string

// String returns the path as it is written.
func (p ArgumentPath) String() string { return strings.Join(p, ".") }

// argumentPath parses "first" or "input.first". It returns false if text is not
// such a path.
func argumentPath(text string) (ArgumentPath, bool) {
	if !argumentSyntax.MatchString(text) {
		return nil, false
	}
	return strings.Split(text, "."), true
}
