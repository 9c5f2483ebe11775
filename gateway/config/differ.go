package config

import (
	"fmt"
	"reflect"
	"slices"
)

// Differ returns the paths of the settings in which two configurations differ, sorted: those that
// take effect when the gateway reloads its configuration, and those that need a restart; not nil.
// The latter have the tag reload:"false", or are in a section that has.
func Differ(a, b *Config) (reloaded, restart []string) {
	d := &differ{reloaded: []string{}, restart: []string{}}
	d.compare(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem(), "", false)
	slices.Sort(d.reloaded)
	slices.Sort(d.restart)
	return d.reloaded, d.restart
}

type differ struct{ reloaded, restart []string }

// compare compares two settings or sections. fixed reports whether they need a restart.
func (d *differ) compare(a, b reflect.Value, path string, fixed bool) {
	switch a.Kind() {
	case reflect.Struct:
		if _, isText := reflect.TypeAssert[fmt.Stringer](a); isText {
			break
		}
		for field, value := range a.Fields() {
			if field.IsExported() {
				d.compare(value, b.FieldByIndex(field.Index), join(path, field.Tag.Get("yaml")), fixed || field.Tag.Get("reload") == "false")
			}
		}
		return
	case reflect.Map:
		for _, name := range a.MapKeys() {
			if other := b.MapIndex(name); other.IsValid() {
				d.compare(a.MapIndex(name), other, join(path, name.String()), fixed)
			} else {
				d.add(join(path, name.String()), fixed)
			}
		}
		for _, name := range b.MapKeys() {
			if !a.MapIndex(name).IsValid() {
				d.add(join(path, name.String()), fixed)
			}
		}
		return
	}
	if !reflect.DeepEqual(a.Interface(), b.Interface()) {
		d.add(path, fixed)
	}
}

func (d *differ) add(path string, fixed bool) {
	if fixed {
		d.restart = append(d.restart, path)
	} else {
		d.reloaded = append(d.reloaded, path)
	}
}
