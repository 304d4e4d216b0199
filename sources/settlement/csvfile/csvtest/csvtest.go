// Package csvtest writes an acquirer's CSV file for tests.
package csvtest

import (
	"fmt"
	"strings"
)

// Header is the file's first line.
const Header = "payment_reference,rrn,auth_code,type,amount,currency,fee,card,transaction_time,business_date\n"

// Row is the n-th capture.
func Row(n int, amount, currency string) string {
	return fmt.Sprintf("V%015d,%012d,A%05d,capture,%s,%s,0.10,411111******1111,2026-11-18T14:07:00Z,2026-11-18\n", n, n, n, amount, currency)
}

// Trailer is the last line: how many rows, and the sum of their amounts in minor units.
func Trailer(rows, sum int64) string { return fmt.Sprintf("TRAILER,%d,,,%d,,,,,\n", rows, sum) }

// Good is a file with n captures of EUR 1.00, numbered from the given one on.
func Good(from, n int) []byte {
	text := strings.Builder{}
	text.WriteString(Header)
	for i := range n {
		text.WriteString(Row(from+i, "1.00", "EUR"))
	}
	text.WriteString(Trailer(int64(n), 100*int64(n)))
	return []byte(text.String())
}
