package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// YAML returns the configuration as a file: what is set, by the file or the environment or
// by default. Of a frontend it has what differs from the section frontend. Comments have
// the defaults of values that differ from them, and the variables that values are from.
// Secrets are ***.
func (c *Config) YAML() []byte {
	w := &shower{config: c}
	w.section(reflect.ValueOf(c).Elem(), reflect.ValueOf(Defaults()), "")
	return []byte(w.out.String())
}

// shower writes a configuration as YAML.
type shower struct {
	config *Config
	out    strings.Builder
	depth  int
	hidden bool // texts are secrets
}

// line writes a key with a value, and what is known of it.
func (w *shower) line(key, value, comment string) {
	text := strings.Repeat("  ", w.depth) + key + value
	if comment != "" {
		text += " # " + comment
	}
	w.out.WriteString(text + "\n")
}

// within writes a section, unless it would be empty.
func (w *shower) within(key string, write func()) {
	before := w.out.String()
	w.line(key, "", "")
	length := w.out.Len()
	w.depth++
	write()
	w.depth--
	if w.out.Len() == length {
		w.out.Reset()
		w.out.WriteString(before)
	}
}

// section writes the fields of a struct.
func (w *shower) section(v, usual reflect.Value, path string) {
	for field, value := range v.Fields() {
		if !field.IsExported() {
			continue
		}
		key := field.Tag.Get("yaml")
		hidden := w.hidden
		w.hidden = hidden || field.Tag.Get("secret") != ""
		w.value(key+":", value, usual.FieldByIndex(field.Index), join(path, key))
		w.hidden = hidden
	}
}

// value writes a value whose default is usual.
func (w *shower) value(key string, v, usual reflect.Value, path string) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v, usual = v.Elem(), w.usual(v.Type().Elem())
	}
	if text, isScalar := w.scalar(v); isScalar {
		if v.Kind() != reflect.String || v.Len() > 0 {
			w.line(key, " "+text, w.comment(text, usual, path))
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		w.within(key, func() { w.section(v, usual, path) })
	case reflect.Map:
		w.within(key, func() {
			names := v.MapKeys()
			slices.SortFunc(names, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
			for _, name := range names {
				at := join(path, name.String())
				if f, ok := reflect.TypeAssert[Frontend](v.MapIndex(name)); ok {
					w.within(quoted(name.String())+":", func() { w.differing(reflect.ValueOf(f), reflect.ValueOf(w.config.Frontend), at) })
					continue
				}
				w.value(quoted(name.String())+":", v.MapIndex(name), w.usual(v.Type().Elem()), at)
			}
		})
	case reflect.Slice:
		w.within(key, func() {
			for i := range v.Len() {
				w.item(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		})
	}
}

// item writes an item of a list: its first line begins with a dash.
func (w *shower) item(v reflect.Value, path string) {
	if text, isScalar := w.scalar(v); isScalar {
		w.line("- ", text, w.comment("", reflect.Value{}, path))
		return
	}
	before := w.out.String()
	w.depth++
	w.section(v, w.usual(v.Type()), path)
	w.depth--
	lines, indent := w.out.String()[len(before):], 2*w.depth
	w.out.Reset()
	w.out.WriteString(before + lines[:indent] + "- " + lines[indent+2:])
}

// usual returns a value of a type as it is before the file sets any of it.
func (w *shower) usual(typ reflect.Type) reflect.Value {
	return (&decoder{config: w.config}).fresh(typ)
}

// differing writes what a frontend has that not all have: v and all are structs.
func (w *shower) differing(v, all reflect.Value, path string) {
	for field, value := range v.Fields() {
		key, other := field.Tag.Get("yaml"), all.FieldByIndex(field.Index)
		switch {
		case reflect.DeepEqual(value.Interface(), other.Interface()), value.Kind() == reflect.Map && value.Len() == 0 && other.Len() == 0:
		case value.Kind() == reflect.Pointer && value.IsNil():
			w.line(key+":", " null", "")
		case value.Kind() == reflect.Struct:
			w.within(key+":", func() { w.differing(value, other, join(path, key)) })
		default:
			w.value(key+":", value, other, join(path, key))
		}
	}
}

// comment returns what is known of a value that is written as text.
func (w *shower) comment(text string, usual reflect.Value, path string) string {
	var notes []string
	if usual.IsValid() {
		if by, _ := w.scalar(usual); by != text && !usual.IsZero() {
			notes = append(notes, "default "+by)
		}
	}
	if w.config.source != nil {
		if n, _ := w.config.source.root.find(path); n != nil && len(n.from) > 0 {
			notes = append(notes, "from "+strings.Join(n.from, ", "))
		}
	}
	return strings.Join(notes, ", ")
}

// scalar returns a value as YAML, if it is written as one text.
func (w *shower) scalar(v reflect.Value) (text string, isScalar bool) {
	switch s := v.Interface().(type) {
	case Secret:
		return `"***"`, true
	case fmt.Stringer:
		return s.String(), true
	}
	switch v.Kind() {
	case reflect.String:
		if w.hidden {
			return `"***"`, true
		}
		return quoted(withoutPassword(v.String())), true
	case reflect.Bool, reflect.Int, reflect.Float64:
		return fmt.Sprint(v.Interface()), true
	}
	return "", false
}

var credentials = regexp.MustCompile(`//[^/@\s]*@`)

func withoutPassword(text string) string { return credentials.ReplaceAllString(text, "//***@") }

var plain = regexp.MustCompile(`^[A-Za-z/$][A-Za-z0-9_./:-]*[A-Za-z0-9/]$|^[A-Za-z]$`)

// quoted returns a text as YAML, in quotes if it could mean something else.
func quoted(text string) string {
	if plain.MatchString(text) && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(text)) {
		return text
	}
	return strconv.Quote(text)
}
