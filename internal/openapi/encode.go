package openapi

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v4"
)

// json returns the value as JSON, with two spaces for each level and a new line at the end.
func (n *node) json() []byte {
	return append(n.appendJSON(nil, "\n"), '\n')
}

func (n *node) appendJSON(b []byte, line string) []byte {
	open, end := byte('['), byte(']')
	switch n.kind {
	case text:
		return appendText(b, n.text)
	case literal:
		return append(b, n.text...)
	case object:
		open, end = '{', '}'
	case list:
	}
	b = append(b, open)
	for i, value := range n.values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, line...), ' ', ' ')
		if n.kind == object {
			b = append(appendText(b, n.keys[i]), ':', ' ')
		}
		b = value.appendJSON(b, line+"  ")
	}
	if len(n.values) > 0 {
		b = append(b, line...)
	}
	return append(b, end)
}

// appendText appends a string of JSON, in which <, > and & are themselves.
func appendText(b []byte, s string) []byte {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string can be encoded
	return append(b, strings.TrimSuffix(out.String(), "\n")...)
}

// yaml returns the value as YAML.
func (n *node) yaml() ([]byte, error) {
	return yaml.Dump(n.toYAML(), yaml.WithIndent(2), yaml.WithLineWidth(-1))
}

func (n *node) toYAML() *yaml.Node {
	out := &yaml.Node{Kind: yaml.ScalarNode, Value: n.text}
	switch n.kind {
	case text:
		out.SetString(n.text)
	case literal:
		out.Tag = map[string]string{"true": "!!bool", "false": "!!bool", "null": "!!null"}[n.text]
	case object, list:
		out.Kind, out.Value = yaml.SequenceNode, ""
		if n.kind == object {
			out.Kind = yaml.MappingNode
		}
		for i, value := range n.values {
			if n.kind == object {
				key := &yaml.Node{}
				key.SetString(n.keys[i])
				out.Content = append(out.Content, key)
			}
			out.Content = append(out.Content, value.toYAML())
		}
	}
	return out
}
