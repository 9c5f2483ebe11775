// Package browser drives a real Chromium for tests, cut off from every address
// but those of this machine.
package browser

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is one tab of a [Process] with a profile of its own.
type Browser struct {
	ctx context.Context //nolint:containedctx // it is how chromedp names a tab

	mu       sync.Mutex
	outside  []string
	problems []string
	received float64 // bytes, as they were transferred
}

// Process is a browser, in which each test has a tab of its own: to start a browser
// takes several seconds.
type Process struct {
	ctx context.Context //nolint:containedctx // it is how chromedp names a browser
	dir string          // of its files
	end context.CancelFunc
}

// Launch starts a browser.
func Launch() (*Process, error) {
	executable, err := find()
	if err != nil {
		return nil, err
	}
	p := &Process{}
	if p.dir, err = os.MkdirTemp("", "portico-browser-"); err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(executable),
		chromedp.NoSandbox, // tests run as root in containers
		chromedp.WindowSize(1400, 900),
		chromedp.UserDataDir(p.dir),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// Names other than this machine's are not even looked up.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
	)
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	p.end = endAllocator
	p.ctx, _ = chromedp.NewContext(allocator) // Close cancels it
	if err := chromedp.Do(p.ctx); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Close ends the browser.
func (p *Process) Close() {
	_ = chromedp.Cancel(p.ctx) // the tests are over
	p.end()
	_ = os.RemoveAll(p.dir)
}

// Open opens a tab with a profile of its own, which is closed when the test ends. The
// test fails when a page asks for anything outside this machine, or throws.
func (p *Process) Open(t *testing.T) *Browser {
	t.Helper()
	tab, end := chromedp.NewContext(p.ctx, chromedp.WithNewBrowserContext())
	b := &Browser{ctx: tab}
	t.Cleanup(func() {
		end()
		b.verdict(t)
	})
	if err := chromedp.Listen(tab, b.watch); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	b.Resize(t, 1400, 900)
	return b
}

// find looks for a Chromium or a Chrome.
func find() (string, error) {
	for _, name := range []string{
		os.Getenv("PORTICO_CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no Chromium: make test installs it, or set PORTICO_CHROMIUM")
}

func (b *Browser) watch(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !local(e.Request.URL) {
			b.outside = append(b.outside, e.Request.URL)
		}
	case *network.EventLoadingFinished:
		b.received += e.EncodedDataLength
	case *log.EventEntryAdded:
		// An operation that is answered with a status other than 200 is an answer that the page shows.
		answered := e.Entry.Source == log.EntrySourceNetwork && path.Base(path.Dir(e.Entry.URL)) == "graphql"
		if e.Entry.Level == log.EntryLevelError && !answered {
			b.problems = append(b.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			var text strings.Builder
			for _, arg := range e.Args {
				text.WriteString(string(arg.Value) + arg.Description + " ")
			}
			b.problems = append(b.problems, text.String())
		}
	case *runtime.EventExceptionThrown:
		// Monaco cancels what it has under way when an editor goes, and throws it.
		if text := describe(e.ExceptionDetails); !strings.HasPrefix(text, "Canceled") {
			b.problems = append(b.problems, text)
		}
	}
}

func describe(e *runtime.ExceptionDetails) string {
	if e.Exception != nil && e.Exception.Description != "" {
		return e.Exception.Description
	}
	return e.Text
}

// local reports whether a URL leads nowhere but to this machine.
func local(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "data", "blob", "about":
		return true
	}
	return u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost"
}

func (b *Browser) verdict(t *testing.T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.outside) > 0 {
		t.Errorf("the page asked for %v", b.outside)
	}
	if len(b.problems) > 0 {
		t.Errorf("the page threw %s", strings.Join(b.problems, "\n"))
	}
}

// Do takes steps; the test fails with a picture of the page when one does.
func (b *Browser) Do(t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v (picture: %s)", what, err, b.Picture(t))
	}
}

// Press presses a button or follows a link when it is there and can be pressed, wherever it is on the page: the page may
// still move. An address that begins with // is XPath, any other a selector of CSS.
func (b *Browser) Press(t *testing.T, address string) {
	t.Helper()
	const press = `address => {
		const element = address.startsWith('//')
			? document.evaluate(address, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue
			: document.querySelector(address);
		if (!element || element.disabled || element.getClientRects().length === 0) return false;
		element.click();
		return true;
	}`
	b.Do(t, "press "+address, func(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.PollFunction[bool](press, chromedp.WithPollingArgs(address), chromedp.WithPollingTimeout(20*time.Second))(ctx, tab)
		return chromedp.Void{}, err
	})
}

// Choose chooses an option of a select element.
func (b *Browser) Choose(t *testing.T, selector, option string) {
	t.Helper()
	const choose = `(selector, option) => {
		const element = document.querySelector(selector);
		const chosen = [...element.options].find(({text}) => text === option);
		element.value = chosen.value;
		element.dispatchEvent(new Event('change', {bubbles: true}));
		return true;
	}`
	b.Do(t, "choose "+option+" in "+selector, func(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.PollFunction[bool](choose, chromedp.WithPollingArgs(selector, option), chromedp.WithPollingTimeout(20*time.Second))(ctx, tab)
		return chromedp.Void{}, err
	})
}

// Hold holds back the page's requests of files that match a pattern, such as *.js, until the returned function is called.
func (b *Browser) Hold(t *testing.T, pattern string) (release func()) {
	t.Helper()
	params := fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: pattern}}}
	if _, err := chromedp.Call(b.ctx, fetch.Enable, params); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if _, err := chromedp.Call(b.ctx, fetch.Disable, cdp.Empty{}); err != nil { // what was held goes on
			t.Fatal(err)
		}
	}
}

// Received returns the bytes that were transferred so far, with headers.
func (b *Browser) Received() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return int(b.received)
}

// Eval evaluates an expression of JavaScript whose value is a string.
func (b *Browser) Eval(t *testing.T, expression string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// AwaitText waits until an element shows all texts.
func (b *Browser) AwaitText(t *testing.T, selector string, texts ...string) {
	t.Helper()
	const shows = `(selector, text) => document.querySelector(selector)?.innerText.replaceAll('\u00a0', ' ').includes(text)`
	for _, text := range texts {
		b.Do(t, "wait for "+text+" in "+selector, func(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
			_, err := chromedp.PollFunction[bool](shows, chromedp.WithPollingArgs(selector, text), chromedp.WithPollingTimeout(20*time.Second))(ctx, tab)
			return chromedp.Void{}, err
		})
	}
}

// Insert inserts text where the cursor is, as a paste does: an editor that
// closes braces leaves it alone.
func (b *Browser) Insert(t *testing.T, text string) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		t.Fatal(err)
	}
}

// Resize sets the size of the page in pixels.
func (b *Browser) Resize(t *testing.T, width, height int64) {
	t.Helper()
	b.Do(t, "resize", chromedp.EmulateViewport(width, height))
}

// Audit fails the test for each serious or critical finding of axe-core, whose script is given, and when the page is
// wider than its window.
func (b *Browser) Audit(t *testing.T, what, axe string) {
	t.Helper()
	b.Eval(t, axe+"; ''")
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	const audit = `axe.run(document, {resultTypes: ['violations']}).then(({violations}) => JSON.stringify(violations
		.filter(({impact}) => impact === 'serious' || impact === 'critical')
		.flatMap(({id, impact, nodes}) => nodes.map(({target, failureSummary}) => [impact, id, target.join(' '), failureSummary].join(': ')))
		.concat(document.documentElement.scrollWidth > innerWidth ? ['the page is wider than its window: ' + document.documentElement.scrollWidth] : [])))`
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](audit, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	var findings []string
	if err := json.Unmarshal([]byte(text), &findings); err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		t.Errorf("%s: %s", what, finding)
	}
	if len(findings) > 0 {
		t.Logf("%s: picture: %s", what, b.Picture(t))
	}
}

// Picture saves a picture of the page and returns its file.
func (b *Browser) Picture(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return err.Error()
	}
	file, err := os.CreateTemp("", "portico-*.png") //nolint:usetesting // somebody looks at it after the test
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if _, err := file.Write(png); err != nil {
		return err.Error()
	}
	return file.Name()
}
