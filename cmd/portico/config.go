package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/settings"
)

func configCommand() *cobra.Command {
	return parent(&cobra.Command{
		Use:     "config",
		Short:   "Check portico.yaml, show its settings, or print its JSON Schema",
		GroupID: groupProject,
		Example: `  portico config check
  portico config show portico.production.yaml
  portico config schema > portico.schema.json`,
	}, configCheckCommand(), &cobra.Command{
		Use:   "show [FILE]",
		Short: "Print the settings with defaults and the environment, without secrets",
		Long: `Prints the settings of FILE, by default portico.yaml, with defaults and the environment, without secrets.

The exit code is 0 if the file has no mistakes, 1 if it has, and 2 for wrong use.`,
		Example: `  portico config show
  portico config show portico.production.yaml`,
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(configFile(args), os.Getenv)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(c.YAML())
			return err
		},
	}, &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of portico.yaml, for editors",
		Long: `Prints the JSON Schema of portico.yaml, which editors use to complete and check it.

The exit code is 0, and 2 for wrong use.`,
		Example: `  portico config schema > portico.schema.json
  portico config schema | jq '.properties | keys'`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(settings.Schema())
			return err
		},
	})
}

func configCheckCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Report all mistakes of the file",
		Long: `Reports all mistakes of FILE, by default portico.yaml, with the environment.

The exit code is 0 if there are none, 1 if there are or the file can't be read, and 2 for wrong use.`,
		Example: `  portico config check
  portico config check portico.production.yaml --json`,
		Args: arguments(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := configFile(args)
			c, err := checkConfig(file)
			if asJSON {
				return printConfigJSON(cmd.OutOrStdout(), c, err)
			}
			if err == nil {
				c.print(cmd.OutOrStdout(), file)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: mistakes and names")
	return cmd
}

func configFile(args []string) string {
	if len(args) == 0 {
		return "portico.yaml"
	}
	return args[0]
}

// checkedConfig is the names in a configuration without mistakes, and its JSON.
type checkedConfig struct {
	Mistakes  []jsonMistake `json:"mistakes"`
	Services  []string      `json:"services"`
	Frontends []string      `json:"frontends"`
	Variables []string      `json:"variables"`
}

// checkConfig checks a configuration, and that its frontends are those of the folder
// schema/ beside it, if there is one.
func checkConfig(file string) (checkedConfig, error) {
	c, err := config.Load(file, os.Getenv)
	if err != nil {
		return checkedConfig{}, err
	}
	frontends, err := frontendsBeside(file)
	if err == nil && frontends != nil {
		err = c.CheckFrontends(frontends)
	}
	return checkedConfig{nil, slices.Sorted(maps.Keys(c.Services)), frontends, c.Variables()}, err
}

func (c checkedConfig) print(stdout io.Writer, file string) {
	fmt.Fprintf(stdout, "%s has no mistakes\n", file)
	for _, found := range []struct {
		word  string
		names []string
	}{{"service", c.Services}, {"frontend", c.Frontends}, {"variable", c.Variables}} {
		if n := len(found.names); n > 0 {
			fmt.Fprintf(stdout, "  %d %s: %s\n", n, plural(n, found.word), strings.Join(found.names, ", "))
		}
	}
}

// printConfigJSON prints the outcome of a check, unless it could not be made.
func printConfigJSON(stdout io.Writer, c checkedConfig, err error) error {
	var ok bool
	if c.Mistakes, ok = mistakesOf(err); !ok {
		return err
	}
	for _, list := range []*[]string{&c.Services, &c.Frontends, &c.Variables} {
		*list = append([]string{}, *list...) // never null
	}
	if err := printJSON(stdout, c); err != nil {
		return err
	}
	if len(c.Mistakes) > 0 {
		return errMistakes
	}
	return nil
}

// frontendsBeside returns the names of the frontends of the project that a file is of; nil
// if it is of none.
func frontendsBeside(file string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(filepath.Dir(file), "schema"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != "shared" {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}
