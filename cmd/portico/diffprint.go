package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/portico-gateway/portico/gateway/usage"
	"github.com/portico-gateway/portico/internal/schemadiff"
)

// shownUsers is how many operations and how many clients are printed for a change.
const shownUsers = 5

func printDiff(out io.Writer, f diffFlags, compared []comparedFrontend) {
	for i, c := range compared {
		if i > 0 {
			fmt.Fprintln(out)
		}
		for _, change := range c.Changes {
			printChange(out, change)
		}
		for _, s := range c.Skipped {
			fmt.Fprintf(out, "%s: note: not checked, since it is not valid in the old schema: %s\n", s.At, s.Message)
		}
		name := c.Name
		if name == "" {
			name = "the schema"
		}
		fmt.Fprintf(out, "%s: %s; checked against %s\n", name, countChanges(c.Changes), checkedAgainst(f, c))
	}
}

func printChange(out io.Writer, c schemadiff.Change) {
	at := ""
	if c.At != (schemadiff.Place{}) {
		at = c.At.String() + ": "
	}
	fmt.Fprintf(out, "%s%s: %s [%s]\n", at, c.Level, c.Message, c.Code)
	for i, op := range c.Operations {
		if i == shownUsers {
			fmt.Fprintf(out, "\tand %d more %s\n", len(c.Operations)-i, plural(len(c.Operations)-i, "operation"))
			break
		}
		note := ""
		if op.Invalid {
			note = " (no longer valid)"
		} else if op.Via != "" {
			note = " (depends on " + op.Via + ")"
		}
		fmt.Fprintf(out, "\t%s: used by %s%s\n", op.At, op.Name, note)
	}
	for i, client := range c.Clients {
		if i == shownUsers {
			fmt.Fprintf(out, "\tand %d more %s\n", len(c.Clients)-i, plural(len(c.Clients)-i, "client"))
			break
		}
		fmt.Fprintf(out, "\tused by %s: %d %s, the last on %s\n", client, client.Count, pluralOf(client.Count, "request"), client.Last)
	}
	if c.Unused {
		fmt.Fprintf(out, "\t%s, but nothing that is known uses it\n", c.Level)
	}
}

func pluralOf(n uint64, word string) string { return plural(int(min(n, 2)), word) }

func countChanges(changes []schemadiff.Change) string {
	counts := map[schemadiff.Level]int{}
	for _, c := range changes {
		counts[c.Level]++
	}
	if len(changes) == 0 {
		return "no changes"
	}
	var parts []string
	for _, level := range []schemadiff.Level{schemadiff.Breaking, schemadiff.Dangerous, schemadiff.Safe} {
		if n := counts[level]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, level))
		}
	}
	return strings.Join(parts, ", ") + " " + plural(len(changes), "change")
}

// checkedAgainst returns what is known of clients.
func checkedAgainst(f diffFlags, c comparedFrontend) string {
	parts := []string{fmt.Sprintf("%d %s", c.Documents, plural(c.Documents, "document"))}
	if c.Documents == 0 {
		parts[0] = "no documents"
	}
	if c.Usage == nil {
		return parts[0] + " and no usage"
	}
	text := fmt.Sprintf("usage from %s to %s", max(c.Usage.From, f.since), c.Usage.To)
	if c.Usage.Incomplete {
		text += ", which is incomplete"
	}
	return parts[0] + " and " + text
}

// The JSON of diff: docs/schema-changes.md documents it.
type (
	jsonDiff struct {
		Version   int            `json:"version"`
		Level     string         `json:"level"`
		Fails     bool           `json:"fails"`
		Usage     *jsonPeriod    `json:"usage,omitempty"`
		Frontends []jsonFrontend `json:"frontends"`
	}
	jsonPeriod struct {
		From       usage.Day `json:"from"`
		To         usage.Day `json:"to"`
		Incomplete bool      `json:"incomplete"`
	}
	jsonFrontend struct {
		Frontend  string        `json:"frontend"`
		Level     string        `json:"level"`
		Documents int           `json:"documents"`
		Changes   []jsonChange  `json:"changes"`
		Skipped   []jsonSkipped `json:"skipped"`
	}
	jsonChange struct {
		Code       schemadiff.Code `json:"code"`
		Level      string          `json:"level"`
		Coordinate string          `json:"coordinate"`
		Message    string          `json:"message"`
		Schema     string          `json:"schema"` // "old" or "new": where the position is
		jsonPlace
		Unused     bool            `json:"unused"`
		Operations []jsonOperation `json:"operations"`
		Clients    []jsonClient    `json:"clients"`
	}
	jsonPlace struct {
		File   string `json:"file,omitempty"`
		Line   int    `json:"line,omitempty"`
		Column int    `json:"column,omitempty"`
	}
	jsonOperation struct {
		Name string `json:"name"`
		jsonPlace
		Variable string `json:"variable,omitempty"`
		Invalid  bool   `json:"invalid"`
	}
	jsonClient struct {
		Name    string    `json:"name"`
		Version string    `json:"version"`
		Count   uint64    `json:"count"`
		First   usage.Day `json:"first"`
		Last    usage.Day `json:"last"`
	}
	jsonSkipped struct {
		jsonPlace
		Message string `json:"message"`
	}
)

func placeJSON(p schemadiff.Place) jsonPlace { return jsonPlace(p) }

func printDiffJSON(out io.Writer, f diffFlags, compared []comparedFrontend) error {
	all, worst := jsonDiff{Version: 1, Frontends: []jsonFrontend{}}, schemadiff.Safe
	for _, c := range compared {
		level := schemadiff.Worst(c.Changes, false)
		worst = max(worst, level)
		all.Fails = all.Fails || f.fails(c)
		if c.Usage != nil {
			all.Usage = &jsonPeriod{max(c.Usage.From, f.since), c.Usage.To, c.Usage.Incomplete}
		}
		front := jsonFrontend{Frontend: c.Name, Level: level.String(), Documents: c.Documents, Changes: []jsonChange{}, Skipped: []jsonSkipped{}}
		for _, change := range c.Changes {
			front.Changes = append(front.Changes, changeJSON(change))
		}
		for _, s := range c.Skipped {
			front.Skipped = append(front.Skipped, jsonSkipped{placeJSON(s.At), s.Message})
		}
		all.Frontends = append(all.Frontends, front)
	}
	all.Level = worst.String()
	return printJSON(out, all)
}

func changeJSON(c schemadiff.Change) jsonChange {
	out := jsonChange{
		Code: c.Code, Level: c.Level.String(), Coordinate: c.Coordinate, Message: c.Message, Schema: "new", jsonPlace: placeJSON(c.At), Unused: c.Unused,
		Operations: []jsonOperation{}, Clients: []jsonClient{},
	}
	if c.InOld {
		out.Schema = "old"
	}
	for _, op := range c.Operations {
		out.Operations = append(out.Operations, jsonOperation{op.Name, placeJSON(op.At), op.Via, op.Invalid})
	}
	for _, client := range c.Clients {
		out.Clients = append(out.Clients, jsonClient(client))
	}
	return out
}
