package aurora_test

import (
	"testing"

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

func TestCompareKeepsWhatDiffers(t *testing.T) {
	one, left := newLedger(t)
	other, right := newLedger(t)
	for _, id := range []string{"pay_1", "pay_2", "pay_3"} {
		insert(t, one, id, "100", "EUR", noon)
		insert(t, other, id, "100", "EUR", noon)
	}
	mustExec(t, other, "update ledger set amount_minor = 7 where payment_id = 'pay_2'")
	mustExec(t, other, "delete from ledger where payment_id = 'pay_3'")
	r := compared(t, left, right, aurora.CompareOptions{})
	if ids(r.Left) != "pay_2 pay_3" || ids(r.Right) != "pay_2" || r.Equal != 1 || r.Bytes == 0 {
		t.Errorf("%+v", r)
	}
}
