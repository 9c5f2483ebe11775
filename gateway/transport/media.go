package transport

import (
	"net/http"
	"strconv"
	"strings"
)

// The media types of answers; the second is that of POST bodies, too.
const (
	graphqlResponse = "application/graphql-response+json"
	plainJSON       = "application/json"
	eventStream     = "text/event-stream"
)

// accepted is what the header Accept asks for.
type accepted struct {
	format string // of the answer to a query or mutation
	events bool   // whether a subscription may be answered as text/event-stream
}

// negotiate chooses the media type of the answer (RFC 9110, section 12.5.1):
// that with the highest weight; of equals, the one whose range comes first, as
// GraphQL clients list what they prefer; of those that a wildcard matches,
// application/json, as before application/graphql-response+json was known.
// Without the header it is application/json. It is false if no type fits.
//
// A wildcard over all types does not allow events for a subscription: who
// sends it, as fetch does unasked, would wait for the end of the stream.
func negotiate(header []string) (accepted, bool) {
	if simple(header) {
		return accepted{format: plainJSON}, true
	}
	offers, any := weigh(header)
	if !any {
		return accepted{format: plainJSON}, true
	}
	best, events := preferred(offers[:]), offers[2]
	return accepted{format: best.format, events: events.weight > 0 && events.precision > anyType}, best.weight > 0
}

// problemFormat returns the media type for a problem that is answered instead
// of what the request asks for: application/graphql-response+json for callers
// that prefer it to application/json, since clients read the errors of another
// status only then; else application/json, whether it is accepted or not.
func problemFormat(header http.Header) string {
	accept := header["Accept"]
	if simple(accept) {
		return plainJSON
	}
	offers, _ := weigh(accept)
	if best := preferred(offers[:2]); best.weight > 0 {
		return best.format
	}
	return plainJSON
}

// simple reports whether the header is what most send.
func simple(header []string) bool {
	return len(header) == 1 && (header[0] == "*/*" || header[0] == plainJSON)
}

// weigh finds what the header says of each type that an answer can have, and
// reports whether it says anything.
func weigh(header []string) (offers [3]offer, any bool) {
	offers = [3]offer{{format: plainJSON}, {format: graphqlResponse}, {format: eventStream}}
	position := 0
	for _, line := range header {
		for text := range strings.SplitSeq(line, ",") {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			position++
			if m, ok := parseMedia(text); ok {
				for i := range offers {
					offers[i].consider(m, position)
				}
			}
		}
	}
	return offers, position > 0
}

// preferred returns the offer with the highest weight; of equals, the one whose
// range comes first.
func preferred(offers []offer) offer {
	best := offers[0]
	for _, o := range offers[1:] {
		if o.weight > best.weight || o.weight == best.weight && o.position < best.position {
			best = o
		}
	}
	return best
}

// How precisely a media range matches a type.
const (
	anyType    = iota + 1 // */*
	anySubtype            // application/*
	exactType
)

// offer is a type that the answer can have, and what Accept says of it.
type offer struct {
	format    string
	weight    float64
	precision int
	position  int
}

// consider lets a range count for the offer, unless an earlier one was at
// least as precise.
func (o *offer) consider(m media, position int) {
	precision := 0
	switch kind, _, _ := strings.Cut(o.format, "/"); {
	case m.is(o.format):
		precision = exactType
	case m.is(kind + "/*"):
		precision = anySubtype
	case m.is("*/*"):
		precision = anyType
	}
	if precision > o.precision {
		o.weight, o.precision, o.position = m.weight, precision, position
	}
}

// media is a media type with the parameters that matter here, from Accept or
// Content-Type.
type media struct {
	essence string // type/subtype, in the letter case of the header
	charset string
	weight  float64 // of Accept, 0 to 1
}

func (m media) is(essence string) bool { return strings.EqualFold(m.essence, essence) }

// utf8 reports whether the text is in UTF-8, as JSON and event streams are.
func (m media) utf8() bool {
	return m.charset == "" || strings.EqualFold(m.charset, "utf-8") || strings.EqualFold(m.charset, "utf8")
}

// parseMedia reads a media type or range (RFC 9110, sections 8.3.1 and 12.5.1).
// It is false for what is none, or has a weight or a charset that can't be
// served. Other parameters don't matter.
func parseMedia(text string) (media, bool) {
	essence, params, _ := strings.Cut(text, ";")
	m := media{essence: strings.TrimSpace(essence), weight: 1}
	if !isEssence(m.essence) {
		return media{}, false
	}
	for param := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(param, "=")
		name, value = strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"`)
		switch {
		case strings.EqualFold(name, "charset"):
			m.charset = value
		case strings.EqualFold(name, "q"):
			weight, err := strconv.ParseFloat(value, 64)
			if err != nil || !(weight >= 0 && weight <= 1) { // the negation catches NaN
				return media{}, false
			}
			m.weight = weight
		}
	}
	return m, m.utf8()
}

// isEssence reports whether text is two tokens with a slash between them.
func isEssence(text string) bool {
	kind, subtype, found := strings.Cut(text, "/")
	return found && isToken(kind) && isToken(subtype)
}

// isToken reports whether text is a token (RFC 9110, section 5.6.2).
func isToken(text string) bool {
	for _, c := range []byte(text) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return text != ""
}
