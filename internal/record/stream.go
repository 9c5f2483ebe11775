package record

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"strings"
)

// wholeEvents returns the part of the body of a stream that ends with an event, or with a message of gRPC; nothing for other
// bodies.
func wholeEvents(mediaType string, body []byte) []byte {
	switch {
	case strings.HasPrefix(mediaType, "text/event-stream"):
		if at := bytes.LastIndex(body, []byte("\n\n")); at >= 0 {
			return body[:at+2]
		}
		return nil
	case strings.HasPrefix(mediaType, "application/x-ndjson"):
		return body[:bytes.LastIndexByte(body, '\n')+1]
	case !strings.HasPrefix(mediaType, "application/grpc"):
		return nil
	}
	// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: a byte, the length in four, the message.
	end := 0
	for len(body)-end >= 5 {
		next := end + 5 + int(binary.BigEndian.Uint32(body[end+1:]))
		if next > len(body) {
			break
		}
		end = next
	}
	return body[:end]
}

// endOf returns the trailer with which a stream ends well.
func endOf(mediaType string) http.Header {
	if strings.HasPrefix(mediaType, "application/grpc") {
		return http.Header{"Grpc-Status": {"0"}}
	}
	return nil
}
