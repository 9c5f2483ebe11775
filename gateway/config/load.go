package config

import (
	"fmt"
	"io"
	"os"
	"reflect"
)

// Load reads the file and replaces what it takes from the environment. Each of set is a setting that counts as if the
// file had it, such as services.catalog.url=http://127.0.0.1:7001. If the file has
// mistakes, its error is [Mistakes].
func Load(file string, getenv func(string) string, set ...string) (*Config, error) {
	text, err := readFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	c, err := parse(file, text, getenv, set...)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// readFile returns what [Parse] reads of a file at most.
func readFile(file string) ([]byte, error) {
	from, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	return io.ReadAll(io.LimitReader(from, longestFile+1))
}

// Written returns what a file says without the environment, for what is derived from a project on any machine. If the
// file can't be read, or as far as it has mistakes, which [Load] reports, the defaults hold.
func Written(file string) *Config {
	if text, err := readFile(file); err == nil {
		if read, _ := Parse(text, func(string) string { return "" }); read != nil {
			return read
		}
	}
	c := Defaults()
	return &c
}

// Parse is [Load] of a file's text. With an error, it returns what could be read, or nil
// if the text is not YAML.
func Parse(text []byte, getenv func(string) string) (*Config, error) {
	return parse("", text, getenv)
}

func parse(file string, text []byte, getenv func(string) string, set ...string) (*Config, error) {
	p := &problems{file: file}
	root := readTree(text, p)
	if root == nil {
		return nil, p.err()
	}
	for _, setting := range set {
		if err := root.set(setting); err != nil {
			return nil, err
		}
	}
	p.root = root
	c := Defaults()
	c.source = p
	d := &decoder{problems: p, getenv: getenv, config: &c}
	d.decode(root, reflect.ValueOf(&c).Elem(), "")
	c.check(p)
	return &c, p.err()
}

// clone shares nothing that decoding changes.
func (f Frontend) clone() Frontend {
	f.RateLimit.Anonymous = f.RateLimit.Anonymous.clone()
	f.RateLimit.Authenticated = f.RateLimit.Authenticated.clone()
	tiers := make(map[string]*Bucket, len(f.RateLimit.Tiers))
	for name, bucket := range f.RateLimit.Tiers {
		tiers[name] = bucket.clone()
	}
	f.RateLimit.Tiers = tiers
	return f
}

func (b *Bucket) clone() *Bucket {
	if b == nil {
		return nil
	}
	c := *b
	return &c
}
