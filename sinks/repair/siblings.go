package repair

import (
	"slices"
	"strconv"
	"strings"
)

// numbered lets rows of one payment that are alike be inserted one after the other: each counts on those before it.
func numbered(rows []Row) []Row {
	rows = slices.Clone(rows)
	before := map[string]int{}
	for i, r := range rows {
		if r.Insert == nil {
			continue
		}
		parts := []string{strconv.Quote(*r.Payment.Value)}
		for _, c := range lasting(r.Insert, r.Lasting) {
			parts = append(parts, same(c))
		}
		key := strings.Join(parts, " ")
		rows[i].Alike += before[key]
		before[key]++
	}
	return rows
}

// lasting are the columns that are named so.
func lasting(columns []Column, names []string) []Column {
	return slices.DeleteFunc(slices.Clone(columns), func(c Column) bool { return !slices.Contains(names, c.Name) })
}

// most is how many rows the payment is to have: one, unless more are known.
func (r Row) most() int { return max(r.Most, 1) }

func (r Row) purpose() string {
	var b strings.Builder
	b.WriteString("rows of ledger " + r.Scope)
	if r.Target != "" {
		b.WriteString(" in " + string(r.Target))
	}
	return b.String() + " that a failover lost or left behind"
}

func (r Row) apply(file string) string {
	where := "the writer's address"
	if r.Target != "" {
		where = "the address of " + remark(string(r.Target))
	}
	return "psql -v ON_ERROR_STOP=1 -f " + file + " \"" + where + "\""
}
