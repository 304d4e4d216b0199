package csvfile

import (
	"fmt"
	"parallax/sources/settlement/csvfile/csvtest"
	"strings"
	"testing"
)

// Card numbers where none belong: in every field of text, whole, in groups, and stuck to other characters.
func TestNoCardNumberInAnyField(t *testing.T) {
	whole := "411111" + "1111111111"
	for _, number := range []string{whole, "x" + whole + "y", "4111 1111 1111 " + "1111", "4111-1111-1111-" + "1111"} {
		p := testProfile()
		p.Trailer = Trailer{}
		p.Columns["payment_id"], p.Columns["arn"] = "id", "arn"
		header := strings.TrimSuffix(csvtest.Header, "\n") + ",id,arn\n"
		row := fmt.Sprintf("%s,%s,%s,capture,12.50,EUR,0.10,%s,2026-11-18T14:07:00Z,2026-11-18,%s,%s\n", number, number, number, number, number, number)
		lines, s, err := decodeText(header+row, p)
		if err != nil || len(lines) != 1 {
			t.Fatalf("%d lines, %+v, %v", len(lines), s, err)
		}
		if got := fmt.Sprintf("%+v", lines[0]); strings.Contains(got, "111111111") || strings.Contains(got, "1111 1111") || strings.Contains(got, "1111-1111") {
			t.Errorf("%q stays: %s", number, got)
		}
		if !strings.Contains(lines[0].Reference, "411111******1111") {
			t.Errorf("%q became %q", number, lines[0].Reference)
		}
	}
}
