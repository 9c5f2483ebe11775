package config

import (
	"fmt"
	"slices"
)

// CheckFrontends returns [Mistakes] if the configuration names frontends other than
// those of the project.
func (c *Config) CheckFrontends(frontends []string) error {
	p := &problems{root: &node{kind: object}}
	if c.source != nil {
		p.file, p.root = c.source.file, c.source.root
	}
	frontends = slices.Sorted(slices.Values(frontends))
	known := func(path, name string) {
		p.need(name == "" || slices.Contains(frontends, name), path, noneOf(name, "frontends", frontends))
	}
	known("routing.default", c.Routing.Default)
	for host, name := range c.Routing.Hosts {
		known("routing.hosts."+host, name)
	}
	for name := range c.Frontends {
		known("frontends."+name, name)
	}
	for service, s := range c.Services {
		for i, rule := range s.Canary {
			known(fmt.Sprintf("services.%s.canary[%d].frontend", service, i), rule.Frontend)
		}
	}
	return p.err()
}

// Variables returns the names of the variables of the environment that settings are from,
// sorted.
func (c *Config) Variables() []string {
	if c.source == nil {
		return nil
	}
	names := c.source.root.variables()
	slices.Sort(names)
	return slices.Compact(names)
}
