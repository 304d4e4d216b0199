package csvfile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/record"
)

// Profile describes an acquirer's CSV file. Columns are found by the names in the header row, never by position.
type Profile struct {
	Columns   map[string]string   // our field to their column; see Fields
	Names     map[string][]string // other names of a field's column, tried in this order where the first is not in the header
	Optional  []string            // fields whose column a file may lack
	Fees      map[string]string   // kind of fee (interchange, scheme, markup, commission, processing, tax, other) to their column
	Types     map[string]string   // their value in the type column to one of ours, such as presentment; "* fee" stands for any value that ends in " fee"
	Reversals []string            // values in the type column whose rows undo an earlier one of the type
	Skip      map[string]string   // values in the type column whose rows are no settlement lines, and why; they are counted
	Trailer   Trailer

	Scale     string         // "decimal" (12.50) or "minor" (1250); empty means decimal
	Signs     string         // "type": refunds and chargebacks are money back however they are signed, all else as it stands; "balance": positive adds to the merchant's balance, so that a payout is negative; empty means type
	FeeSigns  string         // "cost": a positive fee costs the merchant; "balance": a negative one does; empty means cost
	Exponents map[string]int // with scale minor, the decimals of a currency in this file where they are not those of ISO 4217; "*" for all others
	Round     []string       // amount, settlement_amount, net, fee or fees, where they may have more decimals than the currency: they are rounded half away from zero; amount on rows of type fee alone
	Foots     bool           // gross less fees is the net of every row, to the minor unit; a row where it is not is rejected

	Delimiter string   // "," or ";" or "|" or a tab; empty means a comma
	Decimal   string   // "." or ","; empty means a point
	Thousands string   // what parts groups of three digits, such as "." in 1.234,56; empty means nothing may
	Dates     []string // how dates and times are written, such as "DD.MM.YYYY hh:mm:ss", beside ISO 8601 and RFC 3339, which are always read
	Zone      string   // time zone of times that carry none, such as "Europe/Paris"; empty means UTC
}

// Trailer describes the last row of a file, which carries its control totals. The zero Trailer means there is none.
type Trailer struct {
	Column   string // their column that marks the row ...
	Value    string // ... and the value there
	Count    string // their column that holds the number of rows between header and trailer; empty: not stated
	Optional bool   // a file may end without the row
	Total    string // their column that holds the sum of all amounts in minor units, over all currencies and as they are signed in the file; empty: not stated
}

// Fields lists the fields a profile may map, in alphabetical order. currency is required; so is amount, or debit and credit
// in its place, and one of reference, payment_id and rrn.
func Fields() []string {
	names := slices.Clone(fieldNames[:])
	slices.Sort(names)
	return names
}

// Validate reports what is wrong with a profile, before any file is read.
func (p Profile) Validate() error {
	for _, check := range []func(Profile) error{Profile.checkFields, Profile.checkColumns, Profile.checkPairs, Profile.checkTypes, Profile.checkAmounts, Profile.checkForm} {
		if err := check(p); err != nil {
			return fmt.Errorf("csv profile: %w", err)
		}
	}
	return nil
}

func (p Profile) checkFields() error {
	for _, name := range slices.Sorted(maps.Keys(p.Columns)) {
		if _, known := fieldNamed(name); !known {
			return fmt.Errorf("unknown field %q; known are %s", name, strings.Join(Fields(), ", "))
		}
	}
	for _, names := range [][]string{slices.Sorted(maps.Keys(p.Names)), p.Optional} {
		for _, name := range names {
			if p.Columns[name] == "" {
				return fmt.Errorf("field %q is among the other names or the optional ones, but has no column", name)
			}
		}
	}
	for _, name := range p.Round {
		if name != "fees" && !slices.Contains([]string{"amount", "settlement_amount", "net", "fee"}, name) {
			return fmt.Errorf("%q cannot be rounded; amount, settlement_amount, net, fee and fees can", name)
		}
	}
	return nil
}

func (p Profile) checkColumns() error {
	if p.Columns["currency"] == "" {
		return errors.New("field currency has no column")
	}
	if slices.Contains(p.Optional, "currency") && p.Columns["settlement_currency"] == "" {
		return errors.New("field currency is optional, but there is no settlement_currency in its place")
	}
	if p.Columns["amount"] == "" && p.Columns["debit"] == "" && p.Columns["credit"] == "" {
		return errors.New("field amount has no column")
	}
	if p.Columns["reference"] == "" && p.Columns["payment_id"] == "" && p.Columns["rrn"] == "" {
		return errors.New("none of reference, payment_id and rrn has a column, so nothing could be matched")
	}
	return nil
}

func (p Profile) checkPairs() error {
	has := func(name string) bool { return p.Columns[name] != "" }
	for _, a := range signedFields {
		debit, credit, whole := fieldNames[a.debit], fieldNames[a.credit], fieldNames[a.whole]
		if has(debit) != has(credit) {
			return fmt.Errorf("%s and %s belong together", debit, credit)
		}
		if has(debit) && has(whole) {
			return fmt.Errorf("%s stands beside %s and %s: one or the others", whole, debit, credit)
		}
	}
	if (has("settlement_amount") || has("settlement_debit")) != has("settlement_currency") {
		return errors.New("settlement_amount and settlement_currency belong together")
	}
	if p.Foots && !has("net") && !has("net_debit") {
		return errors.New("rows cannot be proven to foot: net has no column")
	}
	return nil
}

func (p Profile) checkTypes() error {
	for _, value := range slices.Sorted(maps.Keys(p.Types)) {
		if !slices.Contains(lineTypes(), record.LineType(p.Types[value])) {
			return fmt.Errorf("type %q means %q, which is none of %v", value, p.Types[value], lineTypes())
		}
		if _, both := p.Skip[value]; both {
			return fmt.Errorf("type %q has a meaning and is skipped", value)
		}
	}
	for _, value := range slices.Sorted(maps.Keys(p.Skip)) {
		if p.Skip[value] == "" {
			return fmt.Errorf("type %q is skipped without a reason", value)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(p.Fees)) {
		if !slices.Contains(feeKinds(), record.FeeKind(kind)) {
			return fmt.Errorf("unknown kind of fee %q; known are %v", kind, feeKinds())
		}
		if p.Fees[kind] == "" {
			return fmt.Errorf("fee %s has no column", kind)
		}
	}
	return nil
}

func (p Profile) checkAmounts() error {
	for _, choice := range []struct {
		what, is string
		of       []string
	}{
		{"amount scale", p.Scale, []string{"", "decimal", "minor"}}, {"rule of signs", p.Signs, []string{"", "type", "balance"}},
		{"rule of fees' signs", p.FeeSigns, []string{"", "cost", "balance"}}, {"decimal mark", p.Decimal, []string{"", ".", ","}},
		{"mark of thousands", p.Thousands, []string{"", ".", ",", " ", "'"}},
	} {
		if !slices.Contains(choice.of, choice.is) {
			return fmt.Errorf("%s %q is neither %s", choice.what, choice.is, strings.Join(choice.of[1:], " nor "))
		}
	}
	if p.Thousands != "" && p.Thousands == p.Decimal || p.Thousands == "." && p.Decimal == "" {
		return errors.New("thousands are parted by the decimal mark")
	}
	for _, currency := range slices.Sorted(maps.Keys(p.Exponents)) {
		if n := p.Exponents[currency]; n < 0 || n > 4 {
			return fmt.Errorf("exponent %d of %s is not from 0 to 4", n, currency)
		}
	}
	if len(p.Exponents) > 0 && p.Scale != "minor" {
		return errors.New("exponents need the scale minor: a decimal amount says itself where its point is")
	}
	return nil
}

func (p Profile) checkForm() error {
	if !slices.Contains([]string{"", ",", ";", "|", "\t"}, p.Delimiter) {
		return fmt.Errorf("delimiter %q is none of comma, semicolon, bar and tab", p.Delimiter)
	}
	if _, err := time.LoadLocation(p.Zone); err != nil || p.Zone == "Local" {
		return fmt.Errorf("%q is no time zone such as Europe/Paris", p.Zone)
	}
	for _, form := range p.Dates {
		if _, err := dateLayout(form); err != nil {
			return fmt.Errorf("dates written as %q: %w", form, err)
		}
	}
	if (p.Trailer.Column == "") != (p.Trailer.Value == "") || p.Trailer.Column == "" && p.Trailer != (Trailer{}) {
		return errors.New("a trailer needs both the column and the value that mark it")
	}
	return nil
}

func lineTypes() []record.LineType {
	return slices.DeleteFunc(record.LineTypes(), func(t record.LineType) bool { return t == record.BankCredit || t == record.BankDebit })
}

func feeKinds() []record.FeeKind {
	return []record.FeeKind{record.Interchange, record.SchemeFee, record.Markup, record.Commission, record.Processing, record.Tax, record.OtherFee}
}
