package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/config"
	"github.com/portico-gateway/portico/internal/settings"
)

const usageOfConfig = `usage: portico config <command> [file]

commands:
  check    report all mistakes of the file, by default portico.yaml
  show     print the settings with defaults and the environment, without secrets
  schema   print the JSON Schema of the file, for editors
`

// configure is the command config.
func configure(args []string, getenv func(string) string, stdout io.Writer) error {
	flags := flag.NewFlagSet("config", flag.ContinueOnError)
	flags.SetOutput(stdout)
	flags.Usage = func() { fmt.Fprint(stdout, usageOfConfig) }
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return errUsage
	}
	file := "portico.yaml"
	switch flags.NArg() {
	case 1:
	case 2:
		file = flags.Arg(1)
	default:
		flags.Usage()
		return errUsage
	}
	switch command := flags.Arg(0); command {
	case "check":
		return checkConfig(file, getenv, stdout)
	case "show":
		c, err := config.Load(file, getenv)
		if err != nil {
			return err
		}
		_, err = stdout.Write(c.YAML())
		return err
	case "schema":
		_, err := stdout.Write(settings.Schema())
		return err
	default:
		return fmt.Errorf("there is no command config %s; see portico config -h", command)
	}
}

// checkConfig checks a configuration, and that its frontends are those of the folder
// schema/ beside it, if there is one.
func checkConfig(file string, getenv func(string) string, stdout io.Writer) error {
	c, err := config.Load(file, getenv)
	if err != nil {
		return err
	}
	frontends, err := frontendsBeside(file)
	if err != nil {
		return err
	}
	if frontends != nil {
		if err := c.CheckFrontends(frontends); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "%s has no mistakes\n", file)
	for _, found := range []struct {
		word  string
		names []string
	}{
		{"service", slices.Sorted(maps.Keys(c.Services))},
		{"frontend", frontends},
		{"variable", c.Variables()},
	} {
		if n := len(found.names); n > 0 {
			fmt.Fprintf(stdout, "  %d %s: %s\n", n, plural(n, found.word), strings.Join(found.names, ", "))
		}
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
