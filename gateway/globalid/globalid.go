// Package globalid makes and parses the global ids of objects (Relay's Global
// Object Identification specification). A global id is opaque to callers: the name
// of the object's type and the id that its service has, as graphql-relay-js's
// toGlobalId joins them.
package globalid

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// Of returns the global id of the object of a type that its service knows by id.
func Of(typ, id string) string {
	return base64.StdEncoding.EncodeToString([]byte(typ + ":" + id))
}

// Parse returns the type of a global id, and the id that the service has. It
// returns false for a text that [Of] does not return.
func Parse(text string) (typ, id string, ok bool) {
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !utf8.Valid(decoded) {
		return "", "", false
	}
	typ, id, ok = strings.Cut(string(decoded), ":")
	if !ok || typ == "" || id == "" || Of(typ, id) != text { // the decoder skips line ends, and more
		return "", "", false
	}
	return typ, id, true
}
