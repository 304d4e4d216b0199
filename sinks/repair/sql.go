package repair

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// sqlPreamble sets what constants and the text of values depend on, and bounds what a statement may wait.
const sqlPreamble = `set client_encoding = 'UTF8';
set standard_conforming_strings = on;
set client_min_messages = notice;
set datestyle = 'ISO, YMD';
set timezone = 'UTC';
set intervalstyle = 'postgres';
set extra_float_digits = 1;
set bytea_output = 'hex';
set lock_timeout = '10s';
set statement_timeout = '60s';
`

// ledgerSQL is the file for one ledger: each finding in a transaction of its own, so that one whose guard does not hold, or
// that the table refuses, keeps no other from being mended, and so that the file may be run again after an error.
func ledgerSQL(p Plan, name string, rows []Row) []byte {
	var b strings.Builder
	for _, line := range headline(p, "rows of ledger "+rows[0].Scope+" that a failover lost or left behind", rowsAbout(rows)) {
		b.WriteString("-- " + line + "\n")
	}
	fmt.Fprintf(&b, "-- apply:    psql -v ON_ERROR_STOP=1 -f %s \"the writer's address\"\n", name)
	b.WriteString("-- Run it on the ledger in force. It needs insert and update on the table, and select; triggers of the table fire as ever.\n\n")
	b.WriteString(sqlPreamble)
	tables := map[string]bool{}
	for _, r := range rows {
		if !tables[r.Table] {
			tables[r.Table] = true
			b.WriteString("\n-- before anything: is it still time, and is this the place?\n")
			do(&b, p, r, "")
		}
	}
	for _, r := range rows {
		b.WriteString("\n-- " + remarkf("finding %s %s: payment %s", r.Findings[0], r.Kind, *r.Payment.Value))
		if len(r.Amounts) > 0 {
			b.WriteString(remarkf(", %s", amountsText(r.Amounts, ", ")))
		}
		if r.OldID != "" {
			b.WriteString(remarkf("; row id %s where it stood", r.OldID))
		}
		b.WriteString("\nbegin isolation level read committed;\n")
		do(&b, p, r, statement(r))
		b.WriteString("commit;\n")
	}
	return []byte(b.String())
}

// do is an anonymous block that refuses to work too late or in the wrong place and then, where it is given a statement, holds
// the lock that keeps a second run of the file waiting.
func do(b *strings.Builder, p Plan, r Row, statement string) {
	var body strings.Builder
	body.WriteString("#variable_conflict use_column\ndeclare parallax_rows bigint;\nbegin\n")
	expires := p.Expires.UTC().Format(time.RFC3339)
	fmt.Fprintf(&body, `  if clock_timestamp() >= timestamptz %s then
    raise exception 'this repair file has expired at %s: nothing is changed, write it anew';
  end if;
  if pg_catalog.pg_is_in_recovery() then
    raise exception 'this database replays the changes of another: nothing is changed, run the file on the writer';
  end if;
  if pg_catalog.to_regclass(%s) is null then
    raise exception 'this database has no such table: %%: nothing is changed', %s;
  end if;
`, text(expires), expires, text(r.Table), text(r.Table))
	if statement != "" {
		fmt.Fprintf(&body, "  perform pg_catalog.pg_advisory_xact_lock(%d);\n%s", lockOf(r.Scope), statement)
	}
	body.WriteString("end ")
	quote := dollar(body.String())
	b.WriteString("do " + quote + "\n" + body.String() + quote + ";\n")
}

// lockOf is the number of the advisory lock of a ledger's repairs.
func lockOf(ledger string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("parallax repair of ledger " + ledger)) // a hash takes everything
	return int64(h.Sum64() >> 1)                                  //nolint:gosec // 63 bits
}

// statement does one repair and says whether it did something.
func statement(r Row) string {
	what, done, undone := insertion(r), "row inserted", "nothing done: the payment is in the ledger, or a value that must be unique is taken"
	if r.Insert == nil {
		what, done, undone = change(r), "row changed", "nothing done: the row is gone, or no longer as the audit saw it"
	}
	payment := text(remarkf("%s payment %s", r.Findings[0], *r.Payment.Value))
	return fmt.Sprintf(`%s
  get diagnostics parallax_rows = row_count;
  if parallax_rows > 1 then
    raise exception '%%: %% rows would change, one was meant: nothing is changed', %s, parallax_rows;
  end if;
  raise notice '%%: %%', %s, case parallax_rows when 1 then %s else %s end;
`, what, payment, payment, text(done), text(undone))
}

func insertion(r Row) string {
	names, values := make([]string, len(r.Insert)), make([]string, len(r.Insert))
	for i, c := range r.Insert {
		names[i], values[i] = identifier(c.Name), literal(c)
	}
	there := []string{identifier(r.Payment.Name) + " = " + literal(r.Payment)}
	for _, c := range r.Absent {
		there = append(there, same(c))
	}
	return fmt.Sprintf("  insert into %s (%s)\n    select %s\n    where not exists (select from %s where %s)\n    on conflict do nothing;",
		r.Table, strings.Join(names, ", "), strings.Join(values, ", "), r.Table, strings.Join(there, " and "))
}

func change(r Row) string {
	set := make([]string, len(r.Set))
	for i, c := range r.Set {
		set[i] = identifier(c.Name) + " = " + literal(c)
	}
	where := []string{identifier(r.Payment.Name) + " = " + literal(r.Payment)}
	for _, c := range r.Expect {
		where = append(where, same(c))
	}
	return fmt.Sprintf("  update %s set %s\n    where %s;", r.Table, strings.Join(set, ", "), strings.Join(where, "\n      and "))
}
