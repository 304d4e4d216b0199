package aurora

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// amountKind is what the database can tell of an amount's column.
type amountKind int

const (
	amountOther   amountKind = iota // text, float and whatever else: only reading tells right from wrong
	amountInteger                   // every value is in order
	amountNumeric                   // fractions and what leaves 64 bits can be counted
)

func amountKindOf(kind string) amountKind {
	name, _, _ := strings.Cut(kind, "(")
	switch name {
	case "smallint", "integer", "bigint":
		return amountInteger
	case "numeric":
		return amountNumeric
	}
	return amountOther
}

// unfit counts amounts that have no minor units, as row.understand would find.
func (k amountKind) unfit(c Columns) string {
	amount := column(c.AmountMinor + c.Amount)
	if k == amountInteger && c.AmountMinor != "" {
		return "0"
	}
	digits := "0"
	if c.Amount != "" {
		digits = digitsOf("upper(btrim(" + column(c.Currency) + "::text))")
	}
	return fmt.Sprintf("count(*) filter (where %[1]s <> round(%[1]s::numeric, %[2]s) or abs(%[1]s::numeric) * power(10::numeric, %[2]s) > 9223372036854775807)", amount, digits)
}

// digitsOf is how many decimals a currency has; those with two go without saying.
func digitsOf(code string) string {
	var cases []string
	for _, known := range currency.GetCurrencyCodes() {
		if digits, _ := currency.GetDigits(known); digits != 2 {
			cases = append(cases, fmt.Sprintf("when '%s' then %d", known, digits))
		}
	}
	return "case " + code + " " + strings.Join(cases, " ") + " else 2 end"
}

// maxCurrencies bounds what is kept of a column that holds no currencies.
const maxCurrencies = 1000

var errCurrencies = errors.New("more than " + strconv.Itoa(maxCurrencies) + " values of currency")

// currencyTotal is what the rows of one currency come to.
type currencyTotal struct {
	code    *string
	rows    int64
	amounts int64 // that are not null
	unfit   int64 // of them, without minor units
	sum     *big.Rat
}

// total takes a line of digestQuery.first: currency, amounts, unfit ones, their sum.
func (s *summary) total(rows int64, texts []*string) error {
	if len(texts) != 4 {
		return fmt.Errorf("a total has %d parts", len(texts))
	}
	t := &currencyTotal{code: texts[0], rows: rows, sum: new(big.Rat)}
	var err error
	if t.amounts, err = strconv.ParseInt(text(texts[1]), 10, 64); err != nil {
		return fmt.Errorf("count of amounts: %w", err)
	}
	if t.unfit, err = strconv.ParseInt(text(texts[2]), 10, 64); err != nil {
		return fmt.Errorf("count of unfit amounts: %w", err)
	}
	if texts[3] != nil {
		if sum, ok := new(big.Rat).SetString(*texts[3]); ok { // NaN and infinity are unfit already
			t.sum = sum
		}
	}
	key := "" // null and empty are both no currency
	if t.code != nil {
		key = *t.code
	}
	s.totals[key] = t.plus(s.totals[key])
	if len(s.totals) > maxCurrencies {
		return errCurrencies
	}
	return nil
}

func (t *currencyTotal) plus(other *currencyTotal) *currencyTotal {
	if other == nil {
		return t
	}
	return &currencyTotal{
		code: t.code, rows: t.rows + other.rows, amounts: t.amounts + other.amounts, unfit: t.unfit + other.unfit,
		sum: new(big.Rat).Add(t.sum, other.sum),
	}
}

// certifyTotals puts the totals of a digest into the certificate, and counts the rows that cannot be used, as reading would
// have: those in stretches that are equal were not seen one by one.
func (s *side) certifyTotals(totals map[string]*currencyTotal) (unseen int64) {
	bad := map[string]int64{}
	sums := map[string]*big.Rat{}
	minor := s.Mapping.Columns.AmountMinor != ""
	for _, t := range totals {
		code := strings.ToUpper(strings.TrimSpace(text(t.code)))
		digits, known := currency.GetDigits(code)
		switch {
		case code == "":
			bad[errCurrencyNull.Error()] += t.rows
			continue
		case !minor && !known:
			bad[errCurrency.Error()] += t.amounts
		default:
			bad[errAmount.Error()] += t.unfit
		}
		bad[errAmountNull.Error()] += t.rows - t.amounts
		if sums[code] == nil {
			sums[code] = new(big.Rat)
		}
		if !minor {
			t.sum.Mul(t.sum, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
		}
		sums[code].Add(sums[code], t.sum)
	}
	s.sums = map[string]string{}
	for code, sum := range sums {
		s.sums[code+" minor units"] = sum.FloatString(0)
	}
	for reason, n := range bad {
		if seen := s.bad[reason]; n > 0 && (seen == nil || seen.count < n) {
			if seen == nil {
				seen = &badRows{}
				s.bad[reason] = seen
			}
			unseen += n - seen.count
			seen.count, seen.window = n, s.window
		}
	}
	return unseen
}

// certifyDigest puts a whole digest into the certificate.
func (s *side) certifyDigest(d summary) {
	s.records, s.checksum = d.rows(), d.checksum()
	if n := len(d.stretches); n > 0 {
		s.first = &position{at: micro(d.stretches[0].from)}
		s.after = &position{at: micro(d.stretches[n-1].from)}
	}
}
