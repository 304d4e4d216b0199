package aurora_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// The database's own answer counts, and one that the configuration contradicts is a gap.
func TestRoleHintNeverBeatsTheDatabase(t *testing.T) {
	owner, src := newLedger(t)
	insert(t, owner, "pay_1", "1", "EUR", noon)
	for hint, want := range map[record.Witness]record.Witness{
		"": record.Writer, record.Writer: record.Writer, record.Reader: record.Writer, record.Snapshot: record.Snapshot,
	} {
		src.Witness = hint
		if found, err := src.Identify(t.Context()); err != nil || found != want {
			t.Errorf("hint %q: identified as %q, %v", hint, found, err)
		}
		r := read(t, src, window, audit.Cursor{})
		if r.records[0].Witness != want {
			t.Errorf("hint %q: rows of the %q", hint, r.records[0].Witness)
		}
		if hint == record.Reader {
			wantGap(t, r.last.Gaps, "role_hint says reader", "it is the writer", "remove role_hint")
		} else if len(r.last.Gaps) != 0 {
			t.Errorf("hint %q: gaps %+v", hint, r.last.Gaps)
		}
	}
}

func TestServerTellsCopiesApart(t *testing.T) {
	_, one := newLedger(t)
	_, other := newLedger(t)
	again := one
	again.DB, again.Witness = open(t, one.DB.(interface{ Config() *pgxpool.Config }).Config().ConnString()), record.Snapshot
	first, err := one.Server(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if second, err := again.Server(t.Context()); err != nil || second != first {
		t.Errorf("one database is %q and %q: %v", first, second, err)
	}
	if second, err := other.Server(t.Context()); err != nil || second == first {
		t.Errorf("two databases are both %q: %v", second, err)
	}
}
