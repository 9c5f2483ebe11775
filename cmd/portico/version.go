package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is what a build is of, and its JSON.
type version struct {
	Version  string `json:"version"` // of the module; "(devel)" for a build of a checkout
	Go       string `json:"go"`
	Revision string `json:"revision,omitempty"` // of git
	Modified bool   `json:"modified,omitempty"` // reports whether files differ from the revision
}

func versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Prints the version of the module, of Go, and the git revision, if it is known. The version of a build of a checkout is (devel).

The exit code is 0, and 2 for wrong use.`,
		Example: `  portico version
  portico version --json`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return printJSON(cmd.OutOrStdout(), readVersion())
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), readVersion())
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// readVersion reads what the linker wrote. Go assigns a build of a checkout a pseudo-version; it is
// not one that can be downloaded.
func readVersion() version {
	v := version{Version: "(devel)", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	module := info.Main
	for _, dep := range info.Deps { // a tool of another module
		if dep.Path == "github.com/portico-gateway/portico" {
			module = *dep
		}
	}
	if v.Revision == "" && module.Version != "" {
		v.Version = module.Version
	}
	return v
}

// String returns one line.
func (v version) String() string {
	text := fmt.Sprintf("portico %s %s", v.Version, v.Go)
	if v.Revision != "" {
		text += " " + v.Revision
	}
	if v.Modified {
		text += " (modified)"
	}
	return text
}
