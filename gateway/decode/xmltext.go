package decode

import (
	"errors"
	"strings"
)

var errDeclaration = errors.New("an XML declaration that is not well-formed, or not at the start")

// toUTF8 returns a document in UTF-8, without its byte order mark and its XML
// declaration. What is not of the encoding is U+FFFD, but not in UTF-8, which is
// not changed: the decoder of package xml returns an error then.
func toUTF8(text, charset string) (string, error) {
	text, label, err := encodingOf(text, charset)
	if err != nil {
		return "", err
	}
	if text, err = decoded(text, label); err != nil {
		return "", err
	}
	text, _, err = declaration(text)
	return text, err
}

// encodingOf returns a document without its byte order mark, and the name of its
// encoding, of which the sources are authoritative in this order (RFC 7303,
// section 3).
func encodingOf(text, charset string) (_, label string, err error) {
	text, label = cutMark(text)
	if label != "" {
		return text, label, nil
	}
	charset = trimSpace(charset)
	switch big := strings.HasPrefix(text, "\x00<"); {
	case big && (charset == "" || strings.EqualFold(charset, utf16Name)):
		return text, utf16Big, nil
	case charset != "":
		return text, charset, nil
	case strings.HasPrefix(text, "<\x00"):
		return text, utf16Little, nil // XML 1.0, appendix F.1
	}
	_, label, err = declaration(text)
	switch strings.ToLower(trimSpace(label)) {
	case "", utf16Name, utf16Little, utf16Big:
		// It is not UTF-16, or the declaration would not have been found. Programs
		// declare so when they write a string that another one sends as UTF-8.
		label = utf8Name
	}
	return text, label, err
}

// declaration returns what follows the XML declaration, and the encoding that it
// has; an empty one if there is none.
func declaration(text string) (rest, encoding string, err error) {
	const open = "<?xml"
	if !strings.HasPrefix(text, open) || len(text) == len(open) || !strings.Contains(xmlSpace, text[len(open):len(open)+1]) {
		return text, "", nil
	}
	inner, rest, ok := strings.Cut(text[len(open):], "?>")
	version := false
	for inner = trimSpace(inner); ok && inner != ""; inner = trimSpace(inner) {
		var name, value string
		name, value, inner, ok = pseudoAttribute(inner)
		switch name {
		case "version":
			// A document of a later version is read as one of 1.0 (section 2.8).
			version = true
			ok = ok && strings.HasPrefix(value, "1.")
		case "encoding":
			encoding = value
		case "standalone":
		default:
			ok = false
		}
	}
	if !ok || !version {
		return "", "", errDeclaration
	}
	return rest, encoding, nil
}

// pseudoAttribute cuts name="value" from a text.
func pseudoAttribute(text string) (name, value, rest string, ok bool) {
	name, rest, _ = strings.Cut(text, "=")
	rest = trimSpace(rest)
	if rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return "", "", "", false
	}
	value, rest, ok = strings.Cut(rest[1:], rest[:1])
	return trimSpace(name), value, rest, ok
}
