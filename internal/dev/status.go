package dev

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// ownPath is where the proxy itself answers: below the path of the console, whose pages may load what is there.
const ownPath = "/playground/dev/"

//go:embed dev.js
var script []byte

const scriptTag = `<script src="` + ownPath + `dev.js" defer></script>`

const waitingPage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>portico dev</title>` + scriptTag +
	`</head><body><p>There is no gateway yet. This page is loaded again when there is one.</p></body></html>`

// Mistake is what keeps the latest change from being served.
type Mistake struct {
	// At is file:line:column, as much as is known; empty for nothing.
	At string `json:"at,omitempty"`
	// Message describes it, with how to correct it if that is known.
	Message string `json:"message"`
}

// What a session does.
const (
	working  = "working"
	serving  = "serving"
	mistaken = "mistaken"
)

// report is what the console shows.
type report struct {
	State string `json:"state"`
	// Version counts the gateways that have served, Changes those of the project; 0 for none.
	Version  int       `json:"version"`
	Changes  int       `json:"changes"`
	Mistakes []Mistake `json:"mistakes,omitempty"`
}

// status is the latest report, and who waits for the next.
type status struct {
	mu     sync.Mutex
	now    report
	change chan struct{} // closed with the next report
}

func newStatus() *status { return &status{now: report{State: working}, change: make(chan struct{})} }

// set edits the latest report, and sends it.
func (s *status) set(edit func(*report)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	edit(&s.now)
	close(s.change)
	s.change = make(chan struct{})
}

func (s *status) latest() (report, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now, s.change
}

// reason describes why there is no gateway.
func (s *status) reason() string {
	now, _ := s.latest()
	if len(now.Mistakes) == 0 {
		return "the gateway is being built"
	}
	return strings.TrimSpace(fmt.Sprintf("the gateway can't be built: %s %s", now.Mistakes[0].At, now.Mistakes[0].Message))
}

// handler answers requests below ownPath: with the script, and with the reports as an event stream.
func (s *status) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ownPath+"dev.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(script)
	})
	mux.HandleFunc("GET "+ownPath+"events", s.events)
	return mux
}

// events sends the latest report and each one after it, until the caller leaves.
func (s *status) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	for {
		now, change := s.latest()
		text, err := json.Marshal(now)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil || control.Flush() != nil {
			return
		}
		select {
		case <-change:
		case <-r.Context().Done():
			return
		}
	}
}

// longestPage bounds the pages that show changes. Those of the console are a few kB.
const longestPage = 1 << 20

// show adds the script to a page of the console.
func show(response *http.Response) error {
	if !isPage(response.Request) || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") || response.ContentLength > longestPage {
		return nil
	}
	page, err := io.ReadAll(io.LimitReader(response.Body, longestPage))
	if err != nil {
		return err
	}
	page = bytes.Replace(page, []byte("</head>"), []byte(scriptTag+"</head>"), 1)
	response.Body = readCloser{io.MultiReader(bytes.NewReader(page), response.Body), response.Body}
	response.Header.Del("ETag")
	if response.ContentLength >= 0 {
		response.ContentLength = int64(len(page))
		response.Header.Set("Content-Length", strconv.Itoa(len(page)))
	}
	return nil
}

type readCloser struct {
	io.Reader
	io.Closer
}
