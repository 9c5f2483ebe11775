package transport

import (
	"mime"
	"strconv"
	"strings"
)

// The media types of answers.
const (
	graphqlJSON = "application/graphql-response+json"
	plainJSON   = "application/json"
	eventStream = "text/event-stream"
)

// negotiate chooses the media type of the answer: the one that the caller
// weighs most, and of equals the first in the header. A caller that takes
// anything gets application/json (GraphQL over HTTP, 6.1, legacy watershed).
func negotiate(accept []string) (format string, ok bool) {
	best := 0.0
	for entry := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		mediaType, params, err := mime.ParseMediaType(strings.TrimSpace(entry))
		if err != nil {
			continue
		}
		weight := 1.0
		if q, given := params["q"]; given {
			if weight, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		if offered, known := offer(mediaType); known && weight > best {
			format, best = offered, weight
		}
	}
	if strings.TrimSpace(strings.Join(accept, "")) == "" {
		return plainJSON, true
	}
	return format, format != ""
}

// offer is what answers a media range.
func offer(mediaType string) (string, bool) {
	switch mediaType {
	case graphqlJSON, plainJSON, eventStream:
		return mediaType, true
	case "*/*", "application/*":
		return plainJSON, true
	case "text/*":
		return eventStream, true
	}
	return "", false
}
