package aurora_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

// oddTable holds a column of every sort whose text or order could mislead.
const oddTable = `create table odd (id bigint, payment_id text, amount numeric, currency char(5), status text, created timestamp, note json, label text, seen timestamp, ratio float8);
	create index on odd (created); grant select on odd to parallax_ro`

func oddMapping() aurora.Mapping {
	return aurora.Mapping{Table: "odd", Columns: aurora.Columns{
		ID: "id", PaymentID: "payment_id", AmountMinor: "amount", Currency: "currency", Status: "status", CreatedAt: "created",
		Extra: map[string]string{"note": "note", "label": "label", "seen": "seen", "ratio": "ratio"},
	}}
}

var oddFields = []string{"amount_minor", "currency", "status", "note", "label", "seen", "ratio"}

// newOdd makes a database of some locale with an empty odd ledger.
func newOdd(t *testing.T, locale string) (owner *pgx.Conn, src aurora.Source) {
	t.Helper()
	name := fmt.Sprintf("test%d", databases.Add(1))
	admin := connect(t, server.DSN("", ""))
	mustExec(t, admin, "create database "+name+" template template0 "+locale)
	mustExec(t, admin, "do $$ begin create role parallax_ro login; exception when duplicate_object then null; end $$")
	owner = connect(t, server.DSN(name, ""))
	mustExec(t, owner, oddTable)
	return owner, aurora.Source{Scope: "payments", Region: "eu-west-1", Mapping: oddMapping(), DB: open(t, server.DSN(name, "parallax_ro")), Settings: quick()}
}

// TestDigestsTellEveryDifference changes one value at a time: among them numbers whose halves fold into the same, and nulls
// beside what stands for them.
func TestDigestsTellEveryDifference(t *testing.T) {
	one, left := newOdd(t, "lc_collate 'C' lc_ctype 'C'")
	other, right := newOdd(t, "lc_collate 'C' lc_ctype 'C'")
	fill := func(owner *pgx.Conn) {
		mustExec(t, owner, "truncate odd")
		mustExec(t, owner, `insert into odd select n, 'pay_' || n, n, 'EUR', 'captured', timestamp '2026-11-18 12:00:00' + n * interval '1 second', '[1]', 'x', '1970-01-01', 0.5
			from generate_series(1, 2000) n`)
	}
	fill(one)
	for _, change := range []string{
		"id = 4294967300", "id = 4294967297", "id = -5", "id = null", "amount = 6", "currency = 'GBP'", "status = ''", "status = null", `note = '[ 1]'`, "note = null",
		"label = ''", "label = null", "seen = null", "seen = '1970-01-01 00:00:00.000001'", "seen = '-infinity'", "ratio = null", "ratio = 0", "payment_id = 'pay_05'",
		"created = created + interval '1 microsecond'", "amount = 11 - amount", "status = label, label = status",
	} {
		where := "id = 5"
		if change == "amount = 11 - amount" { // two rows exchange theirs
			where = "id in (5, 6)"
		}
		fill(other)
		mustExec(t, other, "update odd set "+change+" where "+where)
		r := compared(t, left, right, aurora.CompareOptions{Fields: oddFields, Method: aurora.MethodChecksums})
		if r.Method != aurora.MethodChecksums || len(r.Left) == 0 || r.Equal >= 2000 {
			t.Errorf("%s is not noticed: %d rows equal", change, r.Equal)
		}
	}
}

// A null is no number, not even the one whose hash would be the same with another seed.
func TestNullAndNumberHashUnlike(t *testing.T) {
	one, left := newOdd(t, "lc_collate 'C' lc_ctype 'C'")
	other, right := newOdd(t, "lc_collate 'C' lc_ctype 'C'")
	for owner, id := range map[*pgx.Conn]string{one: "null", other: "4294967297"} {
		mustExec(t, owner, "insert into odd values ("+id+", 'pay_1', 1, 'EUR', 'captured', '2026-11-18 12:00:00')")
		mustExec(t, owner, "insert into odd select n, 'pay_' || n, 1, 'EUR', 'captured', '2026-11-18 12:00:01' from generate_series(2, 100) n")
	}
	if r := compared(t, left, right, aurora.CompareOptions{Fields: oddFields}); len(r.Left) != 1 || len(r.Right) != 1 || r.Method != aurora.MethodChecksums {
		t.Errorf("%+v", r)
	}
}

// fillOdd writes rows: some hundred bursts of a few milliseconds, many rows of one moment, ids with odd letters.
func fillOdd(t *testing.T, owner *pgx.Conn, rows int) {
	t.Helper()
	mustExec(t, owner, `insert into odd select n, (array['pay_','PAY_','é','€ ','"q,','\b'])[1 + n % 6] || n % 997 || '_' || n, n % 50, case when n % 7 = 0 then 'GBP' else 'EUR' end,
		case when n % 11 = 0 then null else 'captured' end, timestamp '2026-11-18 12:00:00' + (n % 300) * interval '11 seconds' + ((n * 7919) % 3000) * interval '1 microsecond',
		'{"a": 1}', 'x', '2026-11-18 10:00:00', 0.1 from generate_series(1, $1::int) n`, rows)
	mustExec(t, owner, "insert into odd select * from odd where id % 100 = 0") // some rows stand twice
}

// changes are what may happen to some row of the right copy; %s is a condition that picks it.
var changes = []string{
	"delete from odd where %s", "delete from odd where ctid = (select max(ctid) from odd where %s)",
	"update odd set status = 'refunded' where ctid = (select max(ctid) from odd where %s)", "insert into odd select * from odd where %s", "insert into odd select id + 1000000, payment_id || 'x', amount, currency, status, created from odd where %s",
	"update odd set amount = amount + 1 where %s", "update odd set status = 'refunded' where %s", "update odd set status = null where %s",
	"update odd set amount = '7.00' where %s", "update odd set created = created + interval '1 microsecond' where %s", "update odd set created = created + interval '20 minutes' where %s",
	`update odd set note = '{"a":1}' where %s`, "update odd set label = null where %s", "update odd set label = '' where %s", "update odd set label = 'NULL' where %s",
	"update odd set label = E'\\u0065\\u0301' where %s", "update odd set seen = seen + interval '1 day' where %s", "update odd set ratio = 0.30000000000000004 where %s",
	"update odd set id = id + 5 where %s", "update odd set id = -id where %s", "update odd set id = id + 4294967296 where %s", "update odd set id = null where %s", "update odd set seen = null where %s", "update odd set currency = 'eur' where %s", "update odd o set amount = p.amount from odd p where o.created = p.created and o.id <> p.id and o.%s",
	"update odd set amount = case id %% 2 when 0 then amount + 3 else amount - 3 end where id / 2 = (select id / 2 from odd where %s limit 1)",
}

// TestResidueIsThatOfAPlainComparison changes rows in every way and holds both methods against a comparison of all rows in
// memory. The copies are in databases of unlike collations.
func TestResidueIsThatOfAPlainComparison(t *testing.T) {
	one, left := newOdd(t, "lc_collate 'C' lc_ctype 'C'")
	other, right := newOdd(t, "locale_provider icu icu_locale 'en-US' lc_collate 'C' lc_ctype 'C'")
	right.Region = "eu-west-2"
	mustExec(t, one, "alter table odd alter id set not null, alter payment_id set not null, alter created set not null, alter seen set not null")
	fillOdd(t, one, 6000)
	rng := rand.New(rand.NewPCG(5, 2))
	for round := range 12 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			mustExec(t, other, "truncate odd")
			fillOdd(t, other, 6000)
			for range 1 + rng.IntN(1+round*12) {
				mustExec(t, other, fmt.Sprintf(changes[rng.IntN(len(changes))], fmt.Sprintf("id = %d", 1+rng.IntN(6000))))
			}
			left.Settings.PageRows, right.Settings.PageRows = 1+rng.IntN(500), 1+rng.IntN(500)
			wantLeft, wantRight := plainly(t, left, right, window)
			for _, method := range []aurora.Method{"", aurora.MethodMerge} {
				r := compared(t, left, right, aurora.CompareOptions{Fields: oddFields, Method: method})
				if method == "" && r.Method != aurora.MethodChecksums {
					t.Errorf("compared by %s, %s", r.Method, r.Why)
				}
				if !slices.Equal(named(r.Left), wantLeft) || !slices.Equal(named(r.Right), wantRight) {
					t.Errorf("%s: left %d rows, want %d; right %d, want %d\n%q\n%q", r.Method, len(r.Left), len(wantLeft), len(r.Right), len(wantRight), named(r.Left), wantLeft)
				}
				if r.LeftRead.Records != 6060 || r.Equal != 6060-int64(len(r.Left)) || len(r.LeftRead.Gaps)+len(r.RightRead.Gaps) > 0 {
					t.Errorf("%s: %d rows, %d equal, gaps %+v %+v", r.Method, r.LeftRead.Records, r.Equal, r.LeftRead.Gaps, r.RightRead.Gaps)
				}
			}
		})
	}
}

func named(entries []record.Entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, outline(e))
	}
	slices.Sort(out)
	return out
}

func outline(e record.Entry) string {
	return fmt.Sprintf("%s %q %s %d %s %q %q", e.CreatedAt.Format("15:04:05.000000"), e.PaymentID, e.ID, e.Amount.Minor, e.Amount.Currency, e.Status, e.Extra)
}

// plainly reads both copies whole and leaves out the keys whose rows are equal.
func plainly(t *testing.T, left, right aurora.Source, w audit.Window) (inLeft, inRight []string) {
	t.Helper()
	group := func(s aurora.Source) map[string][]string {
		s.Settings.PageRows = 10_000
		rows := map[string][]string{}
		for _, e := range read(t, s, w, audit.Cursor{}).records {
			key := e.CreatedAt.String() + e.PaymentID
			rows[key] = append(rows[key], outline(e))
			slices.Sort(rows[key])
		}
		return rows
	}
	l, r := group(left), group(right)
	for key, rows := range l {
		if !slices.Equal(rows, r[key]) {
			inLeft = append(inLeft, rows...)
		}
	}
	for key, rows := range r {
		if !slices.Equal(rows, l[key]) {
			inRight = append(inRight, rows...)
		}
	}
	slices.Sort(inLeft)
	slices.Sort(inRight)
	return inLeft, inRight
}
