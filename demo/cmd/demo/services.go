package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/portico-gateway/portico/demo"
)

// printServices writes a table. That nobody can read it is no reason to stop,
// so errors are ignored.
func printServices(w io.Writer, d *demo.Demo) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "Demo services:")
	for _, name := range demo.Names() {
		fmt.Fprintf(table, "  %s\t%s\n", name, d.URL(name))
	}
	_ = table.Flush()
}
