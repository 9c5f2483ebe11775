package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"strings"
	"sync"
)

// Replayer answers in place of a service from a recording. It is safe for concurrent use.
type Replayer struct {
	dir    string
	report func(error)

	mu    sync.Mutex
	calls map[string]int // how often each was answered, by file
}

// NewReplayer returns what answers from the files in dir, which are those of a service. A call that was recorded several times gets its answers
// in their order, and then the last one again. report gets the calls that were not recorded.
func NewReplayer(dir string, report func(error)) *Replayer {
	return &Replayer{dir: dir, report: report, calls: map[string]int{}}
}

// ServeHTTP answers 501 to what was not recorded; over gRPC that is UNIMPLEMENTED.
func (r *Replayer) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(io.LimitReader(request.Body, longestBody+1))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	what := requestOf(request, body)
	answer, err := r.answer(what)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%s %s was not recorded: record it with portico record", what.Method, asURL(what))
		}
		r.report(err)
		refuse(w, request, err)
		return
	}
	text, err := answer.Body.bytes()
	if err != nil {
		r.report(err)
		refuse(w, request, err)
		return
	}
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.Status)
	_, _ = w.Write(text)
	for name, values := range answer.Trailer {
		w.Header()[http.TrailerPrefix+name] = values
	}
}

// answer returns the next answer to a call.
func (r *Replayer) answer(what Request) (Answer, error) {
	c, err := read(r.dir, what)
	if err != nil {
		return Answer{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	name := what.name()
	n := r.calls[name]
	r.calls[name]++
	return c.Answers[min(n, len(c.Answers)-1)], nil
}

func asURL(r Request) string {
	if r.Query == "" {
		return r.Path
	}
	return r.Path + "?" + r.Query
}

// unimplemented is the code of gRPC for what a service does not have.
const unimplemented = "12"

func refuse(w http.ResponseWriter, request *http.Request, err error) {
	if strings.HasPrefix(request.Header.Get("Content-Type"), "application/grpc") {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", unimplemented)
		w.Header().Set("Grpc-Message", strings.NewReplacer("%", "%25", "\n", "%0A").Replace(err.Error()))
		return
	}
	http.Error(w, err.Error(), http.StatusNotImplemented)
}
