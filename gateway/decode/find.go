package decode

import (
	"strconv"
	"strings"
)

// Found is a value that a path leads to. The zero value is that of a path that
// leads nowhere.
type Found struct {
	json string
	xml  *element // the first of a member, or one element
	all  bool     // of a member
	zero bool     // the value of an enum that has the number 0
}

// Find reads the values that paths lead to, and nothing else, in one pass over
// the text. A path has the names of members and the positions of items in lists,
// such as errors, 0, code. The reader must be new; nothing more can be read from
// it. The error is that of a text that is not well-formed.
func (d *JSON) Find(paths ...[]string) ([]Found, error) {
	f := &finder{JSON: d, paths: paths, found: make([]Found, len(paths))}
	all := make([]int, len(paths))
	for i := range all {
		all[i] = i
	}
	f.value(all, 0)
	if err := d.End(); err != nil {
		return nil, err
	}
	return f.found, nil
}

// finder is what [JSON.Find] needs. It has as many levels as a path has names.
type finder struct {
	*JSON
	paths [][]string
	found []Found
}

// value reads a value that some paths lead to or through. depth is the number of
// names before it.
func (f *finder) value(of []int, depth int) {
	open := f.peek()
	from := f.at
	var inner []int
	for _, i := range of {
		if len(f.paths[i]) > depth {
			inner = append(inner, i)
		}
	}
	switch {
	case len(inner) > 0 && open == '{':
		f.members(inner, depth)
	case len(inner) > 0 && open == '[':
		f.items(inner, depth)
	default:
		f.Skip()
	}
	for _, i := range of {
		if len(f.paths[i]) == depth && f.err == nil {
			f.found[i] = Found{json: f.text[from:f.at]}
		}
	}
}

func (f *finder) members(of []int, depth int) {
	if f.Object() != nil {
		return
	}
	for f.Next() {
		same := f.through(of, depth, f.Name())
		if len(same) == 0 {
			continue
		}
		for _, i := range same {
			f.found[i] = Found{} // the name can be there twice
		}
		f.value(same, depth+1)
	}
}

func (f *finder) items(of []int, depth int) {
	last := -1
	for _, i := range of {
		if n, ok := position(f.paths[i][depth]); ok {
			last = max(last, n)
		}
	}
	if f.Array() != nil {
		return
	}
	for n := 0; f.Item(); n++ {
		if n > last {
			continue
		}
		if same := f.through(of, depth, strconv.Itoa(n)); len(same) > 0 {
			f.value(same, depth+1)
		}
	}
}

// through returns those of the paths that have this name next.
func (f *finder) through(of []int, depth int, name string) []int {
	var same []int
	for _, i := range of {
		if f.paths[i][depth] == name {
			same = append(same, i)
		}
	}
	return same
}

// position returns the position of an item that a name in a path stands for.
func position(name string) (int, bool) {
	n, err := strconv.Atoi(name)
	return n, err == nil && n >= 0 && strconv.Itoa(n) == name
}

// Find is like [JSON.Find]. The first name of a path is that of a member of the
// root element. A position counts the elements of the member before it. Without
// one, a path goes through the last of them.
func (d *XML) Find(paths ...[]string) ([]Found, error) {
	if d.err != nil {
		return nil, d.err
	}
	found := make([]Found, len(paths))
	for i, path := range paths {
		found[i] = d.value.find(path)
	}
	return found, nil
}

func (e *element) find(path []string) Found {
	at := Found{xml: e}
	for _, name := range path {
		if n, ok := position(name); ok { // it is no name of an element
			at = at.item(n)
		} else {
			at = at.member(name)
		}
		if at.xml == nil {
			return Found{}
		}
	}
	return at
}

func (f Found) item(n int) Found {
	e := f.xml
	for ; n > 0 && e != nil && f.all; n-- {
		e = e.same
	}
	if n > 0 {
		return Found{}
	}
	return Found{xml: e}
}

func (f Found) member(name string) Found {
	m := f.last().member
	for m != nil && m.name != name {
		m = m.next
	}
	return Found{xml: m, all: true}
}

// last returns the element that counts where there should be one.
func (f Found) last() *element {
	e := f.xml
	for f.all && e.same != nil {
		e = e.same
	}
	return e
}

// Any returns the value as [JSON.Any] does, and its size in bytes. It returns nil
// if there is no value, or null, or if the size is more than most.
//
// An element of XML is an object of its members if it has elements or attributes,
// and else its text. Its text beside attributes is the member $. A member is a
// list if there are several elements of it.
func (f Found) Any(most int) (value any, size int) {
	switch {
	case f.xml != nil && f.all:
		value = f.xml.anyMember(&size, most)
	case f.xml != nil:
		value = f.xml.any(&size, most)
	case f.json != "" && len(f.json) <= most:
		d := NewJSON(f.json, Source{})
		d.Copy = true
		value, _ = d.Any() // it is well-formed
		size = len(f.json)
	}
	if value == nil || size > most {
		return nil, 0
	}
	return value, size
}

// anyMember adds the size of what it returns to size, and reads no more when that
// is more than most.
func (e *element) anyMember(size *int, most int) any {
	if e.same == nil {
		return e.any(size, most)
	}
	var list []any
	for ; e != nil && *size <= most; e = e.same {
		list = append(list, e.any(size, most))
	}
	return list
}

func (e *element) any(size *int, most int) any {
	*size += len(e.name) + len(e.text) + len(`"":"",`)
	switch {
	case e.null:
		return nil
	case !e.elements && !e.attributes:
		return strings.Clone(e.text)
	}
	object := map[string]any{}
	for m := e.member; m != nil && *size <= most; m = m.next {
		object[m.name] = m.anyMember(size, most)
	}
	if trimSpace(e.text) != "" {
		object["$"] = e.text
	}
	return object
}
