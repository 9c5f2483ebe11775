package record

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Request is what identifies a call of a service.
type Request struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Query  string `json:"query,omitempty"`
	Body   Body   `json:"body,omitzero"`
	// Caller distinguishes callers by their credentials: the subject of a JSON Web Token, or else a part of a hash.
	Caller string `json:"caller,omitempty"`
}

// Answer is what a service answered.
type Answer struct {
	Status  int         `json:"status"`
	Header  http.Header `json:"header,omitempty"`
	Body    Body        `json:"body,omitzero"`
	Trailer http.Header `json:"trailer,omitempty"`
}

// call is a file.
type call struct {
	Request
	Answers []Answer `json:"answers"`
}

// Body is the body of a request or an answer: text, or base64 of what is no text.
type Body struct {
	Text   string `json:"text,omitempty"`
	Base64 string `json:"base64,omitempty"`
}

func bodyOf(raw []byte) Body {
	if utf8.Valid(raw) && !bytes.ContainsRune(raw, 0) {
		return Body{Text: string(raw)}
	}
	return Body{Base64: base64.StdEncoding.EncodeToString(raw)}
}

func (b Body) bytes() ([]byte, error) {
	if b.Base64 != "" {
		return base64.StdEncoding.DecodeString(b.Base64)
	}
	return []byte(b.Text), nil
}

// longestBody is how much of a body is kept. A call with a longer one is not recorded.
const longestBody = 16 << 20

// requestOf returns what identifies a call with a body.
func requestOf(r *http.Request, body []byte) Request {
	return Request{
		Method: r.Method, Path: r.URL.EscapedPath(), Query: scrubQuery(r.URL.RawQuery),
		Body: bodyOf(scrub(r.Header.Get("Content-Type"), body)), Caller: callerOf(r.Header),
	}
}

// callerOf returns who calls, by the header Authorization; empty for nobody.
func callerOf(header http.Header) string {
	credentials := header.Get("Authorization")
	if credentials == "" {
		return ""
	}
	if parts := strings.Split(credentials, "."); len(parts) == 3 {
		var claims struct {
			Subject string `json:"sub"`
		}
		if text, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil && json.Unmarshal(text, &claims) == nil && claims.Subject != "" {
			return claims.Subject
		}
	}
	sum := sha256.Sum256([]byte(credentials))
	return "sha256:" + hex.EncodeToString(sum[:4])
}

// name returns the name of a call's file: the method and the path for people, and a hash.
func (r Request) name() string {
	text, _ := json.Marshal(r) // texts can't fail
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%.20s-%.60s-%s.json", plain(r.Method), cmp.Or(plain(strings.Trim(r.Path, "/")), "root"), hex.EncodeToString(sum[:6]))
}

// plain returns a text as a part of the name of a file.
func plain(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '/':
			return '-'
		case c < 0x80 && (c == '.' || c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'):
			return c
		}
		return '_'
	}, text)
}

// read reads the file of a call; the error is [os.ErrNotExist] if there is none.
func read(dir string, r Request) (*call, error) {
	name := filepath.Join(dir, r.name())
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var c call
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(c.Answers) == 0 {
		return nil, fmt.Errorf("%s has no answers", name)
	}
	return &c, nil
}

// write replaces the file of a call.
func (c *call) write(dir string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(c); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	name := filepath.Join(dir, c.name())
	if err := os.WriteFile(name+"~", text.Bytes(), 0o600); err != nil {
		return err
	}
	return os.Rename(name+"~", name)
}
