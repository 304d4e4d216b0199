package app

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
	"parallax/sinks/repair"
	"parallax/sources/aurora"
)

// insertion fills in a row to be inserted again: all that it had, less what the database itself gives. Of a payment with
// several rows as many may be there as the snapshot holds.
func insertion(l config.Ledger, f audit.StoredFinding, held aurora.FullRow, all, there []aurora.FullRow, row *repair.Row) string {
	if !strings.HasPrefix(f.Rule, ledger.RuleFewerRows) && len(there) > 0 || len(there) >= len(all) {
		return "nothing is left to do: the payment is in the ledger again; the next run clears the finding"
	}
	row.Lasting = []string{l.Columns.CreatedAt, l.Columns.AmountMinor, l.Columns.Currency}
	row.Most, row.Alike = len(all), alike(there, held, row.Lasting)
	if row.Alike >= alike(all, held, row.Lasting) {
		return "nothing is left to do: the row is in the ledger again; the next run clears the finding"
	}
	for _, c := range held.Columns {
		if !c.Generated && c.Identity == "" && !strings.HasPrefix(c.Default, "nextval(") {
			row.Insert = append(row.Insert, repairColumn(c))
		}
	}
	return ""
}

// ofPayment are all rows of a finding's payment, as the snapshot that holds most of them has them.
func (r ledgerRows) ofPayment(f audit.StoredFinding) []aurora.FullRow {
	var all []aurora.FullRow
	for _, w := range r.snapshots {
		if rows := w.rows[f.Key]; w.region == f.Region && len(rows) > len(all) {
			all = rows
		}
	}
	return all
}

// alike counts the rows that have some columns as one has them.
func alike(rows []aurora.FullRow, one aurora.FullRow, names []string) int {
	n := 0
	for _, r := range rows {
		if !slices.ContainsFunc(names, func(name string) bool {
			a, _ := columnOf(r, name)
			b, _ := columnOf(one, name)
			return !sameColumn(a, b)
		}) {
			n++
		}
	}
	return n
}

// alteration fills in a row to be changed: what the finding is about becomes what the snapshot holds, if that is the newer
// version and the row is still just as the audit saw it. No other column is touched, for the ledger in force may hold something newer there.
func alteration(l config.Ledger, f audit.StoredFinding, held aurora.FullRow, there []aurora.FullRow, row *repair.Row) string {
	i := 0
	if len(there) != 1 {
		id := textOf(held, l.Columns.ID)
		if i = slices.IndexFunc(there, func(r aurora.FullRow) bool { return id != "" && textOf(r, l.Columns.ID) == id }); i < 0 {
			return "decide by hand: which row of the payment in the ledger in force is meant cannot be told"
		}
	}
	now, compared := there[i], comparedColumns(l)
	row.Lasting = differing(l, f)
	for _, c := range now.Columns {
		was, ok := columnOf(held, c.Name)
		differs := !ok || !sameColumn(was, c)
		mends := !fixed(c) && (slices.Contains(row.Lasting, c.Name) || c.Name == l.Columns.UpdatedAt) // which moves forward, see notNewer
		switch {
		case differs && mends && (!ok || was.Type != c.Type):
			return "decide by hand: column " + c.Name + " of the snapshot is of another type"
		case differs && mends:
			row.Set = append(row.Set, repairColumn(was))
		case differs && !fixed(c):
			row.Also = append(row.Also, c.Name)
		}
		if c.Name == l.Columns.ID {
			row.Identity = []repair.Column{repairColumn(c)}
		}
		if mends || c.Name == l.Columns.ID || slices.Contains(compared, c.Name) {
			row.Expect = append(row.Expect, repairColumn(c))
		}
	}
	if !slices.ContainsFunc(row.Set, func(c repair.Column) bool { return slices.Contains(row.Lasting, c.Name) }) {
		return "nothing is left to do: the row is as the snapshot has it; the next run clears the finding"
	}
	if why := notNewer(l, held, now); why != "" {
		return why
	}
	return unlikeSeen(l, f, now)
}

// fixed reports whether a column's value is the database's own.
func fixed(c aurora.FullColumn) bool {
	return c.Generated || c.Identity != "" || strings.HasPrefix(c.Default, "nextval(")
}

// differing are the columns that a finding is about.
func differing(l config.Ledger, f audit.StoredFinding) []string {
	var out []string
	for _, e := range f.Evidence {
		if name := mapping(l).Columns.Named(e.Field); e.Note == ledger.NoteInForce && name != "" {
			out = append(out, name)
		}
	}
	return out
}

// notNewer says why a version of a row may not replace the one in force: it was not written later. That of a snapshot that was
// is the change which the failover lost; any other is what the writer has since left behind.
func notNewer(l config.Ledger, held, now aurora.FullRow) string {
	was, okWas := momentOf(held, l.Columns.UpdatedAt)
	is, okIs := momentOf(now, l.Columns.UpdatedAt)
	switch {
	case !okWas || !okIs:
		return "decide by hand: which version is the newer one cannot be told, for updated_at cannot be read"
	case was.Before(is):
		return "nothing is to be mended: the row in the ledger in force is newer than the snapshot's"
	case was.Equal(is):
		return "decide by hand: both versions of the row have the same updated_at"
	}
	return ""
}

// momentOf is a moment in a row's column, of PostgreSQL's text (datestyle ISO) or a number of whatever unit.
func momentOf(row aurora.FullRow, name string) (time.Time, bool) {
	text := textOf(row, name)
	for _, layout := range []string{"2006-01-02 15:04:05.999999999Z07", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(n, 0), err == nil
}

// unlikeSeen says where the ledger in force no longer has what the finding says it had, or was changed since.
func unlikeSeen(l config.Ledger, f audit.StoredFinding, now aurora.FullRow) string {
	for _, e := range f.Evidence {
		name := mapping(l).Columns.Named(e.Field)
		if e.Note != ledger.NoteInForce || name == "" {
			continue
		}
		if at, ok := momentOf(now, name); ok && e.Field == "updated_at" && at.UTC().Format(time.RFC3339Nano) == e.Value {
			continue // the database writes the same moment in another way
		}
		if c, ok := columnOf(now, name); ok && c.Value != nil && *c.Value != e.Value || ok && c.Value == nil && e.Value != "" {
			return "decide by hand: " + e.Field + " has changed since the audit saw it"
		}
		if at, ok := momentOf(now, l.Columns.UpdatedAt); ok && at.After(e.At) {
			return "decide by hand: the row has changed since the audit saw it"
		}
	}
	return ""
}

// comparedColumns are the table's columns that the audit compares.
func comparedColumns(l config.Ledger) []string {
	var out []string
	for _, field := range l.Compare {
		if name := mapping(l).Columns.Named(field); name != "" {
			out = append(out, name)
		}
	}
	return out
}

func columnOf(row aurora.FullRow, name string) (aurora.FullColumn, bool) {
	i := slices.IndexFunc(row.Columns, func(c aurora.FullColumn) bool { return c.Name == name && name != "" })
	if i < 0 {
		return aurora.FullColumn{}, false
	}
	return row.Columns[i], true
}

func textOf(row aurora.FullRow, name string) string {
	if c, ok := columnOf(row, name); ok && c.Value != nil {
		return *c.Value
	}
	return ""
}

func repairColumn(c aurora.FullColumn) repair.Column {
	return repair.Column{Name: c.Name, Type: c.Type, Value: c.Value}
}

// presentable reports whether no value looks like a card number.
func presentable(columns []repair.Column) bool {
	return !slices.ContainsFunc(columns, func(c repair.Column) bool { return c.Value != nil && pan.Mask(*c.Value) != *c.Value })
}
