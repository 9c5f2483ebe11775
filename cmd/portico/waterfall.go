package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// printExplanation prints how an answer was made, and its calls as a waterfall.
func printExplanation(stdout io.Writer, e *explanation) {
	fmt.Fprintf(stdout, "%s/%s: %.1f ms, cache %s (%s, %d s), cost %v of at most %v\n\n", e.Frontend, cmp.Or(e.Operation, e.Type), e.Ms,
		e.Cache.Status, strings.ToLower(e.Cache.Scope), e.Cache.MaxAge, e.Cost.Actual, e.Cost.Requested)
	t := tabwriter.NewWriter(stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "  gateway\tprepare\t\t%s\t%s\n", ms(e.PreparedMs), bar(0, e.PreparedMs, e.Ms))
	for _, c := range e.Calls {
		service := c.Service
		if c.Version != "" {
			service += " " + c.Version
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", service, c.Route, c.note(), ms(c.Ms), bar(c.FromMs, c.FromMs+c.Ms, e.Ms))
	}
	_ = t.Flush() // of a terminal or a file that nobody can read: nothing to do
	if e.More > 0 {
		fmt.Fprintf(stdout, "  and %d more %s\n", e.More, plural(e.More, "call"))
	}
}

// note returns what is special of a call.
func (c *explainedCall) note() string {
	var notes []string
	if c.Cache != "" {
		notes = append(notes, c.Cache)
	}
	if c.Keys > 0 {
		notes = append(notes, fmt.Sprintf("%d %s", c.Keys, plural(c.Keys, "key")))
	}
	if c.Attempts > 1 {
		notes = append(notes, fmt.Sprintf("%d attempts", c.Attempts))
	}
	if c.Code != "" {
		notes = append(notes, strings.TrimSpace(c.Code+" "+status(c.Status)))
	}
	return strings.Join(notes, ", ")
}

func status(code int) string {
	if code == 0 {
		return ""
	}
	return strconv.Itoa(code)
}

func ms(n float64) string { return fmt.Sprintf("%6.1f ms", n) }

// bar returns a line from one time to another, of all times until the end.
func bar(from, to, end float64) string {
	const width = 40
	if end <= 0 {
		return ""
	}
	at := func(n float64) int { return int(min(max(n/end, 0), 1) * width) }
	begin := min(at(from), width-1)
	return strings.Repeat(" ", begin) + strings.Repeat("█", max(at(to)-begin, 1))
}
