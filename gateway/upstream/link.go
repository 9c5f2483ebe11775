package upstream

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/portico-gateway/portico/gateway/decode"
)

// NextLink returns the cursor of the next page that a header has in Link with
// rel="next" (RFC 8288): the value of a parameter of its URL, or the URL itself
// if the parameter is empty. It returns nil if there is no such Link. A URL without
// the parameter is an error.
func NextLink(header http.Header, parameter string) (*string, error) {
	target, ok := nextLink(header.Values("Link"))
	if !ok {
		return nil, nil //nolint:nilnil // there is no next page
	}
	if parameter == "" {
		return &target, nil
	}
	if u, err := url.Parse(target); err == nil {
		if cursor := u.Query().Get(parameter); cursor != "" {
			return &cursor, nil
		}
	}
	return nil, unexpected("a URL with the parameter "+parameter, target)
}

// nextLink returns the URL of the first Link with rel="next", which may be a
// relative one.
func nextLink(fields []string) (target string, ok bool) {
	for _, field := range fields {
		rest := field
		for range mostLinks {
			var l link
			if l, rest, ok = cutLink(rest); !ok {
				break
			}
			// The Link of another resource (anchor) is not about this page.
			if !l.anchored && slices.ContainsFunc(strings.Fields(l.rel), func(rel string) bool { return strings.EqualFold(rel, "next") }) {
				return l.target, true
			}
		}
	}
	return "", false
}

// mostLinks is how many links of a header field are looked at.
const mostLinks = 100

// link is a link of the header Link.
type link struct {
	target, rel string
	anchored    bool
}

// cutLink parses the first link of a list and returns what follows it (RFC 8288,
// appendix B.2). It returns false if there is none, or something else.
func cutLink(list string) (l link, rest string, ok bool) {
	rest, ok = strings.CutPrefix(strings.TrimLeft(list, " \t,"), "<")
	if !ok {
		return l, "", false
	}
	if l.target, rest, ok = strings.Cut(rest, ">"); !ok {
		return l, "", false
	}
	hasRel := false
	for rest = strings.TrimLeft(rest, " \t"); strings.HasPrefix(rest, ";"); rest = strings.TrimLeft(rest, " \t") {
		var name, value string
		name, value, rest = cutParameter(rest[1:])
		switch {
		case strings.EqualFold(name, "rel") && !hasRel: // only the first one counts
			l.rel, hasRel = value, true
		case strings.EqualFold(name, "anchor"):
			l.anchored = true
		}
	}
	if i := strings.IndexByte(rest, ','); i >= 0 {
		return l, rest[i+1:], true
	}
	return l, "", true
}

// cutParameter parses a parameter and returns what follows it (RFC 8288, appendix
// B.3).
func cutParameter(text string) (name, value, rest string) {
	text = strings.TrimLeft(text, " \t")
	end := strings.IndexAny(text, " \t=;,")
	if end < 0 {
		return text, "", ""
	}
	name, rest = text[:end], strings.TrimLeft(text[end:], " \t")
	if rest == "" || rest[0] != '=' {
		return name, "", rest
	}
	rest = strings.TrimLeft(rest[1:], " \t")
	if strings.HasPrefix(rest, `"`) {
		value, rest = cutQuoted(rest[1:])
		return name, value, rest
	}
	if end = strings.IndexAny(rest, ";,"); end < 0 {
		end = len(rest)
	}
	return name, strings.TrimRight(rest[:end], " \t"), rest[end:]
}

// cutQuoted parses a quoted string behind its first quote and returns what follows
// it.
func cutQuoted(text string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return b.String(), text[i+1:]
		case '\\':
			if i++; i == len(text) {
				return b.String(), ""
			}
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}

// HeaderText returns a header field of an answer; nil if it is absent or empty.
func HeaderText(header http.Header, name string) (*string, error) {
	text := header.Get(name)
	if text == "" {
		return nil, nil //nolint:nilnil // absent
	}
	return &text, nil
}

// HeaderInt64 is like [HeaderText] for a whole number.
func HeaderInt64(header http.Header, name string) (*int64, error) {
	text := header.Get(name)
	if text == "" {
		return nil, nil //nolint:nilnil // absent
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, unexpected("a whole number", text)
	}
	return &number, nil
}

// HeaderBool is like [HeaderText] for true and false.
func HeaderBool(header http.Header, name string) (*bool, error) {
	switch text := header.Get(name); {
	case text == "":
		return nil, nil //nolint:nilnil // absent
	case strings.EqualFold(text, "true") || strings.EqualFold(text, "false"):
		return new(strings.EqualFold(text, "true")), nil
	default:
		return nil, unexpected("true or false", text)
	}
}

// unexpected returns the error of a header field of another form, with its start.
func unexpected(want, have string) error {
	return &decode.Mismatch{Want: want, Have: strings.Clone(have[:min(len(have), longestSample)])}
}

// longestSample is how many bytes of a header field an error has.
const longestSample = 100
