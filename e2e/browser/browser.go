// Package browser drives a real Chromium for tests, cut off from every address
// but those of this machine.
package browser

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is one tab of a browser with a profile of its own.
type Browser struct {
	ctx context.Context //nolint:containedctx // it is how chromedp names a tab

	mu       sync.Mutex
	outside  []string
	problems []string
}

// Start starts a browser that ends with the test. The test fails when a page
// asks for anything outside this machine, or throws.
func Start(t *testing.T) *Browser {
	t.Helper()
	path, err := find()
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // tests run as root in containers
		chromedp.WindowSize(1400, 900),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// Names other than this machine's are not even looked up.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
	)
	allocator, endAllocator := chromedp.NewExecAllocator(t.Context(), options...)
	tab, endTab := chromedp.NewContext(allocator)
	b := &Browser{ctx: tab}
	t.Cleanup(func() {
		endTab()
		endAllocator()
		b.verdict(t)
	})
	if err := chromedp.Listen(tab, b.watch); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(tab, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
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
	case *log.EventEntryAdded: // NoErrors asks for them
		if e.Entry.Level == log.EntryLevelError {
			b.problems = append(b.problems, e.Entry.Text+" "+e.Entry.URL)
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

// local tells whether a URL leads nowhere but to this machine.
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

// NoErrors makes the test fail when the console gets an error from now on: of a script, or of the browser itself, such as
// of a file that is missing or of what a page's policy forbids.
func (b *Browser) NoErrors(t *testing.T) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
}

// Eval evaluates an expression of JavaScript that gives a string.
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
