package apidocs

import (
	"bytes"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// describer writes descriptions, which are Markdown (GraphQL specification, section 3.3: CommonMark). What is
// HTML in one is shown as text; links lead to the web or to an address of mail; images are their texts; headings
// are paragraphs, since the page has its own.
type describer struct{ markdown goldmark.Markdown }

func newDescriber() describer {
	own := util.Prioritized(plainer{}, 1) // before the renderer that goldmark has for all nodes
	return describer{goldmark.New(goldmark.WithRendererOptions(renderer.WithNodeRenderers(own)))}
}

// HTML returns a description as HTML.
func (d describer) HTML(description string) (template.HTML, error) {
	var b bytes.Buffer
	if err := d.markdown.Convert([]byte(description), &b); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil //nolint:gosec // plainer escapes what is not Markdown
}

// safe reports whether a description may stand in a document of Markdown as it is: without HTML, images and links
// to anywhere but the web.
func (d describer) safe(description string) bool {
	source, safe := []byte(description), true
	_ = ast.Walk(d.markdown.Parser().Parse(text.NewReader(source)), func(n ast.Node, _ bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.HTMLBlock, *ast.RawHTML, *ast.Image:
			safe = false
		case *ast.Link:
			safe = safe && ofWeb(string(n.Destination))
		case *ast.AutoLink:
			safe = safe && (n.AutoLinkType == ast.AutoLinkEmail || ofWeb(string(n.URL(source))))
		}
		return ast.WalkContinue, nil
	}) // the function returns no error
	return safe
}

// ofWeb reports whether a link leads to the web, or to an address of mail.
func ofWeb(link string) bool {
	u, err := url.Parse(link)
	return err == nil && slices.Contains([]string{"http", "https", "mailto"}, strings.ToLower(u.Scheme))
}

// plainer renders the nodes that are not rendered as goldmark does.
type plainer struct{}

// RegisterFuncs is part of renderer.NodeRenderer.
func (p plainer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindHTMLBlock, p.htmlBlock)
	r.Register(ast.KindRawHTML, p.rawHTML)
	r.Register(ast.KindHeading, p.heading)
	r.Register(ast.KindLink, p.link)
	r.Register(ast.KindImage, p.image)
	r.Register(ast.KindAutoLink, p.autoLink)
	r.Register(ast.KindCodeBlock, p.code)
	r.Register(ast.KindFencedCodeBlock, p.code)
}

func write(w util.BufWriter, parts ...string) (ast.WalkStatus, error) {
	for _, part := range parts {
		if _, err := w.WriteString(part); err != nil {
			return ast.WalkStop, err
		}
	}
	return ast.WalkContinue, nil
}

func (plainer) htmlBlock(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	block := node.(*ast.HTMLBlock)
	if !entering {
		return ast.WalkContinue, nil
	}
	lines := linesOf(source, block.Lines())
	if block.HasClosure() {
		lines = append(lines, block.ClosureLine.Value(source)...)
	}
	return write(w, "<p>", template.HTMLEscapeString(strings.TrimSpace(string(lines))), "</p>\n")
}

func (plainer) rawHTML(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	return write(w, template.HTMLEscapeString(string(linesOf(source, node.(*ast.RawHTML).Segments))))
}

func linesOf(source []byte, lines *text.Segments) []byte {
	var b []byte
	for i := range lines.Len() {
		segment := lines.At(i)
		b = append(b, segment.Value(source)...)
	}
	return b
}

func (plainer) heading(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		return write(w, "<p><strong>")
	}
	return write(w, "</strong></p>\n")
}

func (plainer) link(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	return anchor(w, string(node.(*ast.Link).Destination), entering)
}

// image leaves what stands for the image where it can't be seen.
func (plainer) image(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
	return ast.WalkContinue, nil
}

// anchor writes the start or the end of a link, or nothing if it leads elsewhere than it may.
func anchor(w util.BufWriter, to string, entering bool) (ast.WalkStatus, error) {
	switch {
	case !ofWeb(to):
		return ast.WalkContinue, nil
	case !entering:
		return write(w, "</a>")
	}
	return write(w, `<a rel="noopener noreferrer" href="`, template.HTMLEscapeString(to), `">`)
}

func (plainer) autoLink(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	link := node.(*ast.AutoLink)
	to, label := string(link.URL(source)), string(link.Label(source))
	if link.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(to, "mailto:") {
		to = "mailto:" + to
	}
	if _, err := anchor(w, to, true); err != nil {
		return ast.WalkStop, err
	}
	if _, err := write(w, template.HTMLEscapeString(label)); err != nil {
		return ast.WalkStop, err
	}
	return anchor(w, to, false)
}

// code writes a block of code that can be scrolled by keys.
func (plainer) code(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return write(w, "</code></pre>\n")
	}
	return write(w, `<pre tabindex="0"><code>`, template.HTMLEscapeString(string(linesOf(source, node.Lines()))))
}
