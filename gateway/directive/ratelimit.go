package directive

import (
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// RateLimit is @rateLimit of a field: how often it may be requested.
type RateLimit struct {
	// Max is the number of requests in a window; 0 allows none.
	Max int
	// Window is the length of a window; 0 if the directive has no valid one.
	Window time.Duration
	// By distinguishes callers, by all of its values together. If it is empty,
	// all callers share one limit.
	By []By
}

// The values that distinguish callers, besides arguments.
const (
	ByPrincipal = "principal"
	ByAddress   = "address"
)

// byArgument is the prefix of an argument.
const byArgument = "args."

// By is a value that distinguishes callers.
type By struct {
	// Text is the value as it is written: [ByPrincipal], [ByAddress] or
	// "args.input.id".
	Text string
	// Argument is the path of the value in the field's arguments; nil for the
	// other two.
	Argument ArgumentPath
}

// RateLimitOf returns @rateLimit; nil if there is none. Invalid numbers are 0,
// so that a mistake never allows more.
func RateLimitOf(directives ast.DirectiveList) *RateLimit {
	d := directives.ForName(NameRateLimit)
	if d == nil {
		return nil
	}
	l := &RateLimit{By: []By{{Text: ByPrincipal}}}
	if value := argument(d, "max"); value != nil {
		if n, err := strconv.Atoi(value.Raw); err == nil {
			l.Max = n
		}
	}
	if value := argument(d, "window"); value != nil {
		if window, err := time.ParseDuration(value.Raw); err == nil && window > 0 {
			l.Window = window
		}
	}
	if value := argument(d, "by"); value != nil {
		l.By = nil
		for _, item := range Items(value) {
			l.By = append(l.By, readBy(item.Raw))
		}
	}
	return l
}

func readBy(text string) By {
	by := By{Text: text}
	if text != ByPrincipal && text != ByAddress {
		by.Argument = strings.Split(strings.TrimPrefix(text, byArgument), ".")
	}
	return by
}

// rateLimit checks @rateLimit of a field.
func (c checker) rateLimit(field *ast.FieldDefinition) {
	d := field.Directives.ForName(NameRateLimit)
	if d == nil || !c.literals(d) {
		return
	}
	most, window := d.Arguments.ForName("max").Value, d.Arguments.ForName("window").Value
	if n, err := strconv.Atoi(most.Raw); err != nil || n < 1 {
		c.report(most.Position, "", "max must be at least 1")
	}
	if lasts, err := time.ParseDuration(window.Raw); err != nil || lasts < time.Second || lasts > 24*time.Hour {
		c.report(window.Position, `write a time such as "10s", "1m" or "24h", from a second to a day`, "the window can't be %s", window)
	}
	by := items(d, "by")
	if len(by) == 0 && d.Arguments.ForName("by") != nil {
		c.report(d.Arguments.ForName("by").Value.Position, `write "principal", "address" or "args.<name>"`, "by is empty")
	}
	for i, item := range by {
		if !c.again(by[:i], item) {
			c.by(field, item)
		}
	}
}

// by checks a value that distinguishes callers.
func (c checker) by(field *ast.FieldDefinition, item *ast.Value) {
	path, ofArguments := strings.CutPrefix(item.Raw, byArgument)
	switch {
	case item.Raw == ByPrincipal || item.Raw == ByAddress:
	case !ofArguments:
		have := []string{ByPrincipal, ByAddress}
		for _, arg := range field.Arguments {
			have = append(have, byArgument+arg.Name)
		}
		c.report(item.Position, c.hint(item.Raw, have), "%s does not distinguish callers", item)
	default:
		at := *item
		at.Raw = path
		if typ, what := c.argument(field, &at); typ != nil && (typ.Elem != nil || !c.Schema.Types[typ.Name()].IsLeafType()) {
			c.report(item.Position, "", "%s has the type %s, but only scalars and enums distinguish callers", what, typ)
		}
	}
}
