package upstream

import (
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"github.com/portico-gateway/portico/gateway/decode"
	"github.com/portico-gateway/portico/gateway/problem"
)

// received is a message of a stream. If it can't be decoded, it is an event with an error, after
// which the stream goes on.
type received[Res any] struct {
	message *Res
	bad     error
}

// into returns what the message is decoded into, and what notes that it can't be.
func (r *received[Res]) into() (message any, bad *error) { return r.message, &r.bad }

// of returns the message, or the error of its event.
func (r *received[Res]) of(service string) (*Res, error) {
	if r.bad != nil {
		return nil, problem.OfEvent(decode.Source{Service: service}.Malformed("a message of a stream", r.bad))
	}
	return r.message, nil
}

// eventCodec decodes messages into [received]. grpc ends a stream when a codec fails.
type eventCodec struct{ encoding.CodecV2 }

func newEventCodec() eventCodec { return eventCodec{encoding.GetCodecV2("proto")} }

// Name is part of [encoding.CodecV2]. It is empty, so that the media type has no suffix, as that of other calls.
func (eventCodec) Name() string { return "" }

// Unmarshal is part of [encoding.CodecV2].
func (c eventCodec) Unmarshal(data mem.BufferSlice, v any) error {
	of, ok := v.(interface{ into() (any, *error) })
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	message, bad := of.into()
	*bad = c.CodecV2.Unmarshal(data, message)
	return nil
}
