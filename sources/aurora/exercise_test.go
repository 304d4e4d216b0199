package aurora_test

import (
	"fmt"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/aurora"
	"parallax/sources/sourcetest"
)

func TestExercise(t *testing.T) {
	owner, src := newLedger(t)
	src.Settings.PageRows = 4
	for i := range 25 { // three rows of each moment: pages end between equal times
		insert(t, owner, fmt.Sprintf("pay_%02d", i), "1", "EUR", noon.Add(time.Duration(1+i/3)*time.Second))
	}
	changed := func(change func(*testing.T, *aurora.Source)) func(*testing.T) pipeline.Source[record.Entry] {
		return func(t *testing.T) pipeline.Source[record.Entry] {
			s := src
			change(t, &s)
			return s
		}
	}
	same := changed(func(*testing.T, *aurora.Source) {})
	sourcetest.Exercise(t, sourcetest.Case[record.Entry]{
		Open: same, Window: window, Records: 25,
		ID: func(e record.Entry) string { return e.PaymentID },
		Resume: func(t *testing.T, left map[string]audit.Cursor) (pipeline.Source[record.Entry], audit.Cursor) {
			return same(t), left["aurora/payments/eu-west-1"]
		},
		Unreachable: map[string]func(*testing.T) pipeline.Source[record.Entry]{
			"nobody there": changed(func(t *testing.T, s *aurora.Source) {
				s.DB = open(t, "postgres://parallax_ro@127.0.0.1:1/payments?sslmode=disable")
			}),
			"no table": changed(func(_ *testing.T, s *aurora.Source) { s.Mapping.Table = "gone" }),
			"refused": changed(func(t *testing.T, s *aurora.Source) {
				mustExec(t, owner, "revoke select on ledger from parallax_ro")
				t.Cleanup(func() { mustExec(t, owner, "grant select on ledger to parallax_ro") })
			}),
		},
	})
}
