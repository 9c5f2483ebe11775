package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// Details of a gRPC status are what extensions and conditions have; what is unknown or
// not well-formed is as if it were not there.
func TestDetails(t *testing.T) {
	encoded := func(m proto.Message) *anypb.Any {
		detail, err := anypb.New(m)
		if err != nil {
			t.Fatal(err)
		}
		return detail
	}
	info := encoded(&errdetails.ErrorInfo{Reason: "SOLD", Metadata: map[string]string{"a.b": "1"}})
	delay := func(d *durationpb.Duration) *anypb.Any { return encoded(&errdetails.RetryInfo{RetryDelay: d}) }
	for name, c := range map[string]struct {
		details []*anypb.Any
		want    string // the extensions
		holds   bool
		retry   time.Duration
	}{
		"none":                        {nil, `{"said":"m"}`, false, 0},
		"an error":                    {[]*anypb.Any{info}, `{"info":{"metadata":{"a.b":"1"},"reason":"SOLD"},"said":"m"}`, true, 0},
		"of another type first":       {[]*anypb.Any{{TypeUrl: "x/a.B", Value: []byte("\xff")}, {TypeUrl: "x/google.protobuf.Timestamp"}, {}, info}, `{"info":{"metadata":{"a.b":"1"},"reason":"SOLD"},"said":"m"}`, true, 0},
		"not well-formed":             {[]*anypb.Any{{TypeUrl: info.GetTypeUrl(), Value: []byte("\xff")}}, `{"said":"m"}`, false, 0},
		"a type within another":       {[]*anypb.Any{{TypeUrl: "x/google.rpc.BadRequest.FieldViolation"}, {TypeUrl: "x/google.rpc.Nothing"}}, `{"said":"m"}`, false, 0},
		"a delay":                     {[]*anypb.Any{delay(durationpb.New(1500 * time.Millisecond))}, `{"delay":"1.500s","retryAfter":2,"said":"m"}`, false, 1500 * time.Millisecond},
		"a delay of more than a day":  {[]*anypb.Any{delay(durationpb.New(25 * time.Hour))}, `{"delay":"90000s","retryAfter":86400,"said":"m"}`, false, 24 * time.Hour},
		"a negative delay":            {[]*anypb.Any{delay(durationpb.New(-time.Hour))}, `{"delay":"-3600s","said":"m"}`, false, 0},
		"an invalid delay":            {[]*anypb.Any{delay(&durationpb.Duration{Seconds: 1 << 60})}, `{"said":"m"}`, false, 0},
		"no delay":                    {[]*anypb.Any{delay(nil)}, `{"said":"m"}`, false, 0},
		"more than an error may have": {[]*anypb.Any{info, encoded(&errdetails.DebugInfo{Detail: strings.Repeat("x", 64<<10)})}, `{"said":"m"}`, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			services := serveGRPC(t, upstream.Config{}, nil, func(context.Context) error {
				return status.ErrorProto(&rpc.Status{Code: int32(codes.Aborted), Message: "m", Details: c.details})
			})
			err := getStock(t, t.Context(), services)
			e, _ := errors.AsType[*upstream.StatusError](err)
			if e == nil || e.RetryAfter != c.retry {
				t.Fatalf("got %v", err)
			}
			of := func(code codes.Code, is string, path ...string) bool {
				return upstream.Holds(err, upstream.Condition{Code: code, Value: &decode.Condition{Path: path, Is: []string{is}}})
			}
			switch {
			case of(codes.Aborted, `"SOLD"`, "ErrorInfo", "reason") != c.holds, of(codes.Aborted, `"1"`, "ErrorInfo", "metadata", "a.b") != c.holds:
				t.Error("the other conditions hold")
			case of(codes.OK, "null", "x"), of(codes.NotFound, `"m"`, "message"), of(codes.Aborted, `"n"`, "message"), of(codes.Aborted, `"m"`, "message", "x"):
				t.Error("conditions hold that never do")
			case !of(codes.Aborted, `"m"`, "message"), !of(codes.Aborted, "null", "Help"), !of(codes.Aborted, "null", "ErrorInfo", "metadata", "x"):
				t.Error("conditions do not hold")
			}
			p, _ := errors.AsType[*problem.Error](upstream.Explain(err, "X", "m", upstream.Detail{Name: "info", Path: []string{"ErrorInfo"}},
				upstream.Detail{Name: "said", Path: []string{"message"}}, upstream.Detail{Name: "delay", Path: []string{"RetryInfo", "retryDelay"}}))
			if got, _ := json.Marshal(p.Extensions); string(got) != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
