package config_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portico-gateway/portico/gateway/config"
)

// Bounds have settings that exist, once, and their values.
func TestBoundsOfFrontend(t *testing.T) {
	f := config.Defaults().Frontend
	f.Limits.Depth, f.Limits.Timeout = 7, config.Duration(90*time.Second)
	f.RateLimit.Anonymous = &config.Bucket{Capacity: 500, Refill: 2.5}
	f.Caching.MaxAge = config.Duration(time.Minute)
	values := map[string]string{}
	for _, b := range f.Bounds() {
		if values[b.Setting] != "" || b.Value == "" || b.Meaning == "" || strings.HasSuffix(b.Meaning, ".") {
			t.Errorf("%+v", b)
		}
		values[b.Setting] = b.Value
		if v := reflect.ValueOf(f); !hasSetting(v, strings.Split(b.Setting, ".")) {
			t.Errorf("there is no setting %s", b.Setting)
		}
	}
	for setting, want := range map[string]string{
		"limits.depth": "7", "limits.timeout": "1m30s", "limits.body": "1MiB", "cost.max": "5000", "caching.maxAge": "1m",
		"rateLimit.anonymous": "500, 2.5 per second", "rateLimit.authenticated": "",
	} {
		if values[setting] != want {
			t.Errorf("%s is %q, want %q", setting, values[setting], want)
		}
	}
}

func hasSetting(v reflect.Value, path []string) bool {
	if len(path) == 0 {
		return true
	}
	if v.Kind() != reflect.Struct {
		return false
	}
	fields := reflect.VisibleFields(v.Type())
	i := slices.IndexFunc(fields, func(f reflect.StructField) bool { return f.Tag.Get("yaml") == path[0] })
	return i >= 0 && hasSetting(v.FieldByIndex(fields[i].Index), path[1:])
}
