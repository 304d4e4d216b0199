package config

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parallax/internal/audit"
)

// prefix begins every variable that overrides a setting.
const prefix = "PARALLAX_"

// environ applies variables to settings: PARALLAX_STORE_DSN sets store.dsn, and
// PARALLAX_LEDGERS_PAYMENTS_REGIONS_EU_WEST_1_DSN sets ledgers.payments.regions.eu-west-1.dsn.
type environ struct {
	vars     map[string]string
	regions  func() []audit.Region // as overridden so far
	known    map[string]string     // variable to key
	problems Problems
}

// newEnviron reads "NAME=value" lines.
func newEnviron(env []string) map[string]string {
	vars := make(map[string]string, len(env))
	for _, line := range env {
		if name, value, ok := strings.Cut(line, "="); ok {
			vars[name] = value
		}
	}
	return vars
}

var notInName = regexp.MustCompile(`[^A-Z0-9]+`)

// variableFor is the variable that overrides a key.
func variableFor(key string) string {
	return prefix + notInName.ReplaceAllString(strings.ToUpper(key), "_")
}

// apply overrides v and everything in it, and reports whether anything was.
func (e *environ) apply(v reflect.Value, key string) bool {
	switch {
	case isLeaf(v):
		return e.leaf(v, key)
	case v.Kind() == reflect.Map:
		return e.entries(v, key)
	case v.Kind() == reflect.Slice:
		return e.items(v, key)
	case v.Kind() == reflect.Pointer:
		return e.optional(v, key)
	}
	changed := false
	for _, f := range fields(v) {
		changed = e.apply(f.value, join(key, f.name)) || changed
	}
	return changed
}

func (e *environ) leaf(v reflect.Value, key string) bool {
	name := variableFor(key)
	text, set := e.vars[name]
	if other, taken := e.known[name]; taken && set && other != key {
		e.wrong(name, "stands for both "+other+" and "+key+": set them in the file")
		return false
	}
	e.known[name] = key
	if !set {
		return false
	}
	if err := setText(v, text); err != nil {
		e.wrong(name, key+": "+err.Error())
	}
	return true
}

// entries overrides what a map holds and, where its keys are regions, what it could hold.
func (e *environ) entries(v reflect.Value, key string) bool {
	names := map[string]bool{}
	for _, k := range v.MapKeys() {
		names[k.String()] = true
	}
	if v.Type().Key() == reflect.TypeFor[audit.Region]() {
		for _, r := range e.regions() {
			names[string(r)] = true
		}
	}
	changed := false
	for _, name := range sortedNames(names) {
		k := reflect.ValueOf(name).Convert(v.Type().Key())
		elem, err := newElem(v.Type().Elem())
		if err != nil {
			e.wrong(variableFor(join(key, name)), err.Error())
			continue
		}
		if old := v.MapIndex(k); old.IsValid() {
			elem.Set(old)
		}
		if !e.apply(elem, join(key, name)) {
			continue
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		v.SetMapIndex(k, elem)
		changed = true
	}
	return changed
}

// items overrides the items that the file lists, by name or, where they have none, by number; a variable can't add one.
func (e *environ) items(v reflect.Value, key string) bool {
	changed := false
	for i := range v.Len() {
		name := strconv.Itoa(i)
		if f := v.Index(i).FieldByName("Name"); f.IsValid() {
			name = f.String()
		}
		if name == "" {
			continue
		}
		changed = e.apply(v.Index(i), join(key, name)) || changed
	}
	return changed
}

// optional overrides a group that may be absent, and makes it if a variable sets something in it.
func (e *environ) optional(v reflect.Value, key string) bool {
	made := reflect.New(v.Type().Elem())
	if !v.IsNil() {
		made.Elem().Set(v.Elem())
	} else if err := setDefaults(made.Elem()); err != nil {
		e.wrong(variableFor(key), err.Error())
		return false
	}
	if !e.apply(made.Elem(), key) {
		return false
	}
	v.Set(made)
	return true
}

// refuseUnknown reports variables with our prefix that set nothing and that the file doesn't read.
func (e *environ) refuseUnknown(read map[string]bool) {
	names := sortedNames(e.vars)
	known := sortedNames(e.known)
	for _, name := range names {
		if _, ok := e.known[name]; ok || read[name] || !strings.HasPrefix(name, prefix) {
			continue
		}
		text := "unknown setting"
		if near := suggest(name, known); strings.HasPrefix(near, "did you mean") {
			text += ", " + near
		}
		e.wrong(name, text)
	}
}

func (e *environ) wrong(name, text string) {
	p := Problem{Key: "environment variable " + name, Text: text}
	if !slices.Contains(e.problems, p) {
		e.problems = append(e.problems, p)
	}
}
