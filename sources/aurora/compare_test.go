package aurora_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
	"parallax/sources/aurora"
)

func compared(t *testing.T, left, right aurora.Source, o aurora.CompareOptions) aurora.Residue {
	t.Helper()
	if o.Fields == nil {
		o.Fields = []string{"amount_minor", "currency", "status", "merchant"}
	}
	r, err := aurora.Compare(t.Context(), left, right, window, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fill writes n payments, one a second from noon on.
func fill(t *testing.T, owner *pgx.Conn, n int) {
	t.Helper()
	mustExec(t, owner, `insert into ledger select n, 'pay_' || n, 'key', 100 + n, 'EUR', 'captured', $1::timestamptz + n * interval '1 second', null, 'shop'
		from generate_series(1, $2::int) n`, noon, n)
}

// twoLedgers are equal copies of n payments, with an index on the creation time.
func twoLedgers(t *testing.T, n int) (one, other *pgx.Conn, left, right aurora.Source) {
	t.Helper()
	one, left = newLedger(t)
	other, right = newLedger(t)
	right.Region = "eu-west-2"
	for _, owner := range []*pgx.Conn{one, other} {
		fill(t, owner, n)
		mustExec(t, owner, "create index on ledger (created_at)")
	}
	return one, other, left, right
}

func gapsOf(r aurora.Residue) []audit.Gap { return append(r.LeftRead.Gaps, r.RightRead.Gaps...) }

func TestCertificateOfAComparison(t *testing.T) {
	_, other, left, right := twoLedgers(t, 1000)
	mustExec(t, other, "update ledger set amount_minor = 7 where id = 3")
	mustExec(t, other, "delete from ledger where id = 900")
	sums := map[aurora.Method]string{}
	for _, method := range []aurora.Method{aurora.MethodChecksums, aurora.MethodMerge} {
		r := compared(t, left, right, aurora.CompareOptions{Method: method})
		if r.Method != method || ids(r.Left) != "pay_3 pay_900" || ids(r.Right) != "pay_3" || r.Equal != 998 || r.Truncated != 0 || len(gapsOf(r)) > 0 {
			t.Errorf("%s: left %s, right %s, %d equal, %+v", r.Method, ids(r.Left), ids(r.Right), r.Equal, gapsOf(r))
		}
		for _, read := range []audit.Coverage{r.LeftRead, r.RightRead} {
			if read.Matched != 998 || read.Records != 1000 && read.Records != 999 || read.Watermark.IsZero() || len(read.Extents) != 1 {
				t.Errorf("%s: %+v", r.Method, read)
			}
		}
		extent := r.LeftRead.Extents[0]
		if extent.Totals["EUR minor units"] != "600500" || extent.Checksum == r.RightRead.Extents[0].Checksum || !strings.HasPrefix(extent.Totals["compared by"], string(method)) {
			t.Errorf("%s: extent %+v", r.Method, extent)
		}
		sums[method] = extent.Checksum
		if r.Bytes < 1000 || method == aurora.MethodMerge && r.Bytes < 100_000 {
			t.Errorf("%s: %d bytes", r.Method, r.Bytes)
		}
	}
	if sums[aurora.MethodChecksums] == "" || sums[aurora.MethodMerge] == "" {
		t.Errorf("checksums: %q", sums)
	}
}

// TestEverythingDiffers keeps what it may, never a row without its counterpart, and says how much it let go.
func TestEverythingDiffers(t *testing.T) {
	_, other, left, right := twoLedgers(t, 3000)
	mustExec(t, other, "update ledger set status = 'refunded'")
	mustExec(t, other, "delete from ledger where id % 10 = 1")
	insert(t, other, "pay_late", "1", "EUR", noon.Add(40*time.Minute)) // there is room for it beside 90 others, but not behind them
	r := compared(t, left, right, aurora.CompareOptions{MaxRows: 100})
	if r.Method != aurora.MethodMerge || !strings.Contains(r.Why, "differ") || r.Equal != 0 {
		t.Errorf("compared by %s, %s; %d equal", r.Method, r.Why, r.Equal)
	}
	if len(r.Left) != 100 || len(r.Right) != 90 || r.Truncated != 2900+2611 {
		t.Errorf("%d and %d rows kept, %d let go", len(r.Left), len(r.Right), r.Truncated)
	}
	wantGap(t, r.LeftRead.Gaps, "2900 rows more differ than the 100 that are kept", "copies of one ledger")
	wantGap(t, r.RightRead.Gaps, "2611 rows more")
}

func TestUnlikeDatabasesAreMerged(t *testing.T) {
	tests := map[string]struct {
		spoil func(*testing.T, *pgx.Conn, *aurora.Source)
		why   string
	}{
		"type": {func(t *testing.T, o *pgx.Conn, _ *aurora.Source) {
			mustExec(t, o, "alter table ledger alter amount_minor type bigint")
		},
			"amount is of type numeric in eu-west-1 and of type bigint in eu-west-2"},
		"scale": {func(t *testing.T, o *pgx.Conn, _ *aurora.Source) {
			mustExec(t, o, "alter table ledger alter amount_minor type numeric(12,2)")
		},
			"numeric(12,2)"},
		"text": {func(t *testing.T, o *pgx.Conn, _ *aurora.Source) {
			mustExec(t, o, "alter table ledger alter status type varchar(40)")
		},
			"status is of type text"},
		"not mapped": {func(_ *testing.T, _ *pgx.Conn, s *aurora.Source) { s.Mapping.Columns.ID = "" }, "id is of type bigint in eu-west-1 and not mapped in eu-west-2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, other, left, right := twoLedgers(t, 50)
			mustExec(t, other, "update ledger set amount_minor = 7 where id = 3")
			test.spoil(t, other, &right)
			r := compared(t, left, right, aurora.CompareOptions{Method: aurora.MethodChecksums})
			if r.Method != aurora.MethodMerge || !strings.Contains(r.Why, test.why) || len(gapsOf(r)) > 0 {
				t.Errorf("compared by %s, %s; gaps %+v", r.Method, r.Why, gapsOf(r))
			}
			if name != "not mapped" && (ids(r.Left) != "pay_3" || ids(r.Right) != "pay_3" || r.Equal != 49) {
				t.Errorf("left %s, right %s, %d equal", ids(r.Left), ids(r.Right), r.Equal)
			}
		})
	}
}

// Amounts of a type the database can tell nothing of are read, and what is none is a gap.
func TestAmountsAsTextAreRead(t *testing.T) {
	one, other, left, right := twoLedgers(t, 10)
	for _, owner := range []*pgx.Conn{one, other} {
		mustExec(t, owner, "alter table ledger alter amount_minor type text")
		mustExec(t, owner, "update ledger set amount_minor = 'ten' where id = 10")
	}
	r := compared(t, left, right, aurora.CompareOptions{})
	if r.Method != aurora.MethodMerge || !strings.Contains(r.Why, "of type text") || r.Equal != 9 || len(r.Left) != 0 {
		t.Errorf("%+v", r)
	}
	wantGap(t, r.LeftRead.Gaps, "1 rows left out", "pay_10")
	wantGap(t, r.RightRead.Gaps, "1 rows left out", "pay_10")
}

// An encoding is other bytes for the same text, so hashes say nothing; read, the rows are equal.
func TestUnlikeEncodings(t *testing.T) {
	one, left := newOdd(t, "encoding 'UTF8' lc_collate 'C' lc_ctype 'C'")
	other, right := newOdd(t, "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'")
	for _, owner := range []*pgx.Conn{one, other} {
		mustExec(t, owner, "set client_encoding = 'UTF8'")
		mustExec(t, owner, "insert into odd (payment_id, amount, currency, status, created) values ('pay_é', 1, 'EUR', 'payé', '2026-11-18 12:00:00'), ('pay_z', 1, 'EUR', 'payé', '2026-11-18 12:00:00')")
	}
	r := compared(t, left, right, aurora.CompareOptions{Fields: oddFields})
	if r.Method != aurora.MethodMerge || !strings.Contains(r.Why, "in LATIN1") || r.Equal != 2 || len(r.Left)+len(r.Right)+len(gapsOf(r)) > 0 {
		t.Errorf("%+v", r)
	}
}

// TestBadRowsOfEqualStretchesAreCounted: nobody reads them one by one, and they are noticed all the same.
func TestBadRowsOfEqualStretchesAreCounted(t *testing.T) {
	for name, test := range map[string]struct{ change, says string }{
		"amount null":   {"amount_minor = null", "amount is null"},
		"currency null": {"currency = null", "currency is null"},
		"blank":         {"currency = ' '", "currency is null"},
		"fraction":      {"amount_minor = 1.5", "amount is not a number"},
		"not a number":  {"amount_minor = 'NaN'", "amount is not a number"},
		"too large":     {"amount_minor = 1e19", "amount is not a number"},
	} {
		t.Run(name, func(t *testing.T) {
			one, other, left, right := twoLedgers(t, 100)
			for _, owner := range []*pgx.Conn{one, other} {
				mustExec(t, owner, "update ledger set "+test.change+" where id in (5, 50)")
			}
			mustExec(t, other, "update ledger set status = 'refunded' where id in (50, 60)") // one of them is read
			for _, method := range []aurora.Method{aurora.MethodChecksums, aurora.MethodMerge} {
				r := compared(t, left, right, aurora.CompareOptions{Method: method})
				if r.Method != method || r.Equal != 97 || ids(r.Left) != "pay_60" || ids(r.Right) != "pay_60" {
					t.Errorf("%s: %d equal, left %s, right %s", r.Method, r.Equal, ids(r.Left), ids(r.Right))
				}
				wantGap(t, r.LeftRead.Gaps, "2 rows left out", test.says)
				wantGap(t, r.RightRead.Gaps, "2 rows left out", test.says)
			}
		})
	}
}

func TestDecimalAmountsAreCheckedInTheDatabase(t *testing.T) {
	one, other, left, right := twoLedgers(t, 100)
	for _, s := range []*aurora.Source{&left, &right} {
		s.Mapping.Columns.Amount, s.Mapping.Columns.AmountMinor = "amount_minor", ""
	}
	for _, owner := range []*pgx.Conn{one, other} {
		mustExec(t, owner, "update ledger set amount_minor = amount_minor + 0.50")
		mustExec(t, owner, "update ledger set currency = 'JPY', amount_minor = 7.00 where id = 1")
		mustExec(t, owner, "update ledger set currency = 'BHD', amount_minor = 7.123 where id = 2")
	}
	r := compared(t, left, right, aurora.CompareOptions{})
	totals := r.LeftRead.Extents[0].Totals
	if r.Method != aurora.MethodChecksums || r.Equal != 100 || len(gapsOf(r)) > 0 || totals["JPY minor units"] != "7" || totals["BHD minor units"] != "7123" {
		t.Errorf("%+v", r)
	}
	for _, owner := range []*pgx.Conn{one, other} {
		mustExec(t, owner, "update ledger set currency = 'JPY' where id = 3") // 103.50
		mustExec(t, owner, "update ledger set currency = 'ZZZ' where id = 4")
		mustExec(t, owner, "update ledger set amount_minor = 92233720368547758.08 where id = 5")
	}
	r = compared(t, left, right, aurora.CompareOptions{})
	if r.Method != aurora.MethodChecksums || r.Equal != 97 || len(r.LeftRead.Gaps) != 2 || len(r.LeftRead.Excluded) != 2 {
		t.Errorf("%d equal, %+v", r.Equal, r.LeftRead)
	}
}

// A row that cannot be used in one copy proves nothing about its counterpart in the other.
func TestABadRowIsNoLoss(t *testing.T) {
	_, other, left, right := twoLedgers(t, 10)
	mustExec(t, other, "update ledger set amount_minor = null where id = 5")
	for _, method := range []aurora.Method{aurora.MethodChecksums, aurora.MethodMerge} {
		r := compared(t, left, right, aurora.CompareOptions{Method: method})
		if len(r.Left)+len(r.Right) != 0 || r.Equal != 9 || len(r.LeftRead.Gaps) != 0 || len(r.LeftRead.Excluded) != 1 {
			t.Errorf("%s: %+v", method, r)
		}
		wantGap(t, r.RightRead.Gaps, "1 rows left out, amount is null", "pay_5")
	}
}

func TestUnplacedRowsAreGapsOfAComparison(t *testing.T) {
	one, _, left, right := twoLedgers(t, 10)
	insert(t, one, nil, "1", "EUR", noon)
	r := compared(t, left, right, aurora.CompareOptions{})
	if r.Equal != 10 || len(r.RightRead.Gaps) != 0 {
		t.Errorf("%+v", r)
	}
	wantGap(t, r.LeftRead.Gaps, "1 rows have no payment_id")
}

// Rows of one microsecond cannot be parted by time.
func TestManyRowsOfOneMoment(t *testing.T) {
	one, other, left, right := twoLedgers(t, 1)
	for _, owner := range []*pgx.Conn{one, other} {
		mustExec(t, owner, `insert into ledger select n, 'pay_' || n, 'key', 100, 'EUR', 'captured', $1, null, 'shop' from generate_series(2, 5000) n`, noon.Add(time.Minute))
	}
	mustExec(t, other, "delete from ledger where id = 4000")
	left.Settings.PageRows, right.Settings.PageRows = 700, 900
	r := compared(t, left, right, aurora.CompareOptions{})
	if r.Method != aurora.MethodChecksums || ids(r.Left) != "pay_4000" || len(r.Right) != 0 || r.Equal != 4999 {
		t.Errorf("%s: left %s, %d equal", r.Method, ids(r.Left), r.Equal)
	}
}

func TestRowIDsMayBeLeftOut(t *testing.T) {
	_, other, left, right := twoLedgers(t, 100)
	mustExec(t, other, "update ledger set id = id + 1000")
	for _, method := range []aurora.Method{aurora.MethodChecksums, aurora.MethodMerge} {
		if r := compared(t, left, right, aurora.CompareOptions{Method: method, IgnoreID: true}); r.Method != method || r.Equal != 100 {
			t.Errorf("%s, %s: %d equal", r.Method, r.Why, r.Equal)
		}
		if r := compared(t, left, right, aurora.CompareOptions{Method: method}); r.Equal != 0 {
			t.Errorf("%s: %d equal", r.Method, r.Equal)
		}
	}
}

func TestEmptyCopies(t *testing.T) {
	one, left := newLedger(t)
	_, right := newLedger(t)
	if r := compared(t, left, right, aurora.CompareOptions{}); r.Method != aurora.MethodChecksums || r.Equal != 0 || len(gapsOf(r)) != 0 {
		t.Errorf("%+v", r)
	}
	fill(t, one, 5)
	for _, pair := range [][2]aurora.Source{{left, right}, {right, left}} {
		if r := compared(t, pair[0], pair[1], aurora.CompareOptions{}); len(r.Left)+len(r.Right) != 5 || len(gapsOf(r)) != 0 {
			t.Errorf("%+v", r)
		}
	}
	r, err := aurora.Compare(t.Context(), left, right, audit.Window{From: noon, To: noon}, aurora.CompareOptions{})
	if err != nil || len(r.Left) != 0 {
		t.Errorf("empty window: %+v, %v", r, err)
	}
}

func TestComparisonThatCannotBe(t *testing.T) {
	_, _, left, right := twoLedgers(t, 5)
	right.Mapping.Columns.PaymentID = ""
	if _, err := aurora.Compare(t.Context(), left, right, window, aurora.CompareOptions{}); err == nil || !strings.Contains(err.Error(), "eu-west-2") {
		t.Errorf("%v", err)
	}
	right = left
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := aurora.Compare(ctx, left, right, window, aurora.CompareOptions{}); err == nil {
		t.Error("an ended context is no error")
	}
	right.Witness = "reader"
	r := compared(t, left, right, aurora.CompareOptions{})
	wantGap(t, r.RightRead.Gaps, "role_hint says reader")
	right.Mapping.Table = "gone"
	r = compared(t, left, right, aurora.CompareOptions{})
	if len(r.Left)+len(r.Right) != 0 || len(r.LeftRead.Gaps) != 0 {
		t.Errorf("%+v", r)
	}
	if got := fmt.Sprint(r.RightRead.Gaps); !strings.Contains(got, "ledgers[].table") {
		t.Errorf("gaps %s", got)
	}
}

// Both ways to find a moment's stretch put every moment where the rows of that stretch are read.
func TestBothBinsAgree(t *testing.T) {
	owner, _ := newDatabase(t)
	var unlike int
	query := fmt.Sprintf(`select count(*) from (select timestamptz '2026-11-18 12:00:00Z' + (n * n * 7919 %% 999999937) * interval '1 microsecond' as at from generate_series(1, 50000::bigint) n) as t,
		(values (interval '1 microsecond'), ('7 microseconds'), ('333333 microseconds'), ('1 hour')) as w (width),
		(values (timestamptz '2026-11-18 11:59:59.999999Z'), ('2024-01-01'), ('1999-12-31 23:59:59.5')) as o (origin)
		where %s <> %s`, aurora.DateBin("at", "origin", "width"), aurora.EpochBin("at", "origin", "width"))
	if err := owner.QueryRow(t.Context(), query).Scan(&unlike); err != nil || unlike != 0 {
		t.Errorf("%d moments are in unlike stretches: %v", unlike, err)
	}
}
