package upstream_test

import (
	"context"
	"errors"
	"iter"
	"net"
	"slices"
	"strconv"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"

	"github.com/portico-gateway/portico/clients/inventory/inventorypb"
	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

// rawCodec sends bytes as they are.
type rawCodec struct{}

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	text, _ := v.([]byte)
	return mem.BufferSlice{mem.SliceBuffer(text)}, nil
}
func (rawCodec) Unmarshal(mem.BufferSlice, any) error { return nil }
func (rawCodec) Name() string                         { return "proto" }

// A message of a stream that can't be decoded is one event with an error, also if it is the first one, and the stream
// goes on; subscribers that share it each get it.
func TestMessagesThatAreMalformed(t *testing.T) {
	good := func(available byte) []byte { return []byte{0x0a, 0x05, 0x0a, 0x01, 'p', 0x10, available} }
	server := grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		if md, _ := metadata.FromIncomingContext(stream.Context()); !slices.Equal(md.Get("content-type"), []string{"application/grpc"}) {
			t.Errorf("the media type is %q", md.Get("content-type"))
		}
		if err := stream.RecvMsg(nil); err != nil {
			return err
		}
		for _, message := range [][]byte{{0x0a, 0x03, 0x0a, 0x01, 0xff}, good(1), {0x0a, 0xff}, {0xff}, good(2)} {
			if err := stream.SendMsg(message); err != nil {
				return err
			}
		}
		return nil
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(l) }()
	defer server.Stop()
	services, err := upstream.Open([]upstream.Config{{Name: "inventory", URL: "grpc://" + l.Addr().String()}})
	if err != nil {
		t.Fatal(err)
	}
	defer services.Close()
	client, err := services.GRPC("inventory")
	if err != nil {
		t.Fatal(err)
	}
	type (
		request = inventorypb.WatchStockRequest
		message = inventorypb.WatchStockResponse
	)
	const method = "/inventory.v1.InventoryService/WatchStock"
	for name, open := range map[string]func(context.Context) (iter.Seq2[*message, error], error){
		"own": func(ctx context.Context) (iter.Seq2[*message, error], error) {
			return upstream.Follow[request, message](ctx, client, method, &request{})
		},
		"shared": func(ctx context.Context) (iter.Seq2[*message, error], error) {
			return upstream.FollowShared[request, message](ctx, client, upstream.ShareEvents, method, &request{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			messages, err := open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for stock, err := range upstream.Events(messages, func(m *message) (int32, error) { return m.GetStock().GetAvailable(), nil }) {
				_, ofEvent := errors.AsType[*problem.EventError](err)
				switch {
				case err == nil:
					got = append(got, strconv.Itoa(int(stock)))
				case ofEvent && problem.CodeOf(err) == problem.ServiceError:
					got = append(got, "bad")
				default:
					t.Error(err)
				}
			}
			if want := []string{"bad", "1", "bad", "bad", "2"}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
