package binding

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// key reads how rows are matched: by key: "id", or "id={$batch.x}", or as match says.
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
	if match := Match(raw(d, "match")); match == ByMap || match == ByPosition {
		return r.matched(d, match, batch)
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
	key := &Key{Match: ByKey, Batch: batch, Pos: arg.Value.Position}
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

// matched reads match: MAP and POSITION, with which rows have no key. batch is the
// field of the parents that the call sends; nil for none.
func (r *reader) matched(d *ast.Directive, match Match, batch *directive.Var) *Key {
	pos := d.Arguments.ForName("match").Value.Position
	if arg := d.Arguments.ForName("key"); arg != nil {
		r.fail(arg.Position, "remove it", "match: %s needs no key: rows are not matched by a field of theirs", match)
		return nil
	}
	if batch == nil {
		if r.failed {
			return nil
		}
		r.fail(pos, "put {$batch.x} into the call", "match: %s is for a batch, and the call sends no keys of the parents", match)
		return nil
	}
	if r.binding.REST != nil && r.binding.REST.XML && match == ByMap {
		r.fail(pos, "use key, or match: POSITION", "match: MAP is for JSON and gRPC: the names of elements in XML can't be any keys")
		return nil
	}
	if match == ByPosition && !r.failed {
		r.sentOnce(batch)
	}
	return &Key{Match: match, Batch: batch, Pos: pos}
}

// sentOnce checks that the call sends the keys once and as a whole value, so that
// they have an order.
func (r *reader) sentOnce(batch *directive.Var) {
	whole, all := 0, 0
	for _, text := range r.binding.texts() {
		count := len(slices.DeleteFunc(text.Vars(), func(v *directive.Var) bool { return v.Root != directive.Batch }))
		all += count
		if count > 0 && text.Alone() != nil {
			whole++
		}
	}
	if whole != 1 || all != 1 {
		r.fail(batch.Pos, "send it once, and as a whole value", "match: POSITION is for a call that sends one list of keys, in whose order the answer is")
	}
}
