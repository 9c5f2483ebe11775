package upstream_test

import (
	"testing"

	"github.com/portico-gateway/portico/gateway/problem"
	"github.com/portico-gateway/portico/gateway/upstream"
)

func TestIsEmpty(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		empty  bool
	}{
		"200 without a body": {200, "", true},
		"201 without a body": {201, "", true},
		"204":                {204, "", true},
		"205":                {205, "", true},
		"205 with a body":    {205, `{"id":"a"}`, true},
		"white space":        {200, "\n", false},
		"an empty object":    {200, "{}", false},
		"an error":           {500, "", false},
	} {
		for _, mediaType := range []string{"application/json", "text/html", ""} {
			client := open(t, upstream.Config{URL: serve(t, answers(c.status, mediaType, c.body))})
			for _, method := range []string{"GET", "POST"} {
				_, err := client.GetJSON(t.Context(), upstream.Request{Method: method})
				if upstream.IsEmpty(err) != c.empty || c.empty && problem.CodeOf(err) != problem.ServiceError {
					t.Errorf("%s of %s, %s: %v", name, mediaType, method, err)
				}
				if _, err = client.GetXML(t.Context(), upstream.Request{Method: method}); upstream.IsEmpty(err) != c.empty {
					t.Errorf("%s of %s as XML, %s: %v", name, mediaType, method, err)
				}
			}
		}
	}
}
