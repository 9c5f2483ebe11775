package upstream_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/portico-gateway/portico/gateway/cache"
	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

var (
	refused  = upstream.Condition{Value: &decode.Condition{Path: []string{"success"}, Is: []string{"false"}}}
	failed   = upstream.Condition{Value: &decode.Condition{Path: []string{"errors", "0"}}}
	accepted = upstream.Condition{Status: 202}
	taken    = upstream.Condition{Status: 409, Value: &decode.Condition{Path: []string{"kind"}, Is: []string{`"stock"`, `"size"`}}}
)

// A condition makes an answer an error, which names the conditions that hold.
func TestConditions(t *testing.T) {
	const plain = "application/json; charset=utf-8"
	const none, nonsense = "", "The service gave an answer that makes no sense."
	for name, c := range map[string]struct {
		service http.HandlerFunc
		holds   string // those that hold
		message string // of an error for which none holds
	}{
		"success":           {answers(200, plain, `{"success":true,"errors":[]}`), none, none},
		"no success":        {answers(200, plain, `{"success":false}`), "refused", none},
		"errors":            {answers(201, "application/problem+json", `{"errors":[{"a":1}]}`), "failed", none},
		"both":              {answers(200, plain, `{"success":false,"errors":[1]}`), "refused failed", none},
		"accepted":          {answers(202, "", ""), "accepted", none},
		"accepted and more": {answers(202, plain, `{"success":false}`), "refused accepted", none},
		"no content":        {answers(204, "", ""), none, none},
		"XML":               {answers(200, "text/xml", `<r><success>false</success><errors/><errors>x</errors></r>`), "refused", none},
		"another type":      {answers(200, "text/html", `{"success":false}`), none, nonsense},
		"not JSON":          {answers(200, plain, `{"success":false`), none, nonsense},
		"not XML":           {answers(200, "text/xml", `{"success":false}`), none, nonsense},
		"of another status": {answers(400, plain, `{"success":false,"kind":"stock"}`), none, "The service failed."},
		"conflict":          {answers(409, plain, `{"kind":"size"}`), "taken", none},
		"conflict of text":  {answers(409, "text/plain", `{"kind":"size"}`), "taken", none},
		"another conflict":  {answers(409, plain, `{"kind":"x"}`), none, "The service failed."},
		"conflict in XML":   {answers(409, "text/xml", `<e><kind> stock </kind></e>`), "taken", none},
		"not well-formed":   {answers(409, plain, `{"kind":"size"`), none, "The service failed."},
	} {
		t.Run(name, func(t *testing.T) {
			client := open(t, upstream.Config{URL: serve(t, c.service)})
			err := client.Done(t.Context(), upstream.Request{Method: http.MethodPost, Errors: []upstream.Condition{refused, failed, accepted}})
			var holds []string
			for _, one := range []struct {
				name      string
				condition upstream.Condition
			}{{"refused", refused}, {"failed", failed}, {"accepted", accepted}, {"taken", taken}} {
				if upstream.Holds(err, one.condition) {
					holds = append(holds, one.name)
				}
			}
			if got := strings.Join(holds, " "); got != c.holds {
				t.Errorf("%v: %q hold, want %q", err, got, c.holds)
			}
			if p, ok := errors.AsType[*problem.Error](err); c.holds == "" && (ok != (c.message != "") || ok && p.Message != c.message) {
				t.Errorf("got %v, want %q", err, c.message)
			}
		})
	}
	if upstream.Holds(nil, refused) || upstream.Holds(errors.New("x"), accepted) {
		t.Error("a condition holds for an error of no service")
	}
}

// Values of a good answer are in the problem wherever they are, and the log has
// the start of the answer.
func TestDetailsOfAGoodAnswer(t *testing.T) {
	large := strings.Repeat("x", 70<<10)
	client := open(t, upstream.Config{URL: serve(t, answers(200, "application/json", `{"padding":"`+large+`","small":"`+large[:40<<10]+
		`","errors":[{"field":"name","messages":["too short","too plain"],"n":1.50}]}`))})
	_, err := client.GetJSON(t.Context(), upstream.Request{Errors: []upstream.Condition{failed}})
	if e, ok := errors.AsType[*upstream.StatusError](err); !ok || e.Status != 200 || len(e.Body) != 64<<10 {
		t.Fatalf("got %v", err)
	}
	detail := func(name, path string) upstream.Detail {
		return upstream.Detail{Name: name, Path: strings.Split(path, ".")}
	}
	p, _ := errors.AsType[*problem.Error](upstream.Explain(err, "INVALID", "It is not valid.", detail("all", "errors"), detail("field", "errors.0.field"),
		detail("none", "errors.1"), detail("padding", "padding"), detail("small", "small"), detail("again", "small")))
	small, again := p.Extensions["small"], p.Extensions["again"]
	delete(p.Extensions, "small")
	text, err := json.Marshal(p.Extensions)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"all":[{"field":"name","messages":["too short","too plain"],"n":1.50}],"field":"name"}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	if small != large[:40<<10] || again != nil {
		t.Error("what fits is not there, or what does not fit is")
	}
}

// An answer that a condition makes an error is cached as the service says. Each
// request has its own conditions.
func TestConditionsOfCachedAnswers(t *testing.T) {
	store, err := cache.New(cache.Config{Size: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	var calls atomic.Int32
	client := open(t, upstream.Config{Store: store, URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write([]byte(`{"success":false}`))
	})})
	for range 2 {
		for _, condition := range []upstream.Condition{refused, accepted} {
			if err := client.Done(t.Context(), upstream.Request{Errors: []upstream.Condition{condition}}); !upstream.Holds(err, condition) {
				t.Errorf("got %v", err)
			}
		}
		if err := client.Done(t.Context(), upstream.Request{}); err != nil {
			t.Error(err)
		}
	}
	if n := calls.Load(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

// An answer that the service validates keeps its status.
func TestConditionsOfValidatedAnswers(t *testing.T) {
	o, client := newOrigin(t, upstream.Config{})
	o.set(http.StatusAccepted, "Etag", `"1"`, "Cache-Control", "max-age=0")
	for range 2 {
		if err := client.Done(t.Context(), upstream.Request{Errors: []upstream.Condition{accepted}}); !upstream.Holds(err, accepted) {
			t.Errorf("got %v", err)
		}
	}
	if got := o.asked(); got != `get,"1"` {
		t.Errorf("the service was asked %s", got)
	}
}

// An answer of gRPC is an error if a value of its message is so.
func TestConditionsOfMessages(t *testing.T) {
	services, err := upstream.Open([]upstream.Config{{Name: "rpc", URL: "grpc://127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	client, err := services.GRPC("rpc")
	if err != nil {
		t.Fatal(err)
	}
	stopped := errors.New("stopped")
	value := upstream.Condition{Value: &decode.Condition{Path: []string{"value"}, Is: []string{"7"}}}
	all := []upstream.Condition{value, {Status: 200}, {}}
	if err := upstream.Accepted(client, stopped, wrapperspb.Int32(7), all); err != stopped { //nolint:errorlint // it is to be the same
		t.Errorf("got %v", err)
	}
	if err := upstream.Accepted(client, nil, wrapperspb.Int32(8), all); err != nil {
		t.Errorf("got %v", err)
	}
	err = upstream.Accepted(client, nil, wrapperspb.Int32(7), all)
	if !upstream.Holds(err, value) || upstream.Holds(err, all[1]) || upstream.Holds(err, all[2]) || upstream.IsNotFound(err) || upstream.IsStatus(err, 200) {
		t.Errorf("other conditions hold for %v", err)
	}
	if p, ok := errors.AsType[*problem.Error](err); !ok || p.Code != problem.ServiceError || p.Service != "rpc" {
		t.Errorf("got %v", err)
	}
	if e, ok := errors.AsType[*upstream.StatusError](err); !ok || e.Error() != `service rpc: OK: "7"` {
		t.Errorf("got %v", e)
	}
}
