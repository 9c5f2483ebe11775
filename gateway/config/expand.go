package config

import (
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`)

// expand replaces the variables in a scalar, and reports whether it has a value. It
// replaces them in values and not in the text of the file, whose structure the
// environment could change.
func (d *decoder) expand(n *node, path string) (ok bool) {
	if n.expanded || !strings.Contains(n.text, "${") {
		return true
	}
	if rest := variable.ReplaceAllString(n.text, ""); strings.Contains(rest, "${") {
		d.wrong(n, path, "it has a ${ that is no variable: write ${NAME} or ${NAME:-default}")
		return false
	}
	ok = true
	text := variable.ReplaceAllStringFunc(n.text, func(found string) string {
		m := variable.FindStringSubmatch(found)
		value := d.getenv(m[1])
		switch {
		case value != "":
			n.from = append(n.from, m[1])
		case m[2] == "":
			d.wrong(n, path, "the environment has no "+m[1]+": set it, or write ${"+m[1]+":-default}")
			ok = false
		}
		if value == "" {
			return m[3]
		}
		return value
	})
	if ok {
		n.text, n.expanded = text, true
	}
	return ok
}
