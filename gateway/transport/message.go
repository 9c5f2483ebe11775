package transport

import (
	"bytes"
	"encoding/json"

	"github.com/portico-gateway/portico/gateway/answer"
)

// The types of messages of graphql-transport-ws.
const (
	typeInit      = "connection_init"
	typeAck       = "connection_ack"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeNext      = "next"
	typeError     = "error"
	typeComplete  = "complete"
)

// longestID is the most bytes of an operation's id, which each of its messages
// has.
const longestID = 256

// message is one of a client.
type message struct {
	kind    string
	id      string
	payload json.RawMessage // of a ping or pong, as it was sent; nil if it was not
	request *Request
	init    map[string]any
}

// parseMessage reads a message and checks it: it has a type that clients send,
// the id that the type needs, and a payload of the right shape. It is false
// otherwise. It has no part of the data.
func parseMessage(data []byte) (*message, bool) {
	m := &message{}
	err := decodeObject(data, func(d *decoder, name string) (err error) {
		switch name {
		case "type":
			return d.string(name, &m.kind)
		case "id":
			return d.string(name, &m.id)
		case "payload":
			m.payload, err = d.raw()
			return err
		}
		return d.skip()
	})
	return m, err == nil && m.check()
}

func (m *message) check() bool {
	if len(m.id) > longestID {
		return false
	}
	payload := m.payload
	m.payload = nil
	switch m.kind {
	case typeInit:
		return payload == nil || decodeMap(payload, &m.init) == nil
	case typePing, typePong:
		m.payload = bytes.Clone(payload) // the data may be used again
		return payload == nil || decodeMap(payload, new(map[string]any)) == nil
	case typeComplete:
		return m.id != ""
	case typeSubscribe:
		request, problem := decodeRequest(payload)
		m.request = request
		return m.id != "" && problem == nil
	}
	return false
}

// appendNext writes a message with a response of an operation.
func appendNext(b *bytes.Buffer, id string, a *answer.Answer) {
	begin(b, typeNext, id)
	b.WriteString(`,"payload":`)
	b.Write(a.Append(b.AvailableBuffer()))
	b.WriteByte('}')
}

// appendError writes a message with the errors of an operation that was not
// executed.
func appendError(b *bytes.Buffer, id string, a *answer.Answer) {
	begin(b, typeError, id)
	b.WriteString(`,"payload":`)
	b.Write(a.AppendErrors(b.AvailableBuffer()))
	b.WriteByte('}')
}

// appendComplete writes the message that ends an operation.
func appendComplete(b *bytes.Buffer, id string) {
	begin(b, typeComplete, id)
	b.WriteByte('}')
}

// appendControl writes a message that concerns no operation.
func appendControl(b *bytes.Buffer, kind string, payload json.RawMessage) {
	begin(b, kind, "")
	if payload != nil {
		b.WriteString(`,"payload":`)
		b.Write(payload)
	}
	b.WriteByte('}')
}

func begin(b *bytes.Buffer, kind, id string) {
	b.WriteString(`{"type":"`)
	b.WriteString(kind)
	b.WriteByte('"')
	if id != "" {
		text, _ := json.Marshal(id) // a string always can be
		b.WriteString(`,"id":`)
		b.Write(text)
	}
}
