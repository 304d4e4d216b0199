package csvfile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parallax/internal/record"
)

// Profile describes an acquirer's CSV file. Columns are found by the names in the header row, never by position.
type Profile struct {
	Columns map[string]string // our field to their column; see Fields
	Types   map[string]string // their value in the type column to presentment, refund, chargeback, fee or other
	Scale   string            // "decimal" (12.50) or "minor" (1250); empty means decimal
	Trailer Trailer
}

// Trailer describes the last row of a file, which carries its control totals. The zero Trailer means there is none.
type Trailer struct {
	Column   string // their column that marks the row ...
	Value    string // ... and the value there
	Count    string // their column that holds the number of rows between header and trailer; empty: not stated
	Optional bool   // a file may end without the row
	Total    string // their column that holds the sum of all amounts in minor units, over all currencies and as they are signed in the file; empty: not stated
}

// Fields lists the fields a profile may map. amount and currency are required, and one of reference, payment_id and rrn.
func Fields() []string {
	return []string{
		"amount", "arn", "auth_code", "business_date", "card", "currency", "fee", "payment_id", "reference", "rrn",
		"settlement_amount", "settlement_currency", "transaction_time", "type",
	}
}

// Validate reports what is wrong with a profile, before any file is read.
func (p Profile) Validate() error {
	for _, field := range slices.Sorted(maps.Keys(p.Columns)) {
		if !slices.Contains(Fields(), field) {
			return fmt.Errorf("csv profile: unknown field %q; known are %s", field, strings.Join(Fields(), ", "))
		}
	}
	for _, field := range []string{"amount", "currency"} {
		if p.Columns[field] == "" {
			return fmt.Errorf("csv profile: field %s has no column", field)
		}
	}
	if p.Columns["reference"] == "" && p.Columns["payment_id"] == "" && p.Columns["rrn"] == "" {
		return errors.New("csv profile: none of reference, payment_id and rrn has a column, so nothing could be matched")
	}
	if (p.Columns["settlement_amount"] == "") != (p.Columns["settlement_currency"] == "") {
		return errors.New("csv profile: settlement_amount and settlement_currency belong together")
	}
	for _, value := range slices.Sorted(maps.Keys(p.Types)) {
		if !slices.Contains(lineTypes(), record.LineType(p.Types[value])) {
			return fmt.Errorf("csv profile: type %q means %q, which is none of %v", value, p.Types[value], lineTypes())
		}
	}
	if p.Scale != "" && p.Scale != "decimal" && p.Scale != "minor" {
		return fmt.Errorf("csv profile: amount scale %q is neither decimal nor minor", p.Scale)
	}
	if (p.Trailer.Column == "") != (p.Trailer.Value == "") || p.Trailer.Column == "" && p.Trailer != (Trailer{}) {
		return errors.New("csv profile: a trailer needs both the column and the value that mark it")
	}
	return nil
}

func lineTypes() []record.LineType {
	return []record.LineType{record.Presentment, record.Refund, record.Chargeback, record.Fee, record.OtherLine}
}
