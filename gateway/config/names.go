package config

import (
	"fmt"
	"slices"
)

// Need adds a mistake of the setting at path, unless ok: what is wrong and what to write.
type Need func(ok bool, path, what string)

// Check returns the [Mistakes] that check adds, with their positions in the file. It is for
// rules of other parts of the gateway.
func (c *Config) Check(check func(Need)) error {
	p := &problems{root: &node{kind: object}}
	if c.source != nil {
		p.file, p.root = c.source.file, c.source.root
	}
	check(p.need)
	return p.err()
}

// CheckFrontends returns [Mistakes] if the configuration names frontends other than
// those of the project.
func (c *Config) CheckFrontends(frontends []string) error {
	frontends = slices.Sorted(slices.Values(frontends))
	return c.Check(func(need Need) {
		known := func(path, name string) {
			need(name == "" || slices.Contains(frontends, name), path, noneOf(name, "frontends", frontends))
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
	})
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
