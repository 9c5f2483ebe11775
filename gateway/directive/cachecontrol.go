package directive

import (
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// Scope says for whom an answer may be cached.
type Scope string

// The scopes.
const (
	Unscoped Scope = ""        // the directive has none
	Public   Scope = "PUBLIC"  // for all callers
	Private  Scope = "PRIVATE" // for one caller
)

// CacheControl is @cacheControl in one place. The zero value is that of no
// directive.
type CacheControl struct {
	// MaxAge is how long an answer is fresh; nil if the directive has none. It
	// is at most [LongestAge].
	MaxAge *time.Duration
	// StaleWhileRevalidate is how long after MaxAge the stale answer may be
	// served while a new one is made; nil if the directive has none, or no
	// MaxAge.
	StaleWhileRevalidate *time.Duration
	// StaleIfError is how long after MaxAge the stale answer may be served if
	// services fail; nil if the directive has none, or no MaxAge.
	StaleIfError *time.Duration
	Scope        Scope
	// InheritMaxAge makes a field inherit the MaxAge of the object that it belongs to.
	InheritMaxAge bool
}

// LongestAge is the largest age that HTTP caches have to handle (RFC 9111,
// section 1.2.2).
const LongestAge = 1 << 31 * time.Second

// CacheControlOf returns @cacheControl of one place. The extensions of a type
// may repeat it; the last value of each argument counts. The two stale times
// belong to the maxAge that they are written with.
func CacheControlOf(directives ast.DirectiveList) CacheControl {
	var c CacheControl
	for _, d := range directives.ForNames(NameCacheControl) {
		if age := seconds(d, "maxAge"); age != nil {
			c.MaxAge, c.StaleWhileRevalidate, c.StaleIfError = age, seconds(d, "staleWhileRevalidate"), seconds(d, "staleIfError")
		}
		if scope := argument(d, "scope"); scope != nil && scope.Kind == ast.EnumValue {
			c.Scope = Scope(scope.Raw)
		}
		c.InheritMaxAge = flag(d, "inheritMaxAge", c.InheritMaxAge)
	}
	return c
}

// Or returns c with the values of other where c has none. A field's directive
// takes precedence over that of the type of its value.
func (c CacheControl) Or(other CacheControl) CacheControl {
	if c.MaxAge == nil {
		c.MaxAge, c.StaleWhileRevalidate, c.StaleIfError = other.MaxAge, other.StaleWhileRevalidate, other.StaleIfError
	}
	if c.Scope == Unscoped {
		c.Scope = other.Scope
	}
	c.InheritMaxAge = c.InheritMaxAge || other.InheritMaxAge
	return c
}

// seconds returns an argument that is a number of seconds; nil if it is absent,
// negative or not a number.
func seconds(d *ast.Directive, name string) *time.Duration {
	arg := argument(d, name)
	if arg == nil || arg.Kind != ast.IntValue {
		return nil
	}
	value, err := arg.Value(nil)
	n, ok := value.(int64)
	if err != nil || !ok || n < 0 {
		return nil
	}
	age := time.Duration(min(n, int64(LongestAge/time.Second))) * time.Second
	return &age
}

// cacheControl checks @cacheControl in one place.
func (c checker) cacheControl(directives ast.DirectiveList) {
	for _, d := range directives.ForNames(NameCacheControl) {
		if !c.literals(d) {
			continue
		}
		for _, name := range []string{"maxAge", "staleWhileRevalidate", "staleIfError"} {
			if arg := d.Arguments.ForName(name); arg != nil && strings.HasPrefix(arg.Value.Raw, "-") {
				c.report(arg.Value.Position, "", "%s must not be negative", name)
			}
		}
		age, inherit := d.Arguments.ForName("maxAge"), d.Arguments.ForName("inheritMaxAge")
		if age != nil && inherit != nil && inherit.Value.Raw == "true" {
			c.report(inherit.Position, "remove one of them", "a field can't both have a maxAge and inherit one")
		}
		for _, name := range []string{"staleWhileRevalidate", "staleIfError"} {
			if arg := d.Arguments.ForName(name); arg != nil && age == nil {
				c.report(arg.Position, "add maxAge", "%s begins when maxAge ends, but there is no maxAge", name)
			}
		}
	}
}

// cached reports directives about caching at fields that are not cached.
func (c checker) cached(def *ast.Definition, field *ast.FieldDefinition) {
	what := ""
	switch def {
	case c.Schema.Mutation:
		what = "a mutation"
	case c.Schema.Subscription:
		what = "a subscription"
	default:
		return
	}
	for _, name := range []string{NameCacheControl, NameCacheTag} {
		if d := field.Directives.ForName(name); d != nil {
			c.report(d.Position, "remove it", "%s.%s is %s: only queries are cached", def.Name, field.Name, what)
		}
	}
}
