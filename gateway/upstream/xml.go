package upstream

import (
	"context"

	"github.com/portico-gateway/portico/gateway/decode"
)

// GetXML is part of [HTTP].
func (c *httpClient) GetXML(ctx context.Context, r Request) (*decode.XML, error) {
	var answer *decode.XML
	if r.Accepts == nil {
		r.Accepts = c.xml
	}
	err := c.do(ctx, r, func(contentType, body string) error {
		if body == "" {
			return c.empty(r)
		}
		charset, err := c.charset(r, contentType, body)
		if err != nil {
			return err
		}
		answer = decode.NewXML(body, charset, c.sourceOf(r))
		return nil
	})
	return answer, err
}
