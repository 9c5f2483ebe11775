package upstream

import (
	"context"

	"github.com/portico-gateway/portico/gateway/decode"
)

// GetXML sends a request and returns a reader of the XML of its answer.
func (c *HTTP) GetXML(ctx context.Context, r Request) (*decode.XML, error) {
	var answer *decode.XML
	err := c.do(ctx, r, func(mediaType, body string) error {
		parameters, err := c.is(mediaType, "xml", body)
		if err != nil {
			return err
		}
		answer = decode.NewXML(body, parameters["charset"], c.Source(r.Binding))
		return nil
	})
	return answer, err
}
