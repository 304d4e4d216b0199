package config

import (
	"fmt"
	"reflect"
	"slices"
)

// alwaysCompared are the columns that tell rows apart; naming them under compare would say nothing.
var alwaysCompared = []string{"id", "payment_id", "created_at"}

// checkCompare wants each compared field to be a mapped column or a further one: any other would be equal everywhere, and a
// comparison of nothing finds nothing.
func (d *decoder) checkCompare(l Ledger, key string) {
	key += ".compare"
	if len(l.Compare) == 0 {
		d.wrongAt(key, "must be set: a comparison of no field finds no difference")
	}
	known, unmapped := canCompare(l.Columns)
	for i, name := range l.Compare {
		itemKey := fmt.Sprintf("%s.%d", key, i)
		switch {
		case slices.Contains(known, name):
		case slices.Contains(alwaysCompared, name):
			d.wrongAt(itemKey, name+" is compared in any case: leave it out here")
		case slices.Contains(unmapped, name):
			d.wrongAt(itemKey, "no column is mapped to "+name+": name it under columns")
		default:
			d.wrongAt(itemKey, fmt.Sprintf("there is no field %q, %s", name, suggest(name, known)))
		}
	}
}

// required reports whether a setting must be set, which is checked elsewhere.
func required(f field) bool {
	_, is := f.tag.Lookup("required")
	return is
}

// canCompare are the fields of a ledger that can be compared, and those that could if they had a column. A further column whose
// name is that of a field is hidden by it.
func canCompare(c Columns) (known, unmapped []string) {
	reserved := append([]string{"amount", "extra"}, alwaysCompared...)
	for _, f := range fields(reflect.ValueOf(&c).Elem()) {
		switch {
		case slices.Contains(reserved, f.name):
		case f.value.String() == "" && !required(f):
			unmapped = append(unmapped, f.name)
		default:
			known = append(known, f.name)
		}
	}
	for _, name := range sortedNames(c.Extra) {
		if !slices.Contains(known, name) && !slices.Contains(unmapped, name) && !slices.Contains(reserved, name) {
			known = append(known, name)
		}
	}
	return known, unmapped
}
