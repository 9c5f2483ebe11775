// Package record keeps what services answered, and answers in their place.
//
// A recording is a folder with a file for each call, by service: what was asked for ([Request]), and the answers in the order in
// which they came. [Recorder] is a reverse proxy that writes them; [Replayer] answers from them. Headers of requests are not
// kept, and what is named like a secret is replaced, in queries and in bodies in JSON and forms.
//
//	record.go    the recorder
//	replayer.go  what answers from a recording
//	call.go      the files, and what identifies a call
//	scrub.go     secrets
//	stream.go    the ends of streams
package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"reflect"
	"sync"
)

// Recorder is a reverse proxy before a service, which records its answers. It is safe for concurrent use.
type Recorder struct {
	dir    string
	report func(error)
	proxy  *httputil.ReverseProxy

	mu       sync.Mutex
	recorded map[string]*call // of this run, by file
}

// NewRecorder returns a recorder of a service at a URL of http, https, grpc or grpcs, which is called through a transport of
// HTTP/1 or, for gRPC, HTTP/2. Its files are in dir; those of calls that are made again are replaced. report gets the
// errors of files, and the calls that are not recorded.
func NewRecorder(dir string, of *url.URL, through http.RoundTripper, report func(error)) *Recorder {
	r := &Recorder{dir: dir, report: report, recorded: map[string]*call{}}
	to := *of
	switch of.Scheme {
	case "grpc":
		to.Scheme = "http"
	case "grpcs":
		to.Scheme = "https"
	}
	r.proxy = &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&to)
			p.Out.Header.Del("Accept-Encoding") // what is compressed can't be read by people
		},
		Transport:      through,
		FlushInterval:  -1,
		ErrorLog:       log.New(io.Discard, "", 0),
		ModifyResponse: r.follow,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
	return r
}

// asked is what the context of a request has: what identifies it, unless its body is too long.
type asked struct {
	request Request
	known   bool
}

type askedKey struct{}

func contextWith(ctx context.Context, what asked) context.Context {
	return context.WithValue(ctx, askedKey{}, what)
}

func askedOf(ctx context.Context) asked {
	what, _ := ctx.Value(askedKey{}).(asked)
	return what
}

// ServeHTTP is part of [http.Handler].
func (r *Recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, longestBody+1))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	what := asked{known: len(body) <= longestBody}
	if what.known {
		what.request = requestOf(request, body)
	}
	next := request.WithContext(contextWith(request.Context(), what))
	next.Body = io.NopCloser(bytes.NewReader(body)) // which the transport may read after its end, when the server has closed the request's
	if !what.known {
		next.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(body), request.Body), request.Body}
	}
	r.proxy.ServeHTTP(w, next)
}

// follow records an answer when its body has been read.
func (r *Recorder) follow(response *http.Response) error {
	what := askedOf(response.Request.Context())
	if !what.known || response.StatusCode == http.StatusSwitchingProtocols {
		r.report(fmt.Errorf("%s %s is not recorded: it has too long a body, or is a WebSocket", response.Request.Method, response.Request.URL.Path))
		return nil
	}
	media := response.Header.Get("Content-Type")
	response.Body = &followed{ReadCloser: response.Body, end: func(body []byte, err error) {
		answer := Answer{Status: response.StatusCode, Header: kept(response.Header), Trailer: response.Trailer}
		if !errors.Is(err, io.EOF) && !errors.Is(err, errTooLong) { // a stream that was left has an end in the recording
			if events := wholeEvents(media, body); len(events) > 0 {
				body, err, answer.Trailer = events, io.EOF, endOf(media)
			}
		}
		if !errors.Is(err, io.EOF) {
			r.report(fmt.Errorf("%s %s is not recorded: its answer did not end: %w", what.request.Method, what.request.Path, err))
			return
		}
		answer.Body = bodyOf(scrub(media, body))
		if err := r.add(what.request, answer); err != nil {
			r.report(err)
		}
	}}
	return nil
}

// add adds an answer to the file of a call, unless it is that of the call before.
func (r *Recorder) add(request Request, answer Answer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := request.name()
	c := r.recorded[name]
	if c == nil {
		c = &call{Request: request}
		r.recorded[name] = c
	}
	if n := len(c.Answers); n > 0 && reflect.DeepEqual(c.Answers[n-1], answer) {
		return nil
	}
	c.Answers = append(c.Answers, answer)
	return c.write(r.dir)
}

var (
	errTooLong = errors.New("it is too long")
	errClosed  = errors.New("the gateway has not read all")
)

// followed is a body of which end gets all when it has been read, with [io.EOF], or else why it was not.
type followed struct {
	io.ReadCloser

	read  bytes.Buffer
	ended bool
	end   func(body []byte, err error)
}

// Read is part of [io.Reader].
func (f *followed) Read(p []byte) (int, error) {
	n, err := f.ReadCloser.Read(p)
	if !f.ended {
		if f.read.Write(p[:n]); f.read.Len() > longestBody {
			f.finish(errTooLong)
		}
	}
	if err != nil {
		f.finish(err)
	}
	return n, err
}

// Close is part of [io.Closer].
func (f *followed) Close() error {
	f.finish(errClosed)
	return f.ReadCloser.Close()
}

func (f *followed) finish(err error) {
	if !f.ended {
		f.ended = true
		f.end(f.read.Bytes(), err)
		f.read = bytes.Buffer{}
	}
}
