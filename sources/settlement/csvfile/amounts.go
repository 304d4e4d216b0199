package csvfile

import (
	"errors"
	"slices"
	"strings"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// gross reads a row's amount. Where a row has no currency of its own, as one about a fee may have none, it is the
// settlement's. The amount of a payment is never rounded, for it is what payments are matched by.
func (d *decoder) gross(row []string, fee bool) (money.Amount, error) {
	if d.at[settlementCurrencyField] >= 0 && d.value(row, currencyField) == "" {
		return d.signed(row, signedFields[1], settlementCurrencyField, d.rounds(settlementField))
	}
	return d.signed(row, signedFields[0], currencyField, fee && d.rounds(amountField))
}

// signed reads an amount that stands in one column with its sign, or in two without.
func (d *decoder) signed(row []string, f signedField, currency field, round bool) (money.Amount, error) {
	if d.at[f.debit] < 0 {
		return d.amount(row, f.whole, currency, round)
	}
	letters, digits, err := d.currency(row, currency)
	if err != nil {
		return money.Amount{}, err
	}
	out, filled := money.Amount{Currency: letters}, false
	for _, c := range []field{f.debit, f.credit} {
		text := d.value(row, c)
		if text == "" {
			continue
		}
		filled = true
		a, err := d.numbers.parse(text, letters, digits, round)
		switch {
		case err != nil:
			return out, d.wrong(c, err)
		case a.Minor < 0:
			return out, d.wrong(c, errors.New("is negative, but debit and credit stand in columns of their own"))
		case a.Minor != 0 && out.Minor != 0:
			return out, d.wrong(c, errors.New("is filled beside "+d.column[f.debit]))
		case c == f.debit:
			a.Minor = -a.Minor
		}
		out.Minor += a.Minor
	}
	if !filled {
		return out, d.wrong(f.credit, errors.New("is empty, and so is "+d.column[f.debit]))
	}
	return out, nil
}

func (d *decoder) amount(row []string, f, currency field, round bool) (money.Amount, error) {
	letters, digits, err := d.currency(row, currency)
	if err != nil {
		return money.Amount{}, err
	}
	a, err := d.numbers.parse(d.value(row, f), letters, digits, round)
	if err != nil {
		return money.Amount{}, d.wrong(f, err)
	}
	return a, nil
}

// rounds reports whether the profile says that a field may have more decimals than its currency.
func (d *decoder) rounds(f field) bool { return slices.Contains(d.profile.Round, fieldNames[f]) }

// currency returns the letters in capitals and the number of decimals. A file has a handful of currencies, so they are
// remembered.
func (d *decoder) currency(row []string, f field) (string, int, error) {
	text := d.value(row, f)
	if digits, known := d.currencies[text]; known {
		return d.letters[text], digits, nil
	}
	letters := strings.ToUpper(text)
	digits, err := decode.Exponent(letters)
	if err != nil {
		return "", 0, d.wrong(f, err)
	}
	if d.currencies == nil {
		d.currencies, d.letters = map[string]int{}, map[string]string{}
	}
	text = strings.Clone(text)
	d.currencies[text], d.letters[text] = digits, strings.ToUpper(text)
	return d.letters[text], digits, nil
}

// otherAmounts reads settlement, net and fees, and gives all of them the signs of the money's way.
func (d *decoder) otherAmounts(row []string, l *record.SettlementLine) (err error) {
	if d.filled(row, signedFields[1]) && d.value(row, settlementCurrencyField) != "" {
		if l.Settlement, err = d.signed(row, signedFields[1], settlementCurrencyField, d.rounds(settlementField)); err != nil {
			return err
		}
	}
	if d.filled(row, signedFields[2]) {
		if l.Net, err = d.signed(row, signedFields[2], d.netCurrency(), d.rounds(netField)); err != nil {
			return err
		}
	}
	if err := d.readFees(row, l); err != nil {
		return err
	}
	if l.Net.Minor != 0 && l.Amount.Minor == 0 && l.Settlement.Minor == 0 { // a row that takes a fee and nothing else
		l.Type, l.Reversal, l.Amount, l.Settlement, l.Fee, l.Fees = record.Fee, false, l.Net, money.Amount{}, money.Amount{}, nil
		return nil
	}
	d.turn(l)
	return d.foots(*l)
}

// filled reports whether a row holds the amount at all.
func (d *decoder) filled(row []string, f signedField) bool {
	return d.value(row, f.whole) != "" || d.value(row, f.debit) != "" || d.value(row, f.credit) != ""
}

// netCurrency is the column of the net's currency: its own, the settlement's, or the amount's.
func (d *decoder) netCurrency() field {
	for _, f := range []field{netCurrencyField, settlementCurrencyField} {
		if d.at[f] >= 0 {
			return f
		}
	}
	return currencyField
}

func (d *decoder) feeCurrency() field {
	if d.at[feeCurrencyField] >= 0 {
		return feeCurrencyField
	}
	return currencyField
}

func (d *decoder) readFees(row []string, l *record.SettlementLine) (err error) {
	if d.value(row, feeField) != "" {
		if l.Fee, err = d.amount(row, feeField, d.feeCurrency(), d.rounds(feeField)); err != nil {
			return err
		}
	}
	var sum money.Amount
	for _, c := range d.fees {
		text := strings.TrimSpace(row[c.at])
		if text == "" {
			continue
		}
		letters, digits, err := d.currency(row, d.feeCurrency())
		if err != nil {
			return err
		}
		a, err := d.numbers.parse(text, letters, digits, slices.Contains(d.profile.Round, "fees"))
		if err == nil && d.profile.FeeSigns == "balance" {
			a.Minor = -a.Minor
		}
		if err == nil {
			sum.Currency = letters
			sum.Minor, err = decode.Add(sum.Minor, a.Minor)
		}
		if err != nil {
			return &decode.FieldError{Field: c.name, Err: err}
		}
		if a.Minor != 0 {
			l.Fees = append(l.Fees, record.LineFee{Kind: c.kind, Amount: a})
		}
	}
	if d.profile.FeeSigns == "balance" {
		l.Fee.Minor = -l.Fee.Minor
	}
	if l.Fee.Currency == "" {
		l.Fee = sum
	} else if sum.Currency != "" && sum != l.Fee {
		return d.wrong(feeField, errors.New("is not the sum of the fees beside it"))
	}
	return nil
}

// turn gives the amounts the signs of the money's way.
func (d *decoder) turn(l *record.SettlementLine) {
	back := l.Type == record.Refund || l.Type == record.Chargeback
	if d.profile.Signs == "balance" && (l.Amount.Minor < 0) != (l.Settlement.Minor < 0) && l.Settlement.Minor != 0 {
		l.Amount.Minor = -l.Amount.Minor // some files sign what moved the balance alone
	}
	switch {
	case d.profile.Signs == "balance" && l.Type == record.Payout: // what is taken from the balance arrives at the bank
		l.Amount.Minor, l.Settlement.Minor, l.Net = -l.Amount.Minor, -l.Settlement.Minor, money.Amount{}
	case d.profile.Signs != "balance" && back && !l.Reversal && l.Amount.Minor > 0:
		l.Amount.Minor, l.Settlement.Minor = -l.Amount.Minor, -l.Settlement.Minor
		if l.Net.Minor > 0 {
			l.Net.Minor = -l.Net.Minor
		}
	}
}

// foots proves that gross less fees is the net, where the profile promises it.
func (d *decoder) foots(l record.SettlementLine) error {
	if !d.profile.Foots || l.Net.Currency == "" {
		return nil
	}
	gross := l.Settlement
	if gross.Currency == "" {
		gross = l.Amount
	}
	if gross.Currency != l.Net.Currency || l.Fee.Currency != "" && l.Fee.Currency != l.Net.Currency {
		return nil
	}
	if net, err := decode.Add(gross.Minor, -l.Fee.Minor); err != nil || net != l.Net.Minor {
		f := netField
		if d.at[f] < 0 {
			f = netCreditField
		}
		return d.wrong(f, errors.New("does not foot: gross less fees is another amount"))
	}
	return nil
}
