package paypal

import (
	"errors"
	"fmt"
	"strings"

	"parallax/internal/money"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/rows"
)

// The columns that are read.
const (
	transactionID = iota
	paymentID
	referenceID
	referenceType
	eventCode
	initiated
	direction
	gross
	grossCurrency
	feeDirection
	fee
	feeCurrency
	bankReference
	columnCount
)

type column struct {
	name     string
	optional bool
}

// columnNames are as the CH row gives them, with single blanks; the merchant's reference may stand elsewhere.
func columnNames(o Options) [columnCount]column {
	names := [columnCount]column{
		transactionID: {"Transaction ID", false},
		paymentID:     {"Invoice ID", false},
		referenceID:   {"PayPal Reference ID", false},
		referenceType: {"PayPal Reference ID Type", false},
		eventCode:     {"Transaction Event Code", false},
		initiated:     {"Transaction Initiation Date", false},
		direction:     {"Transaction Debit or Credit", false},
		gross:         {"Gross Transaction Amount", false},
		grossCurrency: {"Gross Transaction Currency", false},
		feeDirection:  {"Fee Debit or Credit", false},
		fee:           {"Fee Amount", false},
		feeCurrency:   {"Fee Currency", false},
		bankReference: {"Bank Reference ID", true}, // since version 8
	}
	if o.PaymentID != "" {
		names[paymentID].name = o.PaymentID
	}
	return names
}

// section is the transactions of one account.
type section struct {
	account  string
	day      string // YYYY-MM-DD
	batch    string // both: a withdrawal pays out what the account's day left
	interned decode.Interns
	header   rows.Header
	names    [columnCount]column
	at       [columnCount]int // position of each column, -1 where there is none
	totals   totals
	footed   map[string]bool // currencies whose footer (SF) was read
	rows     int64
	unread   int64 // rows whose amounts cannot be read
}

func (s *section) readColumns(row []string, names [columnCount]column) error {
	if s.header.Len() > 0 {
		return errors.New("is a second row of column names (CH) in the section")
	}
	single := make([]string, len(row))
	for i, name := range row {
		single[i] = strings.Join(strings.Fields(name), " ") // some versions write two blanks
	}
	s.header, s.names = rows.NewHeader(single), names
	for c := range columnCount {
		at, err := s.header.Find(names[c].name)
		switch {
		case errors.Is(err, rows.ErrNoColumn) && names[c].optional:
			at = -1
		case err != nil:
			return &decode.FieldError{Field: names[c].name, Err: err}
		}
		s.at[c] = at
	}
	return nil
}

// value returns a field of a transaction, trimmed; empty where the report has no such column.
func (s *section) value(row []string, c int) string {
	if s.at[c] < 0 {
		return ""
	}
	return strings.TrimSpace(row[s.at[c]])
}

func (s *section) wrong(c int, err error) error {
	return &decode.FieldError{Field: s.names[c].name, Err: err}
}

// movement is what a transaction does to a balance, in hundredths of the currency's unit as they stand in the file.
type movement struct {
	gross, fee leg
}

type leg struct {
	raw      int64 // unsigned
	debit    bool
	currency string // empty: no fee
}

func (s *section) amounts(row []string) (m movement, err error) {
	if len(row) != s.header.Len() {
		return m, fmt.Errorf("row has %d columns, its header has %d", len(row), s.header.Len())
	}
	if m.gross, err = s.leg(row, direction, gross, grossCurrency); err != nil {
		return m, err
	}
	if s.value(row, feeDirection) == "" && strings.Trim(s.value(row, fee), "0") == "" {
		return m, nil
	}
	m.fee, err = s.leg(row, feeDirection, fee, feeCurrency)
	return m, err
}

func (s *section) leg(row []string, way, amount, currency int) (l leg, err error) {
	switch s.value(row, way) {
	case "CR":
	case "DR":
		l.debit = true
	default:
		return l, s.wrong(way, errors.New("is neither CR nor DR"))
	}
	letters := s.value(row, currency)
	digits, err := decode.Exponent(letters)
	if err != nil {
		return l, s.wrong(currency, err)
	}
	l.currency = s.interned.Copy(letters)
	if l.raw, err = number(s.value(row, amount)); err == nil {
		_, err = minor(l.raw, digits)
	}
	if err != nil {
		return l, s.wrong(amount, err)
	}
	return l, nil
}

// amount is a leg in minor units, positive where it is a credit.
func (l leg) amount() (money.Amount, error) {
	if l.currency == "" {
		return money.Amount{}, nil
	}
	digits, err := decode.Exponent(l.currency)
	if err != nil {
		return money.Amount{}, err
	}
	n, err := minor(l.raw, digits)
	if l.debit {
		n = -n
	}
	return money.Amount{Minor: n, Currency: l.currency}, err
}

// minor turns hundredths into minor units: the same for most currencies, a hundredth part for yen, ten times for dinars.
func minor(raw int64, digits int) (int64, error) {
	for ; digits < 2; digits++ {
		if raw%10 != 0 {
			return 0, errors.New("is not a whole number of the currency's smallest unit, though every amount is written times 100")
		}
		raw /= 10
	}
	for ; digits > 2; digits-- {
		if raw > maxInt64/10 {
			return 0, decode.ErrTooLarge
		}
		raw *= 10
	}
	return raw, nil
}

const maxInt64 = 1<<63 - 1
