package config

import (
	"errors"
	"strings"
)

// Located is an error of a setting that a part of the gateway has found.
type Located interface {
	error
	// Setting returns the path of the setting, such as services.catalog.tls.ca.
	Setting() string
	// Unwrap returns what is wrong, without the path.
	Unwrap() error
}

// At returns an error as [Mistakes]: of the setting at a path, or, if it is one of [Located],
// of that. Errors that are joined are a mistake each. It is nil if err is nil.
func (c *Config) At(path string, err error) error {
	p := &problems{root: &node{}}
	if c.source != nil {
		p.file, p.root = c.source.file, c.source.root
	}
	c.locate(p, c.existing(path), err)
	return p.err()
}

func (c *Config) locate(p *problems, path string, err error) {
	var mistakes Mistakes
	located, isLocated := err.(Located) //nolint:errorlint // what wraps it says more
	joined, isJoined := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
	case isJoined:
		for _, one := range joined.Unwrap() {
			c.locate(p, path, one)
		}
	case errors.As(err, &mistakes):
		p.list = append(p.list, mistakes...)
	case isLocated:
		c.locate(p, c.existing(located.Setting()), located.Unwrap())
	default:
		_, key := p.root.find(path)
		p.at(key, path, err.Error())
	}
}

// existing returns the path of a setting of a frontend in the file: what the section of the
// frontend does not have is in that of all.
func (c *Config) existing(path string) string {
	rest, found := strings.CutPrefix(path, "frontends.")
	if !found || c.source == nil || c.source.root.has(path) {
		return path
	}
	_, rest, _ = strings.Cut(rest, ".")
	return "frontend." + rest
}
