package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/portico-gateway/portico/gateway/apidocs"
)

// mostShown is the most bytes of an answer that are shown.
const mostShown = 16 << 10

// answer runs the examples of a source that only read, and adds their answers, or why there is none.
func (f docsFlags) answer(ctx context.Context, s *apidocs.Source) error {
	to := sending{f.run, s.Frontend, f.header}
	s.Answers = map[string]apidocs.Answer{}
	for _, e := range apidocs.New(*s).Examples { //nolint:contextcheck // values of examples are read without one
		if why := f.notRun(e); why != "" {
			s.Answers[e.Name] = apidocs.Answer{Note: "not run: " + why}
			continue
		}
		got, err := to.send(ctx, map[string]any{"query": e.Document})
		if err != nil {
			return fmt.Errorf("%s/%s: %w", s.Frontend, e.Name, err)
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, got.text, "", "  "); err != nil {
			return fmt.Errorf("%s/%s: %s answers %s, which is no answer to a GraphQL request", s.Frontend, e.Name, got.from, got.status)
		}
		s.Answers[e.Name] = answerOf(pretty.String())
	}
	return nil
}

// notRun returns why an example is not run; empty if it is.
func (f docsFlags) notRun(e apidocs.Example) string {
	switch {
	case e.Kind == "":
		return "it does not match the schema"
	case e.Kind != "query":
		return "it is a " + e.Kind
	case !e.Runs():
		return "it needs variables"
	case e.Restricted && len(f.header) == 0:
		return "it needs a token"
	}
	return ""
}

func answerOf(text string) apidocs.Answer {
	if len(text) <= mostShown {
		return apidocs.Answer{Text: text}
	}
	cut := strings.ToValidUTF8(text[:mostShown], "")
	return apidocs.Answer{Text: cut, Note: fmt.Sprintf("the first %d of %d bytes", len(cut), len(text))}
}
