package e2e_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/portico-gateway/portico/demo/demotest"
)

// feedItem is a message of feed.proto: id, kind, label.
func feedItem(id string, kind uint64, label string) []byte {
	b := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), id)
	b = protowire.AppendVarint(protowire.AppendTag(b, 2, protowire.VarintType), kind)
	return protowire.AppendString(protowire.AppendTag(b, 3, protowire.BytesType), label)
}

// within is messages in field 1 of another.
func within(messages ...[]byte) []byte {
	var b []byte
	for _, m := range messages {
		b = protowire.AppendBytes(protowire.AppendTag(b, 1, protowire.BytesType), m)
	}
	return b
}

// rawMessage is a message whose wire format is known, but not its type.
func rawMessage(wire []byte) *emptypb.Empty {
	m := &emptypb.Empty{}
	m.ProtoReflect().SetUnknown(wire)
	return m
}

// codesByName are what a service of feed.proto fails with, when it is asked for
// such a name.
var codesByName = map[string]codes.Code{"CANCELLED": codes.Canceled, "DEADLINE_EXCEEDED": codes.DeadlineExceeded, "lost": codes.Unavailable}

func feedMethod(name string, answer func(name string) []byte) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name, Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		name := &wrapperspb.StringValue{} // has the request's format
		if err := decode(name); err != nil {
			return nil, err
		}
		if code := codesByName[name.GetValue()]; code != codes.OK {
			return nil, status.Error(code, "secret")
		}
		return rawMessage(answer(name.GetValue())), nil
	}}
}

// watchFeed sends good events and bad ones, then ends as the name says.
func watchFeed(_ any, stream grpc.ServerStream) error {
	name := &wrapperspb.StringValue{}
	if err := stream.RecvMsg(name); err != nil {
		return err
	}
	for _, item := range [][]byte{
		feedItem("1", 1, "one"), feedItem("2", 9, "an unknown kind"), feedItem("3", 1, "?"), nil, feedItem("5", 1, "five"),
	} {
		var event []byte
		if item != nil {
			event = within(item)
		}
		if err := stream.SendMsg(rawMessage(event)); err != nil {
			return err
		}
	}
	if code := codesByName[name.GetValue()]; code != codes.OK {
		return status.Error(code, "secret")
	}
	return nil
}

// startFeed runs the extension's gateway with a service of feed.proto.
func startFeed(t *testing.T) *gateway {
	t.Helper()
	server := grpc.NewServer()
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "feed.v1.Feed", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			feedMethod("Get", func(name string) []byte { return feedItem(name, 1, "detail") }),
			feedMethod("Related", func(string) []byte { return within(feedItem("6", 1, "six"), feedItem("lost", 1, "lost")) }),
		},
		Streams: []grpc.StreamDesc{{StreamName: "Watch", Handler: watchFeed, ServerStreams: true}},
	}, nil)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // until it is stopped
	}()
	t.Cleanup(func() {
		server.Stop()
		<-served
	})
	d := demotest.Start(t)
	return startExtended(t, d, loopback+authDemo(d), map[string]string{"feed": "grpc://" + listener.Addr().String()})
}

// all are the first n responses of a subscription, and what comes after them, the
// end included.
func all(t *testing.T, s stream, n int) (events []string, rest string) {
	t.Helper()
	defer s.close()
	for range n {
		events = append(events, s.next(t))
	}
	for {
		got := s.next(t)
		rest += got
		if !strings.HasPrefix(got, `{"errors"`) && !strings.HasPrefix(got, `{"data"`) { // complete, or over WebSocket an error
			return events, rest
		}
	}
}

// An event that fails is an error in its place, with a path from the root field
// on, and the next one follows. What ends the stream is the service's, and not the
// subscriber's, who is still there.
func TestErrorsOfEvents(t *testing.T) {
	const (
		null     = `{"it":null}}`
		up, must = `["it","related",1,"up"]`, `["it","related",1,"must"]`
		lost     = `{"it":{"related":[{"id":"6","up":{"id":"6"}},{"id":"lost","up":null}]}}`
		nonsense = `{"errors":[{"message":"The service gave an answer that makes no sense.","path":["it"],` +
			`"locations":[{"line":1,"column":16}],"extensions":{"code":"DOWNSTREAM_SERVICE_ERROR"}}],"data":`
	)
	below := func(path string, column int, data string) string {
		return fmt.Sprintf(`{"errors":[{"message":"The service failed.","path":%s,"locations":[{"line":1,"column":%d}],`+
			`"extensions":{"code":"DOWNSTREAM_SERVICE_ERROR","status":"UNAVAILABLE"}}],"data":%s}`, path, column, data)
	}
	// A value that is none is an error of its field, if it is selected.
	label := func(column int, data string) string {
		return strings.Replace(strings.Replace(nonsense, `["it"]`, `["it","label"]`, 1), `"column":16`, fmt.Sprintf(`"column":%d`, column), 1) + data
	}
	item := func(id, label string) string { return `{"data":{"it":{"id":"` + id + `","label":"` + label + `"}}}` }
	two := item("2", "AN UNKNOWN KIND")
	g := startFeed(t)
	for _, c := range []struct {
		document string
		want     []string
		end      string // what the last response has
	}{
		{`subscription { it: item(name: "x") { id label } }`,
			[]string{item("1", "ONE"), two, label(41, null), `{"data":{"it":null}}`, item("5", "FIVE")}, "complete"},
		{`subscription { it: sure(name: "x") { id label } }`,
			[]string{item("1", "ONE"), two, label(41, "null}"), nonsense + "null}", item("5", "FIVE")}, "complete"},
		{`subscription { it: item(name: "CANCELLED") { id label } }`,
			[]string{item("1", "ONE"), two, label(49, null), `{"data":{"it":null}}`, item("5", "FIVE")},
			`"extensions":{"code":"DOWNSTREAM_SERVICE_ERROR","status":"CANCELLED"}`},
		{`subscription { it: item(name: "DEADLINE_EXCEEDED") { id label } }`,
			[]string{item("1", "ONE"), two, label(57, null), `{"data":{"it":null}}`, item("5", "FIVE")}, `"extensions":{"code":"DOWNSTREAM_TIMEOUT"}`},
		{`subscription { it: item(name: "x") { related { id up: detail { id } } } }`, []string{
			below(up, 51, lost), below(up, 51, lost), below(up, 51, lost), `{"data":{"it":null}}`, below(up, 51, lost)}, "complete"},
		{`subscription { it: sure(name: "x") { related { must { id } } } }`, []string{
			below(must, 48, "null"), below(must, 48, "null"), below(must, 48, "null"), nonsense + "null}", below(must, 48, "null")}, "complete"},
	} {
		for name, open := range map[string]func(*testing.T, *gateway, string, string) stream{"WebSocket": openSocketOf, "server-sent events": openEventsOf} {
			events, rest := all(t, open(t, g, "feed", c.document), len(c.want))
			if !slices.Equal(events, c.want) || !strings.Contains(rest, c.end) || strings.Contains(rest, "cancelled") {
				t.Errorf("%s over %s\ngot  %s\n     %s\nwant %s\n     %s", c.document, name,
					strings.Join(events, "\n     "), rest, strings.Join(c.want, "\n     "), c.end)
			}
		}
	}
	// The calls of queries are cancelled by services in the same way.
	for name, code := range map[string]string{"CANCELLED": "DOWNSTREAM_SERVICE_ERROR", "DEADLINE_EXCEEDED": "DOWNSTREAM_TIMEOUT"} {
		if a := g.query(t, "feed", `query($name: String!) { feedItem(name: $name) { id } }`, map[string]any{"name": name}); a.code() != code || string(a.Data) != `{"feedItem":null}` {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}
