// Package settings describes the settings of portico.yaml: it derives a JSON Schema and the
// reference of the documentation from the types of gateway/config.
package settings

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/portico-gateway/portico/gateway/config"
)

// comments.json has the doc comments of the types by type and field, which a program does
// not have of itself. A test writes it.
//
//go:embed comments.json
var comments []byte

// Setting is one setting of portico.yaml.
type Setting struct {
	// Path is where it is: names that a file chooses are <name>, items of lists [].
	Path string
	// Default is what it is if the file does not have it, as it is written; empty for none.
	Default string
	// Comment describes what it does.
	Comment string
	// Values are those that it may have; nil if there are others.
	Values []string
	// Restart reports that it takes effect only when the gateway starts.
	Restart bool
}

// All returns all settings in the order of their types. The settings of one frontend are
// those of the section frontend.
func All() []Setting {
	w := &walker{comments: readComments()}
	w.section(reflect.ValueOf(config.Defaults()), "")
	return w.list
}

func readComments() map[string]string {
	out := map[string]string{}
	if err := json.Unmarshal(comments, &out); err != nil {
		panic(err) // it is part of the program
	}
	return out
}

type walker struct {
	comments   map[string]string
	list       []Setting
	noDefaults bool
	restart    bool // of the section
}

// add adds a field of a struct.
func (w *walker) add(of reflect.Type, field reflect.StructField, path string, value reflect.Value) {
	s := Setting{Path: path, Comment: w.comments[of.Name()+"."+field.Name], Restart: w.restart || field.Tag.Get("reload") == "false"}
	if enum := field.Tag.Get("enum"); enum != "" {
		s.Values = strings.Split(enum, ",")
	}
	if !w.noDefaults {
		s.Default = defaultOf(value)
	}
	w.list = append(w.list, s)
}

func (w *walker) section(v reflect.Value, path string) {
	for field, value := range v.Fields() {
		if !field.IsExported() {
			continue
		}
		at := strings.TrimPrefix(path+"."+field.Tag.Get("yaml"), ".")
		of := field.Type
		switch {
		case isText(of):
			w.add(v.Type(), field, at, value)
			continue
		case of.Kind() == reflect.Map:
			at, of = at+".<name>", of.Elem()
		case of.Kind() == reflect.Slice:
			at, of = at+"[]", of.Elem()
		case of.Kind() == reflect.Struct:
			outer := w.restart
			w.restart = outer || field.Tag.Get("reload") == "false"
			w.section(value, at)
			w.restart = outer
			continue
		}
		if of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		switch {
		case of == reflect.TypeFor[config.Frontend]():
			w.add(v.Type(), field, at+".…", value)
		case of.Kind() == reflect.Struct && !isText(of):
			fresh := config.New(of)
			w.noDefaults = fresh.IsZero() // zeros of a section that is not there by default say nothing
			w.section(fresh, at)
			w.noDefaults = false
		default:
			at = strings.TrimSuffix(at, "[]")
			w.add(v.Type(), field, at, value)
		}
	}
}

// isText reports whether a setting of a type is written as one text.
func isText(typ reflect.Type) bool {
	switch typ.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64, reflect.String:
		return true
	}
	return typ == reflect.TypeFor[config.Network]()
}

// defaultOf returns a default as it is written; empty for no value.
func defaultOf(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Slice:
		texts := make([]string, v.Len())
		for i := range texts {
			texts[i] = fmt.Sprint(v.Index(i).Interface())
		}
		return strings.Join(texts, ", ")
	case v.Kind() == reflect.Map || v.Kind() == reflect.Pointer:
		return ""
	}
	return fmt.Sprint(v.Interface())
}
