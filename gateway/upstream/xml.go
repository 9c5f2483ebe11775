package upstream

import (
	"context"
	"encoding/xml"
)

// GetXML decodes the XML that the service answers a request with. Go's decoder
// expands no entities but XML's own.
func GetXML[T any](ctx context.Context, c *HTTP, r Request) (T, error) {
	return decoded[T](ctx, c, r, "xml", xml.Unmarshal)
}
