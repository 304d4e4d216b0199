package aurora_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
	"parallax/sources/aurora"
)

// A table that inherits need not keep to what its parent declares NOT NULL.
func TestNullsOfAChildTable(t *testing.T) {
	one, other, left, right := twoLedgers(t, 50)
	for i, owner := range []*pgx.Conn{one, other} {
		mustExec(t, owner, "create table kid () inherits (ledger); grant select on kid to parallax_ro")
		mustExec(t, owner, "alter table ledger alter status set not null, alter id set not null, alter payment_id set not null")
		mustExec(t, owner, "alter table kid alter status drop not null, alter id drop not null, alter payment_id drop not null")
		mustExec(t, owner, `insert into kid (id, payment_id, amount_minor, currency, created_at) values (null, 'kid', $1, 'EUR', $2)`, 7+i, noon)
	}
	r := compared(t, left, right, aurora.CompareOptions{})
	if r.Method != aurora.MethodChecksums || ids(r.Left) != "kid" || ids(r.Right) != "kid" || r.Equal != 50 || len(gapsOf(r)) != 0 {
		t.Errorf("%s: left %q, right %q, %d equal, gaps %+v", r.Method, ids(r.Left), ids(r.Right), r.Equal, gapsOf(r))
	}
	mustExec(t, one, "insert into kid (amount_minor, currency, created_at) values (1, 'EUR', $1)", noon)
	wantGap(t, compared(t, left, right, aurora.CompareOptions{}).LeftRead.Gaps, "1 rows have no payment_id")
	wantGap(t, read(t, left, window, audit.Cursor{}).last.Gaps, "1 rows have no payment_id")
}
