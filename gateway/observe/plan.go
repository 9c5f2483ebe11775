package observe

import (
	"fmt"
	"strconv"
	"time"
)

// Call is a call of a service for a slow operation.
type Call struct {
	Service, Version, Route string
	Keys                    int
	Cache                   string        // how what it would read was found without it; empty for a call
	From, To                time.Duration // since the operation began; To is 0 if it has not ended
	Attempts                int
	Outcome                 string // the code of a problem; empty if it succeeded
}

// appendPlan appends the calls as members of JSON.
func (l *Line) appendPlan(b []byte) []byte {
	b = append(b, `,"plan":[`...)
	for i := range l.Plan {
		if i > 0 {
			b = append(b, ',')
		}
		b = l.Plan[i].appendJSON(b)
	}
	b = append(b, ']')
	if l.More > 0 {
		b = strconv.AppendInt(append(b, `,"planMore":`...), int64(l.More), 10)
	}
	return b
}

func (c *Call) appendJSON(b []byte) []byte {
	b = appendString(append(b, `{"service":`...), c.Service)
	b = appendField(b, `,"version":"`, c.Version)
	b = appendField(b, `,"route":"`, c.Route)
	if c.Keys > 0 {
		b = strconv.AppendInt(append(b, `,"keys":`...), int64(c.Keys), 10)
	}
	b = appendField(b, `,"cache":"`, c.Cache)
	if c.Cache == "" {
		b = strconv.AppendInt(append(b, `,"attempts":`...), int64(c.Attempts), 10)
	}
	b = appendField(b, `,"outcome":"`, c.Outcome)
	b = appendMillis(append(b, `,"fromMs":`...), c.From)
	if c.To > 0 {
		b = appendMillis(append(b, `,"toMs":`...), c.To)
	}
	return append(b, '}')
}

// appendText appends the call for a person.
func (c *Call) appendText(b []byte) []byte {
	b = fmt.Appendf(b, "\n         %v", c.From.Round(10*time.Microsecond))
	if c.To > 0 {
		b = fmt.Appendf(b, " to %v", c.To.Round(10*time.Microsecond))
	}
	b = fmt.Appendf(b, " %s %s", c.Service, c.Route)
	if c.Keys > 0 {
		b = fmt.Appendf(b, " %d keys", c.Keys)
	}
	if c.Attempts > 1 {
		b = fmt.Appendf(b, " %d attempts", c.Attempts)
	}
	if what := c.Cache + c.Outcome; what != "" {
		b = append(append(b, ' '), printableText(what)...)
	}
	return b
}
