package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	goccy "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
	"go.yaml.in/yaml/v4"
)

// maxDepth is how deep a document may be nested.
const maxDepth = 512

// maxNodes bounds what the aliases of a YAML document become: each stands for a copy.
const maxNodes = 4_000_000

// parse reads a file, which is JSON if it begins as an object of JSON does and is not YAML. It reports whether it is JSON. The error is an [Error].
func parse(file string, content []byte) (_ *node, inJSON bool, _ error) {
	if !utf8.Valid(content) {
		return nil, false, &Error{File: file, Message: "the document is not UTF-8", Fix: "save it as UTF-8"}
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	var wrong error
	if bytes.HasPrefix(bytes.TrimLeft(content, " \t\r\n"), []byte("{")) {
		n, err := parseJSON(file, content)
		if err == nil || strings.HasSuffix(file, ".json") {
			return n, true, err
		}
		wrong = err
	}
	n, err := parseYAML(file, content)
	if err != nil && wrong != nil {
		return nil, true, wrong
	}
	return n, false, err
}

// parseJSON reads RFC 8259. Of members with the same name the last one counts.
func parseJSON(file string, content []byte) (*node, error) {
	p := jsonParser{content: content, decoder: json.NewDecoder(bytes.NewReader(content)), line: 1}
	p.decoder.UseNumber()
	n, err := p.value(0)
	if err == nil {
		if _, end := p.decoder.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("there is text after the document")
		}
	}
	if err == nil {
		return n, nil
	}
	e := &Error{File: file, Message: err.Error()}
	offset := int(p.decoder.InputOffset())
	if syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(content, new(any))); ok { // which has the offset
		offset, e.Message = max(int(syntax.Offset)-1, 0), syntax.Error()
	}
	e.at(string(content[:min(offset, len(content))]))
	return nil, e
}

type jsonParser struct {
	content    []byte
	decoder    *json.Decoder
	read, line int // the offset up to which lines are counted
	begin      int // the offset of the line's first byte
}

// place sets the position of the token that was read.
func (p *jsonParser) place(n *node) *node {
	end := int(p.decoder.InputOffset())
	for p.read < end {
		i := bytes.IndexByte(p.content[p.read:end], '\n')
		if i < 0 {
			break
		}
		p.read += i + 1
		p.begin = p.read
		p.line++
	}
	p.read = end
	n.line, n.column = p.line, end-p.begin
	return n
}

func (p *jsonParser) value(depth int) (*node, error) {
	token, err := p.decoder.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("the document is nested more than %d deep", maxDepth)
	}
	switch v := token.(type) {
	case json.Delim:
		n := p.place(&node{kind: list})
		if v == '{' {
			n.kind = object
		}
		return n, p.members(n, depth)
	case string:
		return p.place(newText(v)), nil
	case json.Number:
		return p.place(&node{kind: literal, text: v.String()}), nil
	case bool:
		return p.place(&node{kind: literal, text: strconv.FormatBool(v)}), nil
	}
	return p.place(&node{kind: literal, text: "null"}), nil
}

func (p *jsonParser) members(n *node, depth int) error {
	var seen map[string]int
	for p.decoder.More() {
		key := ""
		if n.kind == object {
			token, err := p.decoder.Token()
			if err != nil {
				return err
			}
			key, _ = token.(string)
		}
		value, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		if n.kind == object {
			if seen == nil {
				seen = map[string]int{}
			}
			if i, again := seen[key]; again {
				n.values[i] = value
				continue
			}
			seen[key] = len(n.keys)
			n.keys = append(n.keys, key)
		}
		n.values = append(n.values, value)
	}
	_, err := p.decoder.Token()
	return err
}

func parseYAML(file string, content []byte) (*node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(content, &doc); err != nil {
		return nil, yamlError(file, content, err)
	}
	if doc.Kind == 0 || len(doc.Content) == 0 {
		return nil, &Error{File: file, Message: "the document is empty"}
	}
	p := yamlParser{file: file}
	return p.value(doc.Content[0], 0)
}

var errorLine = regexp.MustCompile(`line (\d+):\s*`)

// yamlError returns an error of the syntax with its position.
func yamlError(file string, content []byte, err error) *Error {
	e := &Error{File: file, Message: strings.TrimPrefix(err.Error(), "yaml: ")}
	var syntax *goccy.SyntaxError
	if _, err := parser.ParseBytes(content, 0); errors.As(err, &syntax) && syntax.Token != nil { // which has columns
		e.Line, e.Column, e.Message = syntax.Token.Position.Line, syntax.Token.Position.Column, syntax.Message
	} else if found := errorLine.FindStringSubmatch(e.Message); found != nil {
		e.Line, _ = strconv.Atoi(found[1])
		e.Message = strings.Replace(e.Message, found[0], "", 1)
	}
	return e
}

type yamlParser struct {
	file  string
	nodes int
}

func (p *yamlParser) fail(n *yaml.Node, format string, args ...any) error {
	return &Error{File: p.file, Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...)}
}

func (p *yamlParser) value(n *yaml.Node, depth int) (*node, error) {
	for n.Kind == yaml.AliasNode && n.Alias != nil {
		n = n.Alias
	}
	if p.nodes++; p.nodes > maxNodes {
		return nil, p.fail(n, "with its aliases, the document has more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return nil, p.fail(n, "the document is nested more than %d deep", maxDepth)
	}
	out := &node{line: n.Line, column: n.Column}
	switch n.Kind {
	case yaml.MappingNode:
		return out, p.mapping(out, n, depth)
	case yaml.SequenceNode:
		out.kind = list
		for _, item := range n.Content {
			value, err := p.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			out.values = append(out.values, value)
		}
		return out, nil
	}
	out.kind, out.text = scalar(n)
	return out, nil
}

func (p *yamlParser) mapping(out *node, n *yaml.Node, depth int) error {
	seen := map[string]bool{}
	var merged []*node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		for key.Kind == yaml.AliasNode && key.Alias != nil {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			return p.fail(key, "a name is not a text")
		}
		value, err := p.value(n.Content[i+1], depth+1)
		switch {
		case err != nil:
			return err
		case key.Tag == "!!merge" || key.Value == "<<" && key.Style == 0:
			if value.kind == list {
				merged = append(merged, value.values...)
			} else {
				merged = append(merged, value)
			}
			continue
		case seen[key.Value]:
			return p.fail(key, "%q is there twice", key.Value)
		}
		seen[key.Value] = true
		out.keys, out.values = append(out.keys, key.Value), append(out.values, value)
	}
	for _, from := range merged {
		for i, key := range from.keys {
			if !seen[key] {
				seen[key] = true
				out.keys, out.values = append(out.keys, key), append(out.values, from.values[i])
			}
		}
	}
	return nil
}

// scalar returns what a scalar of YAML is in JSON. Dates are texts, as OpenAPI has the types of JSON only.
func scalar(n *yaml.Node) (kind, string) {
	switch n.ShortTag() {
	case "!!null":
		return literal, "null"
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return literal, strconv.FormatBool(b)
		}
	case "!!int":
		var i int64
		var u uint64
		switch {
		case n.Decode(&i) == nil:
			return literal, strconv.FormatInt(i, 10)
		case n.Decode(&u) == nil:
			return literal, strconv.FormatUint(u, 10)
		}
	case "!!float":
		var f float64
		if n.Decode(&f) == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			if json.Valid([]byte(n.Value)) {
				return literal, n.Value
			}
			return literal, strconv.FormatFloat(f, 'g', -1, 64)
		}
	}
	return text, n.Value
}
