package binding

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// key reads how rows are matched: "id", or "id={$batch.x}".
func (r *reader) key(d *ast.Directive) *Key {
	var batch *directive.Var
	for _, v := range r.binding.Vars() {
		if v.Root != directive.Batch {
			continue
		}
		if batch != nil && batch.String() != v.String() {
			r.fail(v.Pos, "use one of them; $this.x makes a call for each parent", "a batch has one key, but this one has %s and %s", batch, v)
			return nil
		}
		batch = v
	}
	arg := d.Arguments.ForName("key")
	switch {
	case arg == nil && batch == nil:
		return nil
	case arg == nil:
		r.fail(d.Position, `add key: "id", the field of a row that has the value of `+batch.String(), "a batch needs a key that matches rows to parents")
		return nil
	}
	row, rest, given := strings.Cut(arg.Value.Raw, "=")
	key := &Key{Batch: batch, Pos: arg.Value.Position}
	if given {
		text := r.text(arg.Value, len(arg.Value.Raw)-len(rest))
		if v := text.Alone(); v != nil && v.Root == directive.Batch && (batch == nil || batch.String() == v.String()) {
			key.Batch = v
		} else if !r.failed {
			r.fail(arg.Value.Position, `write "id={$batch.x}"`, "%q is not a key of the parents", rest)
		}
	}
	if key.Batch == nil && !r.failed {
		r.fail(arg.Value.Position, `put {$batch.x} into the call, or write key: "`+row+`={$batch.x}"`, "the binding has no key of the parents")
	}
	path, err := directive.ParsePath(row)
	if err != nil {
		r.fail(arg.Value.Position, "", "%v", err)
	}
	key.Row = path
	return key
}
