package decode

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
)

const (
	utf8Name    = "utf-8"
	utf16Name   = "utf-16"
	utf16Little = "utf-16le"
	utf16Big    = "utf-16be"
)

// UTF8 returns a JSON text in UTF-8, without its byte order mark. charset is the
// parameter of the Content-Type: any name that the Encoding Standard (WHATWG)
// has, in upper or lower case; an empty one is UTF-8. A byte order mark takes
// precedence over it. What is not of the encoding becomes U+FFFD. A text in UTF-8
// or ASCII is not copied, and not checked.
func UTF8(text, charset string) (string, error) {
	text, label := cutMark(text)
	if label == "" {
		label = trimSpace(charset)
	}
	switch {
	case label == "", strings.EqualFold(label, utf8Name), strings.EqualFold(label, "us-ascii"):
		return text, nil
	case strings.EqualFold(label, utf16Name) && strings.HasPrefix(text, "\x00"):
		label = utf16Big // a JSON text begins with a character of ASCII
	}
	return decoded(text, label)
}

// cutMark returns a text without its byte order mark, and the name of the
// encoding that the mark stands for; an empty one if there is no mark.
func cutMark(text string) (rest, label string) {
	for _, mark := range [...]struct{ bytes, label string }{{"\xef\xbb\xbf", utf8Name}, {"\xfe\xff", utf16Big}, {"\xff\xfe", utf16Little}} {
		if rest, ok := strings.CutPrefix(text, mark.bytes); ok {
			return rest, mark.label
		}
	}
	return text, ""
}

// decoded returns a text of an encoding in UTF-8. What is not of the encoding is
// U+FFFD, but a text in UTF-8 is not changed.
func decoded(text, label string) (string, error) {
	encoding, err := htmlindex.Get(label)
	if err != nil {
		return "", fmt.Errorf("unknown encoding %q", sample(label))
	}
	if name, err := htmlindex.Name(encoding); err == nil && name == utf8Name {
		return text, nil
	}
	if text, err = encoding.NewDecoder().String(text); err != nil {
		return "", fmt.Errorf("not in the encoding %q: %w", sample(label), err)
	}
	return text, nil
}
