package record

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// scrubbed is what secrets are replaced by.
const scrubbed = "[scrubbed]"

// secret matches names of what is kept from a recording.
var secret = regexp.MustCompile(
	`(?i:(^|[_.-])(password|passwd|secret|token|apikey|api[_-]key|credentials?|authorization|cookie|private[_-]key)$)` +
		`|[a-z](Password|Secret|Token|ApiKey|APIKey|PrivateKey)$`)

// scrubQuery replaces the values of secret parameters. What it does not change stays as it is written.
func scrubQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, ok := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); ok && err == nil && secret.MatchString(plain) {
			parts[i] = name + "=" + url.QueryEscape(scrubbed)
		}
	}
	return strings.Join(parts, "&")
}

// secretMember matches a member of JSON with a text or a number, and the parts before its value and of it.
var secretMember = regexp.MustCompile(`("((?:[^"\\]|\\.)*)"\s*:\s*)("(?:[^"\\]|\\.)*"|-?[0-9][-+.0-9eE]*)`)

// scrub replaces the values of secrets in a body. What it does not change stays as it is written. Bodies that are neither
// JSON nor a form stay.
func scrub(contentType string, body []byte) []byte {
	media, _, _ := mime.ParseMediaType(contentType)
	switch {
	case media == "application/x-www-form-urlencoded":
		return []byte(scrubQuery(string(body)))
	case media != "application/json" && !strings.HasSuffix(media, "+json") && media != "text/event-stream" && media != "application/x-ndjson":
		return body
	}
	return secretMember.ReplaceAllFunc(body, func(member []byte) []byte {
		parts := secretMember.FindSubmatch(member)
		var name string
		if json.Unmarshal(slices.Concat([]byte(`"`), parts[2], []byte(`"`)), &name) != nil || !secret.MatchString(name) {
			return member
		}
		return slices.Concat(bytes.Clone(parts[1]), []byte(`"`+scrubbed+`"`))
	})
}

// kept returns the header of an answer without what is for one connection or one moment, and without secrets.
func kept(header http.Header) http.Header {
	out := http.Header{}
	for name, values := range header {
		switch name {
		case "Date", "Age", "Connection", "Keep-Alive", "Transfer-Encoding", "Content-Length", "Set-Cookie", "Trailer":
			continue
		}
		if !secret.MatchString(name) {
			out[name] = values
		}
	}
	return out
}
