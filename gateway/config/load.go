package config

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Load reads the file and replaces what it takes from the environment. Its
// error has everything that is wrong.
func Load(file string, getenv func(string) string) (*Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration: %w", err)
	}
	c, err := Parse(text, getenv)
	if err != nil {
		return nil, fmt.Errorf("%s:\n%w", file, err)
	}
	return c, nil
}

// Parse is [Load] of a file's text.
func Parse(text []byte, getenv func(string) string) (*Config, error) {
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, errors.New(yaml.FormatError(err, false, true))
	}
	p := &problems{}
	c := Defaults()
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		ast.Walk(&expansion{getenv: getenv, problems: p}, doc.Body)
		p.unknownKeys(doc.Body)
		fillNames(doc.Body)
		if err := decode(doc.Body, &c); err != nil {
			p.list = append(p.list, yaml.FormatError(err, false, true))
			return nil, p.err()
		}
	}
	for _, doc := range tree.Docs {
		if err := c.frontends(doc.Body); err != nil {
			p.list = append(p.list, yaml.FormatError(err, false, true))
			return nil, p.err()
		}
	}
	for name, s := range c.Services {
		serviceDefaults(&s)
		c.Services[name] = s
	}
	c.check(p)
	return &c, p.err()
}

// decode sets a value to that of a node.
func decode(node ast.Node, to any) (err error) {
	defer func() {
		if value := recover(); value != nil { // the library's, for tags at values that are no text
			err = errors.New("a tag, such as ! or !name, is at a value that can't have one")
		}
	}()
	return yaml.NodeToValue(node, to)
}

// fillNames makes an object of a name in a section of names that says nothing,
// which the decoder would refuse.
func fillNames(root ast.Node) {
	for _, section := range entries(root) {
		for _, entry := range entries(section.Value) {
			if _, null := entry.Value.(*ast.NullNode); null && section.Key.String() == "frontends" {
				entry.Value = ast.Mapping(entry.Value.GetToken(), true)
			}
		}
	}
}

// frontends reads the section of this name again: what a frontend does not say
// is as the section frontend has it.
func (c *Config) frontends(root ast.Node) error {
	for _, section := range entries(root) {
		if section.Key.String() != "frontends" {
			continue
		}
		for _, entry := range entries(section.Value) {
			f := c.Frontend.clone()
			if err := decode(entry.Value, &f); err != nil {
				return err
			}
			c.Frontends[entry.Key.String()] = f
		}
	}
	return nil
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

// problems collects what is wrong.
type problems struct{ list []string }

func (p *problems) need(ok bool, path, what string) {
	if !ok {
		p.list = append(p.list, path+" "+what)
	}
}

func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.Sort(p.list)
	return errors.New(strings.Join(p.list, "\n"))
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}`)

// expansion replaces variables in the values of a tree: not in the text, where
// a value could change the structure.
type expansion struct {
	getenv   func(string) string
	problems *problems
}

// Visit is part of ast.Visitor.
func (e *expansion) Visit(node ast.Node) ast.Visitor {
	if s, ok := node.(*ast.StringNode); ok && variable.MatchString(s.Value) {
		s.Value = variable.ReplaceAllStringFunc(s.Value, func(found string) string {
			m := variable.FindStringSubmatch(found)
			value := e.getenv(m[1])
			if value == "" {
				e.problems.need(m[2] != "", fmt.Sprintf("line %d:", s.GetToken().Position.Line),
					"the environment has no "+m[1]+"; set it, or write ${"+m[1]+":-default}")
				value = m[3]
			}
			return value
		})
		// The decoder spells a value out again for an encoding.TextUnmarshaler.
		s.Token.Value, s.Token.Origin = s.Value, s.Value
	}
	return e
}
