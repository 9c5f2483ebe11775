package apidocs

import (
	"embed"
	"html/template"
	"io"
	"net/url"
	"strings"
)

//go:embed assets
var assets embed.FS

// WriteHTML writes a reference as a page. It loads docs.css and docs.js from [Links.Assets] and nothing else, has no
// script and no style in it, and can be read without both.
func WriteHTML(w io.Writer, r *Reference) error {
	page, err := parse(r)
	if err != nil {
		return err
	}
	return page.ExecuteTemplate(w, "page", r)
}

// Listed is a frontend in the list of all.
type Listed struct{ Name, URL string }

// Index is the list of frontends.
type Index struct {
	// Assets is the folder of docs.css, with a slash at its end.
	Assets    string
	Frontends []Listed
}

// WriteIndex writes the list of frontends as a page.
func WriteIndex(w io.Writer, index Index) error {
	page, err := parse(&Reference{})
	if err != nil {
		return err
	}
	return page.ExecuteTemplate(w, "index", index)
}

// parse returns the templates, whose functions are those of a reference.
func parse(r *Reference) (*template.Template, error) {
	functions := template.FuncMap{
		"describe":   newDescriber().HTML,
		"ofWeb":      ofWeb,
		"codeID":     codeID,
		"exampleID":  exampleID,
		"target":     r.target,
		"playground": r.playground,
		"number":     func(n *float64) string { return number(*n) },
		"points":     func(n *float64) string { return points(*n) },
	}
	return template.New("").Funcs(functions).ParseFS(assets, "assets/page.html")
}

func points(n float64) string {
	if n == 1 {
		return "point"
	}
	return "points"
}

// playground returns the address of an example in the playground; empty if there is none.
func (r *Reference) playground(example string) string {
	if r.Links.Playground == "" {
		return ""
	}
	return r.Links.Playground + "?" + url.Values{"frontend": {r.Frontend}, "operation": {example}}.Encode()
}

// Style returns docs.css.
func Style() ([]byte, error) { return assets.ReadFile("assets/docs.css") }

// Script returns docs.js, an ES module that exports enhance(root, options). If classic, it exports nothing, so that
// a page which is opened as a file can load it: browsers load modules over HTTP only.
func Script(classic bool) ([]byte, error) {
	text, err := assets.ReadFile("assets/docs.js")
	if err != nil || !classic {
		return text, err
	}
	return []byte("(() => {\n" + strings.ReplaceAll(string(text), "\nexport function", "\nfunction") + "})();\n"), nil
}
