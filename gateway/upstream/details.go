package upstream

import (
	"bytes"
	"encoding/json"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/portico-gateway/portico/gateway/decode"
)

// A gRPC error has no body. Paths lead to the values of its status instead, as if this
// were its body: {"message": "…", "BadRequest": {…}, "ErrorInfo": {…}}. It has a member
// for each type of details in google/rpc/error_details.proto, in JSON as protojson
// writes it. Of several details of one type, the first counts.

// messageMember is the member that has the message of a status.
const messageMember = "message"

// details are those of a gRPC status that are known, by the names of their types.
type details map[string]proto.Message

// detailsOf returns the details of a status that has at most as many bytes as an error
// keeps. Other types, and messages that are not well-formed, are left out.
func detailsOf(s *status.Status) details {
	list := s.Proto().GetDetails()
	if len(list) == 0 || proto.Size(s.Proto()) > bodyOfError {
		return nil
	}
	known := errdetails.File_google_rpc_error_details_proto.Messages()
	d := details{}
	for _, one := range list {
		full := one.MessageName()
		if full.Parent() != "google.rpc" || known.ByName(full.Name()) == nil || d[string(full.Name())] != nil {
			continue
		}
		if message, err := one.UnmarshalNew(); err == nil {
			d[string(full.Name())] = message
		}
	}
	return d
}

// retryAfter returns the time after which the service may be called again; 0 if the
// details don't say so.
func (d details) retryAfter() time.Duration {
	info, _ := d["RetryInfo"].(*errdetails.RetryInfo)
	if delay := info.GetRetryDelay(); delay.IsValid() {
		return min(max(delay.AsDuration(), 0), longestRetry)
	}
	return 0
}

// find returns the value of an error of gRPC that a path leads to, for a condition.
func (d details) find(message string, path []string) decode.Found {
	switch {
	case len(path) == 1 && path[0] == messageMember:
		return decode.FindInMessage(wrapperspb.String(message), nil)
	case len(path) == 0 || d[path[0]] == nil:
		return decode.Found{}
	}
	return decode.FindInMessage(d[path[0]], path[1:])
}

// body returns the status as JSON. A detail that JSON can't have, such as an invalid
// duration, is left out.
func (d details) body(message string) string {
	members := map[string]json.RawMessage{}
	members[messageMember], _ = json.Marshal(message) // a string is always JSON
	for name, detail := range d {
		var compact bytes.Buffer // protojson adds white space at random
		if text, err := protojson.Marshal(detail); err == nil && json.Compact(&compact, text) == nil {
			members[name] = compact.Bytes()
		}
	}
	text, _ := json.Marshal(members)
	return string(text)
}
