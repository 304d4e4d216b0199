package cardfile

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"
)

// columns of the acquirer's file.
var columns = []string{
	"payment_reference", "rrn", "auth_code", "type", "amount", "currency", "fee", "card", "transaction_time", "business_date",
}

// WriteCSV writes an acquirer's file: a header row, one row per line, and a trailer that holds the number of rows and,
// as one integer, the sum of their amounts in minor units whatever their currency.
func WriteCSV(w io.Writer, businessDate time.Time, lines []Line) error {
	out := csv.NewWriter(w)
	rows := [][]string{columns}
	var sum int64
	for i, l := range lines {
		row, err := csvRow(l, businessDate)
		if err != nil {
			return fmt.Errorf("write csv: row %d: %w", i+1, err)
		}
		rows = append(rows, row)
		sum += l.Minor
	}
	trailer := make([]string, len(columns))
	trailer[0], trailer[1], trailer[4] = "TRAILER", strconv.Itoa(len(lines)), strconv.FormatInt(sum, 10)
	if err := out.WriteAll(append(rows, trailer)); err != nil { // flushes
		return fmt.Errorf("write csv: %w", err)
	}
	return nil
}

func csvRow(l Line, businessDate time.Time) ([]string, error) {
	currency, err := currencyOf(l.Currency)
	if err != nil {
		return nil, err
	}
	kind := l.Kind
	if kind == "" {
		kind = Capture
	}
	return []string{
		l.Reference, l.RRN, l.Auth, string(kind), currency.decimal(l.Minor), l.Currency, currency.decimal(l.Fee),
		masked(cardNumber(l.Issuer, l.Reference)), l.At.UTC().Format(time.RFC3339), businessDate.Format(time.DateOnly),
	}, nil
}
