package config

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/portico-gateway/portico/gateway/endpoint"
)

// decoder sets settings from the nodes of a file. Where a node does not fit, it adds a
// mistake and leaves the setting as it is.
type decoder struct {
	*problems
	getenv func(string) string
	config *Config
	values int // that have been read
}

// defaulted is a section that is not there unless the file has it.
type defaulted interface{ setDefaults() }

// New returns a section of a type of this package as it is before the file sets any of it.
func New(typ reflect.Type) reflect.Value {
	c := Defaults()
	return (&decoder{config: &c}).fresh(typ)
}

// fresh returns a new value of a type, with its defaults. What a frontend leaves out is
// as in the section frontend, which has been read before.
func (d *decoder) fresh(typ reflect.Type) reflect.Value {
	v := reflect.New(typ)
	switch to := v.Interface().(type) {
	case *Frontend:
		*to = d.config.Frontend.clone()
	case defaulted:
		to.setDefaults()
	}
	return v.Elem()
}

// decode sets v, which has its default.
func (d *decoder) decode(n *node, v reflect.Value, path string) {
	if d.values++; d.values > mostValues {
		if d.values == mostValues+1 {
			d.wrong(n, path, fmt.Sprintf("the file has more than %d values, with those that aliases repeat", mostValues))
		}
		return
	}
	if n.kind == null { // also after a mistake of YAML
		if v.Kind() == reflect.Pointer { // a frontend can leave out what all have
			v.SetZero()
		}
		return
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(d.fresh(v.Type().Elem()).Addr())
		}
		v = v.Elem()
	}
	if _, ok := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr()); ok {
		d.scalar(n, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.section(n, v, path)
	case reflect.Map:
		d.names(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	default:
		d.scalar(n, v, path)
	}
}

// section sets the fields of a struct.
func (d *decoder) section(n *node, v reflect.Value, path string) {
	if n.kind == scalar && v.Type() == reflect.TypeFor[endpoint.Target]() {
		d.decode(n, v.FieldByName("URL"), path)
		return
	}
	fields := fieldsOf(v.Type())
	if n.kind != object {
		what := "must be a section of settings, and not " + n.describe() + ": there are " + strings.Join(sortedKeys(fields), ", ")
		d.wrong(n, path, what)
		return
	}
	// In the order of the fields: frontend comes before frontends.
	for field, value := range v.Fields() {
		if e := n.entry(field.Tag.Get("yaml")); e != nil && field.IsExported() {
			d.field(e.value, field, value, join(path, e.key.text))
		}
	}
	for _, e := range n.entries {
		if _, known := fields[e.key.text]; !known {
			d.unknown(e, sortedKeys(fields), path)
		}
	}
}

// field sets a field of a struct, and checks what its tags say: see [Config].
func (d *decoder) field(n *node, field reflect.StructField, v reflect.Value, path string) {
	if field.Tag.Get("secret") != "" || field.Type == reflect.TypeFor[Secret]() {
		n.hide()
	}
	before := reflect.New(v.Type()).Elem()
	before.Set(v)
	d.decode(n, v, path)
	known := field.Tag.Get("enum")
	if known == "" || d.isDecided(path) {
		return
	}
	names := strings.Split(known, ",")
	items, at := []reflect.Value{v}, func(int) (*node, string) { return n, path }
	if v.Kind() == reflect.Slice {
		items = items[:0]
		for i := range v.Len() {
			items = append(items, v.Index(i))
		}
		at = func(i int) (*node, string) { return n.item(i), fmt.Sprintf("%s[%d]", path, i) }
	}
	for i, item := range items {
		found := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, item.String()) })
		if n, path := at(i); found < 0 && n.kind != null {
			d.wrong(n, path, fmt.Sprintf("%s is not one of %s%s", n.describe(), strings.Join(names, ", "), didYouMean(item.String(), names)))
			v.Set(before)
		} else if found >= 0 {
			item.SetString(names[found])
		}
	}
}

// unknown adds a mistake of a key that the section at path does not have.
func (d *decoder) unknown(e *entry, names []string, path string) {
	what, at := "there is no such setting", join(path, e.key.text)
	if variable.MatchString(e.key.text) {
		return // the reader has reported it
	}
	if best := nearest(e.key.text, names); best != "" {
		d.at(&e.key, at, what+": did you mean "+best+"?")
		d.decided = append(d.decided, join(path, best)) // it is not missing
		return
	}
	if elsewhere := settingsNamed(e.key.text); len(elsewhere) > 0 {
		d.at(&e.key, at, what+" here: did you mean "+strings.Join(elsewhere, " or ")+"?")
		return
	}
	if path == "" {
		path = "the file"
	}
	d.at(&e.key, at, what+": "+path+" can have "+strings.Join(names, ", "))
}

// names sets a map, whose keys are names that the file gives.
func (d *decoder) names(n *node, v reflect.Value, path string) {
	if n.kind != object {
		d.wrong(n, path, "must have names with values, such as name: value, and not "+n.describe())
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for _, e := range n.entries {
		if e.key.text == "" {
			d.at(&e.key, path, "a name is empty")
			continue
		}
		value := d.fresh(v.Type().Elem())
		d.decode(e.value, value, join(path, e.key.text))
		v.SetMapIndex(reflect.ValueOf(e.key.text), value)
	}
}

// list sets a slice. Of rules of versions one need not be in a list.
func (d *decoder) list(n *node, v reflect.Value, path string) {
	items := n.items
	switch {
	case n.kind == list:
	case n.kind == object && v.Type() == reflect.TypeFor[Rules]():
		items = []*node{n}
	case n.kind == scalar && !n.secret:
		d.wrong(n, path, "must be a list: write ["+n.text+"]")
		return
	case n.kind == object:
		d.wrong(n, path, "must be a list, and not a section: begin each item with a dash")
		return
	default:
		d.wrong(n, path, "must be a list, and not a text")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if len(n.items) == 0 {
			at = path
		}
		v.Index(i).Set(d.fresh(v.Type().Elem()))
		d.decode(item, v.Index(i), at)
		if item.kind == null {
			d.wrong(item, at, "an item is empty: remove it")
		}
	}
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

// fieldsOf returns the types of a struct's settings by name.
func fieldsOf(typ reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for field := range typ.Fields() {
		if field.IsExported() {
			fields[field.Tag.Get("yaml")] = field.Type
		}
	}
	return fields
}

// settingsNamed returns the paths of the settings with a name.
func settingsNamed(name string) (paths []string) {
	var walk func(typ reflect.Type, path string)
	walk = func(typ reflect.Type, path string) {
		for field := range typ.Fields() {
			at := join(path, field.Tag.Get("yaml"))
			if field.Tag.Get("yaml") == name {
				paths = append(paths, at)
			}
			of := field.Type
			switch of.Kind() {
			case reflect.Map:
				at, of = at+".<name>", of.Elem()
			case reflect.Slice:
				at, of = at+"[]", of.Elem()
			}
			if of.Kind() == reflect.Pointer {
				of = of.Elem()
			}
			if of.Kind() == reflect.Struct && field.IsExported() && of != reflect.TypeFor[Network]() && field.Name != "Frontends" {
				walk(of, at)
			}
		}
	}
	walk(reflect.TypeFor[Config](), "")
	slices.SortFunc(paths, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return paths[:min(len(paths), 3)]
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
