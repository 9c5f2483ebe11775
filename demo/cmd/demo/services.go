package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/portico-gateway/portico/demo"
)

// isTerminal tells whether there is probably a person to read it.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// printServices writes a table. A terminal that cannot be written to is no
// reason to stop, so errors are ignored.
func printServices(w io.Writer, d *demo.Demo) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "Demo services:")
	for _, name := range demo.Names() {
		fmt.Fprintf(table, "  %s\t%s\n", name, d.URL(name))
	}
	_ = table.Flush()
}
