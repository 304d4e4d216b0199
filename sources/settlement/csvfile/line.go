package csvfile

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// rowAmount is a row's amount as it stands in the file, for the control total: known even where the row is rejected for
// another reason.
type rowAmount struct {
	minor int64
	known bool
}

// skipError says that a row is no settlement line, and why.
type skipError struct{ reason string }

func (e skipError) Error() string { return e.reason }

// line turns one row into a settlement line. An error rejects the row, or skips it.
func (d *decoder) line(row []string, number int64) (l record.SettlementLine, raw rowAmount, err error) {
	if len(row) != d.header.Len() {
		raw = d.amountOfOddRow(row)
		return l, raw, fmt.Errorf("row has %d columns, the header has %d", len(row), d.header.Len())
	}
	means, meansErr := d.meaning(row)
	l = record.SettlementLine{Feed: d.feed, File: d.name, Record: number, Type: means.line, Reversal: means.reversal}
	if l.Amount, err = d.gross(row, means.line == record.Fee); err == nil {
		raw = rowAmount{l.Amount.Minor, true}
	}
	if meansErr == nil && means.skip != "" {
		return l, raw, skipError{means.skip}
	}
	for _, err := range []error{err, meansErr} {
		if err != nil {
			return l, raw, err
		}
	}
	for _, fill := range []func([]string, *record.SettlementLine) error{d.texts, d.otherAmounts, d.times} {
		if err := fill(row, &l); err != nil {
			return l, raw, err
		}
	}
	if l.Reference == "" && l.PaymentID == "" && l.RRN == "" {
		return l, raw, errors.New("row has neither reference nor payment id nor rrn")
	}
	l.MaskedPAN = decode.MaskPAN(d.value(row, cardField))
	return l, raw, nil
}

// amountOfOddRow reads the amount of a row with the wrong number of columns, if amount and currency are where they belong.
func (d *decoder) amountOfOddRow(row []string) rowAmount {
	for _, f := range []field{amountField, debitField, creditField, currencyField, settlementField, settlementDebitField, settlementCreditField, settlementCurrencyField} {
		if d.at[f] >= len(row) {
			return rowAmount{}
		}
	}
	a, err := d.gross(row, false)
	return rowAmount{a.Minor, err == nil}
}

func (d *decoder) meaning(row []string) (meaning, error) {
	if d.at[typeField] < 0 {
		return meaning{line: record.Presentment}, nil
	}
	if means, ok := d.types.find(d.value(row, typeField)); ok {
		return means, nil
	}
	return meaning{}, d.wrong(typeField, errors.New("is a type the profile does not know"))
}

func (d *decoder) texts(row []string, l *record.SettlementLine) error {
	var rowID string
	for _, f := range []struct {
		field field
		into  *string
	}{
		{referenceField, &l.Reference}, {rowIDField, &rowID}, {paymentIDField, &l.PaymentID}, {originalField, &l.Original}, {arnField, &l.ARN}, {rrnField, &l.RRN},
		{authCodeField, &l.AuthCode}, {batchField, &l.Batch}, {codeField, &l.Code}, {noteField, &l.Note}, {rateField, &l.Rate},
	} {
		if d.at[f.field] < 0 {
			continue
		}
		text, err := d.text(row[d.at[f.field]], f.field)
		if err != nil {
			return d.wrong(f.field, err)
		}
		*f.into = text
	}
	if l.Reference == "" {
		l.Reference = rowID
	}
	if l.Original == l.Reference {
		l.Original = "" // files that name the payment on every row name it on its own too
	}
	if l.Rate != "" && !rateForm.MatchString(l.Rate) {
		return d.wrong(rateField, errors.New("is not an exchange rate such as 1.0656568"))
	}
	if strings.Trim(l.Rate, "0.") == "" {
		l.Rate = "" // nothing was converted
	}
	return d.parts(row, l)
}

func (d *decoder) text(text string, f field) (string, error) {
	switch f {
	case noteField:
		return decode.Note(text)
	case batchField, codeField, rateField:
		return d.interned.Text(text)
	default:
		return decode.Text(text)
	}
}

var rateForm = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,18})?$`)

func (d *decoder) parts(row []string, l *record.SettlementLine) error {
	for _, f := range []struct {
		field field
		into  *int
	}{{partField, &l.Part}, {partsField, &l.Parts}} {
		text := d.value(row, f.field)
		if text == "" {
			continue
		}
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return d.wrong(f.field, errors.New("is not a whole number up to 65535"))
		}
		*f.into = int(n)
	}
	return nil
}

func (d *decoder) times(row []string, l *record.SettlementLine) error {
	if text := d.value(row, transactionTimeField); text != "" {
		t, err := d.dates.time(text)
		if err != nil {
			return d.wrong(transactionTimeField, err)
		}
		l.TransactionAt = t.UTC()
	}
	l.BusinessDate = d.dateInName
	for _, f := range []struct {
		field field
		into  *string
	}{{businessDateField, &l.BusinessDate}, {valueDateField, &l.ValueDate}} {
		text := d.value(row, f.field)
		if text == "" {
			continue
		}
		day, err := d.dates.day(text)
		if err != nil {
			return d.wrong(f.field, err)
		}
		*f.into = d.interned.Copy(day)
	}
	return nil
}
