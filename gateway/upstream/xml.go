package upstream

import (
	"context"

	"github.com/portico-gateway/portico/gateway/decode"
)

// GetXML sends a request and returns a reader of the XML of its answer. The
// error of an answer without content is one of [IsEmpty].
func (c *HTTP) GetXML(ctx context.Context, r Request) (*decode.XML, error) {
	var answer *decode.XML
	err := c.do(ctx, r, func(mediaType, body string) error {
		if body == "" {
			return c.empty(r)
		}
		parameters, err := c.is(mediaType, "xml", body)
		if err != nil {
			return err
		}
		answer = decode.NewXML(body, parameters["charset"], c.Source(r.Binding))
		return nil
	})
	return answer, err
}
