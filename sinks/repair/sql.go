package repair

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// sqlPreamble sets what constants and the text of values depend on, and bounds what a statement may wait. With row_security off
// a policy that would hide rows from a guard is an error instead. Source: PostgreSQL manual, "Client Connection Defaults".
const sqlPreamble = `set client_encoding = 'UTF8';
set standard_conforming_strings = on;
set client_min_messages = notice;
set datestyle = 'ISO, YMD';
set timezone = 'UTC';
set intervalstyle = 'postgres';
set extra_float_digits = 1;
set bytea_output = 'hex';
set lc_monetary = 'C';
set row_security = off;
set lock_timeout = '10s';
set statement_timeout = '60s';
set parallax.refused = '0';
`

// ledgerSQL is the file for one ledger: each finding in a transaction of its own, so that one whose guard does not hold, or
// that the table refuses, keeps no other from being mended, and so that the file may be run again after an error. What was
// refused makes the file end with an error.
func ledgerSQL(p Plan, name string, rows []Row) []byte {
	var b strings.Builder
	for _, line := range headline(p, rows[0].purpose(), rowsAbout(rows)) {
		b.WriteString("-- " + line + "\n")
	}
	fmt.Fprintf(&b, "-- apply:    %s\n", rows[0].apply(name))
	b.WriteString("-- Run it on the ledger in force. It needs insert and update on the table, and select; triggers of the table fire as ever.\n\n")
	b.WriteString(sqlPreamble)
	tables := map[string]bool{}
	for _, r := range rows {
		if !tables[r.Table] {
			tables[r.Table] = true
			b.WriteString("\n-- before anything: is it still time, and is this the place?\n")
			do(&b, placeSQL(p, r))
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
		if len(r.Also) > 0 {
			b.WriteString(remarkf("; the witness differs in %s too, which stay as they are: decide by hand", strings.Join(r.Also, ", ")))
		}
		b.WriteString("\nbegin isolation level read committed;\n")
		do(&b, placeSQL(p, r)+statement(r))
		b.WriteString("commit;\n")
	}
	b.WriteString("\n-- after everything: was any refused?\n")
	do(&b, `  if pg_catalog.current_setting('parallax.refused', true)::int > 0 then
    raise exception '% refused, see the warnings: the others are mended', pg_catalog.current_setting('parallax.refused', true);
  end if;
`)
	return []byte(b.String())
}

// do writes an anonymous block.
func do(b *strings.Builder, block string) {
	body := "#variable_conflict use_column\ndeclare parallax_rows bigint;\nbegin\n" + block + "end "
	quote := dollar(body)
	b.WriteString("do " + quote + "\n" + body + quote + ";\n")
}

// lockOf is the number of the advisory lock of a ledger's repairs.
func lockOf(ledger string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("parallax repair of ledger " + ledger)) // a hash takes everything
	return int64(h.Sum64() >> 1)                                  //nolint:gosec // 63 bits
}

// statement does one repair, under the lock that keeps a second run of the file waiting, and says whether it did something.
// What the table refuses, now or at the end of the transaction, is told and counted.
func statement(r Row) string {
	what, done, undone := insertion(r), "row inserted", "nothing done: the payment is in the ledger, or a value that must be unique is taken"
	if r.Insert == nil {
		what, done, undone = change(r), "row changed", "nothing done: the row is gone, or no longer as the audit saw it"
	}
	payment := text(remarkf("%s payment %s", r.Findings[0], *r.Payment.Value))
	return fmt.Sprintf(`  begin
    perform pg_catalog.pg_advisory_xact_lock(%d);
%s
    get diagnostics parallax_rows = row_count;
    if parallax_rows > 1 then
      raise exception '%%: %% rows would change, one was meant: nothing is changed', %s, parallax_rows;
    end if;
    set constraints all immediate;
    raise notice '%%: %%', %s, case parallax_rows when 1 then %s else %s end;
  exception when others then
    perform pg_catalog.set_config('parallax.refused', (pg_catalog.current_setting('parallax.refused')::int + 1)::text, false);
    raise warning '%%: refused, nothing is changed: %%', %s, sqlerrm;
  end;
`, lockOf(r.Scope), what, payment, payment, text(done), text(undone), payment)
}

// insertion counts the payment's rows and those like the lost one: of a payment with several rows each is missed by itself.
func insertion(r Row) string {
	names, values := make([]string, len(r.Insert)), make([]string, len(r.Insert))
	for i, c := range r.Insert {
		names[i], values[i] = identifier(c.Name), literal(c)
	}
	payment := identifier(r.Payment.Name) + " = " + literal(r.Payment)
	where := fmt.Sprintf("(select pg_catalog.count(*) from %s where %s) < %d", r.Table, payment, r.most())
	if r.most() > 1 {
		like := []string{payment}
		for _, c := range lasting(r.Insert, r.Lasting) {
			like = append(like, same(c))
		}
		where += fmt.Sprintf("\n      and (select pg_catalog.count(*) from %s where %s) < %d", r.Table, strings.Join(like, " and "), r.Alike+1)
	}
	return fmt.Sprintf("    insert into %s (%s)\n    select %s\n    where %s\n    on conflict do nothing;",
		r.Table, strings.Join(names, ", "), strings.Join(values, ", "), where)
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
	return fmt.Sprintf("    update %s set %s\n    where %s;", r.Table, strings.Join(set, ", "), strings.Join(where, "\n      and "))
}
