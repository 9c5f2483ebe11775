package binding

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/portico-gateway/portico/gateway/directive"
)

// key reads how rows are matched: by key: "id", or "id={$batch.x}", or several of
// these, or as match says.
func (r *reader) key(d *ast.Directive) *Key {
	var sent []*directive.Var
	for _, v := range r.binding.Vars() {
		if v.Root == directive.Batch && !slices.ContainsFunc(sent, func(have *directive.Var) bool { return have.String() == v.String() }) {
			sent = append(sent, v)
		}
	}
	match, arg := Match(raw(d, "match")), d.Arguments.ForName("key")
	if len(sent) > 1 && (match == ByMap || match == ByPosition || arg == nil || len(directive.Items(arg.Value)) == 1) {
		r.fail(sent[1].Pos, "use one of them; or name both in key: \"shop={$batch.shopId}\" and \"sku={$batch.sku}\"; or use $this.x",
			"a batch has one key, but this one has %s and %s", sent[0], sent[1])
		return nil
	}
	if match == ByMap || match == ByPosition {
		return r.matched(d, match, sent)
	}
	switch {
	case arg == nil && sent == nil:
		return nil
	case arg == nil:
		r.fail(d.Position, `add key: "id", the field of a row that has the value of `+sent[0].String(), "a batch needs a key that matches rows to parents")
		return nil
	case len(directive.Items(arg.Value)) == 0:
		r.fail(arg.Value.Position, `write the name of a field, such as key: "id"`, "the key is empty")
		return nil
	}
	key := &Key{Match: ByKey, Pos: arg.Value.Position}
	items := directive.Items(arg.Value)
	for _, item := range items {
		var alone *directive.Var
		if len(items) == 1 && len(sent) == 1 {
			alone = sent[0]
		}
		key.Parts = append(key.Parts, r.keyPart(item, alone, len(items) > 1))
	}
	r.checkParts(key, sent)
	return key
}

// keyPart reads one value of a key. sent is the field of the parents that the call
// sends, if it is only one.
func (r *reader) keyPart(v *ast.Value, sent *directive.Var, several bool) KeyPart {
	row, rest, given := strings.Cut(v.Raw, "=")
	part := KeyPart{Batch: sent, Pos: v.Position}
	if given {
		text := r.text(v, len(v.Raw)-len(rest))
		if one := text.Alone(); one != nil && one.Root == directive.Batch && (sent == nil || sent.String() == one.String()) {
			part.Batch = one
		} else if !r.failed {
			r.fail(v.Position, `write "id={$batch.x}"`, "%q is not a key of the parents", rest)
		}
	}
	switch {
	case part.Batch != nil || r.failed:
	case several:
		r.fail(v.Position, `write "`+row+`={$batch.x}"`, "the key %s names no field of the parents", row)
	default:
		r.fail(v.Position, `put {$batch.x} into the call, or write key: "`+row+`={$batch.x}"`, "the binding has no key of the parents")
	}
	path, err := directive.ParsePath(row)
	if err != nil {
		r.fail(v.Position, "", "%v", err)
	}
	part.Row = path
	return part
}

// checkParts checks that the values of a key are those that the call sends.
func (r *reader) checkParts(key *Key, sent []*directive.Var) {
	if r.failed {
		return
	}
	seen := map[string]bool{}
	for _, part := range key.Parts {
		if seen[part.Batch.String()] {
			r.fail(part.Pos, "remove it", "%s is twice in the key", part.Batch)
			return
		}
		seen[part.Batch.String()] = true
	}
	for _, v := range sent {
		if !seen[v.String()] {
			r.fail(v.Pos, `add "name={`+v.String()+`}" to key`, "%s is sent, but it is not in the key", v)
		}
	}
}

// matched reads match: MAP and POSITION, with which rows have no key. sent is the field
// of the parents that the call sends, if any.
func (r *reader) matched(d *ast.Directive, match Match, sent []*directive.Var) *Key {
	pos := d.Arguments.ForName("match").Value.Position
	if arg := d.Arguments.ForName("key"); arg != nil {
		r.fail(arg.Position, "remove it", "match: %s needs no key: rows are not matched by a field of theirs", match)
		return nil
	}
	if sent == nil {
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
		r.sentOnce(sent[0])
	}
	return &Key{Match: match, Parts: []KeyPart{{Batch: sent[0], Pos: pos}}, Pos: pos}
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
