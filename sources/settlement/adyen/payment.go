package adyen

import (
	"errors"
	"math/big"
	"regexp"
	"strings"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// payment fills in a row about one payment: the gross in its currency, the fees, the net, and the gross in the batch's
// currency, which the report leaves to be computed.
func (d *decoder) payment(row []string, l *record.SettlementLine, net money.Amount) (err error) {
	if l.Amount, err = d.pair(row, grossCurrency, grossDebit, grossCredit); err != nil {
		return err
	}
	l.Net = net
	if err := d.fees(row, l); err != nil {
		return err
	}
	l.Settlement.Currency = net.Currency
	if l.Settlement.Minor, err = decode.Add(net.Minor, l.Fee.Minor); err != nil {
		return wrong(netCredit, err)
	}
	rate := d.value(row, exchangeRate)
	if err := checkRate(rate); err != nil {
		return wrong(exchangeRate, err)
	}
	l.Rate = d.texts.Copy(rate)
	if strings.Trim(d.value(row, dccMarkup), "0.") != "" {
		return nil // the merchant's share of a currency conversion is in the net too; the report does not say how
	}
	return foots(*l)
}

func (d *decoder) fees(row []string, l *record.SettlementLine) error {
	digits, err := decode.Exponent(l.Net.Currency)
	if err != nil {
		return wrong(netCurrency, err)
	}
	for _, f := range []struct {
		column int
		kind   record.FeeKind
	}{{commission, record.Commission}, {markup, record.Markup}, {schemeFees, record.SchemeFee}, {interchange, record.Interchange}} {
		text := d.value(row, f.column)
		if text == "" {
			continue
		}
		fee, err := decode.ParseAmount(text, l.Net.Currency, digits)
		if err != nil {
			return wrong(f.column, err)
		}
		l.Fee.Currency = fee.Currency
		if l.Fee.Minor, err = decode.Add(l.Fee.Minor, fee.Minor); err != nil {
			return wrong(f.column, err)
		}
		if fee.Minor != 0 {
			if l.Fees == nil {
				l.Fees = make([]record.LineFee, 0, 3)
			}
			l.Fees = append(l.Fees, record.LineFee{Kind: f.kind, Amount: fee})
		}
	}
	return nil
}

var rateForm = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,18})?$`)

func checkRate(rate string) error {
	if rate != "" && (!rateForm.MatchString(rate) || strings.Trim(rate, "0.") == "") {
		return errors.New("is not an exchange rate such as 1.0656568")
	}
	return nil
}

// foots proves that gross times rate less fees is the net: exactly in one currency, otherwise to one minor unit and to
// what the last digit of the rate leaves open.
func foots(l record.SettlementLine) error {
	if l.Amount.Currency == l.Settlement.Currency {
		if l.Amount != l.Settlement {
			return wrong(netCredit, errors.New("does not foot: gross less fees is another amount"))
		}
		return nil
	}
	if l.Rate == "" {
		return wrong(exchangeRate, errors.New("is empty, but gross and net are in two currencies"))
	}
	_, decimals, _ := strings.Cut(l.Rate, ".")
	rate, ok := new(big.Rat).SetString(l.Rate)
	if !ok {
		return wrong(exchangeRate, errors.New("is not a number"))
	}
	scale, err := minorScale(l.Amount.Currency, l.Settlement.Currency)
	if err != nil {
		return err
	}
	gross := new(big.Rat).SetInt64(l.Amount.Minor)
	gross.Mul(gross, scale)
	off := new(big.Rat).Mul(gross, rate)
	off.Sub(off, new(big.Rat).SetInt64(l.Settlement.Minor)).Abs(off)
	allowed := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(decimals))), nil))
	allowed.Mul(allowed, gross.Abs(gross)).Add(allowed, big.NewRat(1, 1))
	if off.Cmp(allowed) > 0 {
		return wrong(netCredit, errors.New("does not foot: gross times rate less fees is another amount"))
	}
	return nil
}

// minorScale is how many minor units of one currency stand for one of another at a rate of 1: 1/100 from EUR to JPY.
func minorScale(from, to string) (*big.Rat, error) {
	a, err := decode.Exponent(from)
	if err != nil {
		return nil, wrong(grossCurrency, err)
	}
	b, err := decode.Exponent(to)
	if err != nil {
		return nil, wrong(netCurrency, err)
	}
	ten := big.NewInt(10)
	return new(big.Rat).SetFrac(new(big.Int).Exp(ten, big.NewInt(int64(b)), nil), new(big.Int).Exp(ten, big.NewInt(int64(a)), nil)), nil
}
