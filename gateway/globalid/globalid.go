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

// Of returns the global id of an object: of the name of its type and the id that its service
// has. Neither may be empty, and typ has no colon.
func Of(typ, id string) string {
	return base64.StdEncoding.EncodeToString([]byte(typ + ":" + id))
}

// Parse returns the name of the type of a global id, and the id that the service has. ok is
// false for a text that is not a global id.
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
