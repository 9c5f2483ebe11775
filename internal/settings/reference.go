package settings

import (
	"fmt"
	"strings"
)

// Reference returns a table of all settings in Markdown.
func Reference() string {
	var out strings.Builder
	section := ""
	for _, s := range All() {
		if first, _, _ := strings.Cut(s.Path, "."); first != section {
			section = first
			fmt.Fprintf(&out, "\n### %s\n\n| setting | default | what it does |\n|---|---|---|\n", section)
		}
		by := ""
		if s.Default != "" {
			by = "`" + s.Default + "`"
		}
		what := s.Comment
		if s.Values != nil {
			what += ". One of " + strings.Join(s.Values, ", ")
		}
		if s.Restart {
			what += ". Changes require a restart"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", s.Path, by, strings.NewReplacer("|", `\|`, "<", `\<`).Replace(what))
	}
	return out.String()
}
