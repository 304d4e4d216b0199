package ledgerfile

import (
	"fmt"
	"strings"
	"testing"
)

func TestNoCardNumberInAnyField(t *testing.T) {
	whole := "411111" + "1111111111"
	for _, number := range []string{whole, "x" + whole + "y", "4111 1111 1111 " + "1111", "4111-1111-1111-" + "1111"} {
		row := "id,idempotency_key," + header + number + "," + number + "," + number + ",1250,EUR," + strings.Repeat(number+",", 5) + "2026-11-18T14:07:00Z\n"
		ledger, err := decode(row, Options{})
		if err != nil || len(ledger.Entries) != 1 {
			t.Fatalf("%+v, %v", ledger, err)
		}
		got := fmt.Sprintf("%+v", ledger.Entries[0])
		if strings.Contains(got, "111111111") || strings.Contains(got, "1111 1111") || strings.Contains(got, "1111-1111") || strings.Count(got, "411111******1111") != 8 {
			t.Errorf("%q stays: %s", number, got)
		}
	}
}

// A file without a header has its first record there.
func TestNoCardNumberInAnError(t *testing.T) {
	for _, columns := range []map[string]string{nil, {"amount": "x"}} {
		_, err := decode("411111"+"1111111111,12.50,EUR\n", Options{Columns: columns})
		if err == nil || strings.Contains(err.Error(), "1111") || strings.Contains(err.Error(), "12.50") {
			t.Errorf("got %v", err)
		}
	}
}
