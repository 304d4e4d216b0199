package cardfile

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// AmexFile is a GRRCN file of American Express, version 3.01.
// Source: https://metacpan.org/pod/Finance::AMEX::Transaction::GRRCN.
type AmexFile struct {
	Name      string // the profile's name, up to 20 characters
	Sequence  int
	Created   time.Time
	Merchant  string // service establishment number
	Delimiter string // a comma if empty
	Payments  []AmexPayment
	Off       AmexOff
}

// AmexPayment is one payment to the merchant. Its captures and refunds make one submission, the costs of which are taken off
// it as discount; chargebacks, adjustments and fees follow.
type AmexPayment struct {
	Number   string
	Date     time.Time
	Currency string
	Lines    []Line
}

// AmexOff makes the file state wrong totals: each is added to the right one.
type AmexOff struct {
	Records, Count, Submission, Discount, Gross, Adjustment, Net int64
	Sequence, NoTrailer                                          bool
}

// amexAmount is a sign and 15 digits.
func amexAmount(minor int64) string {
	if minor < 0 {
		return fmt.Sprintf("-%015d", -minor)
	}
	return fmt.Sprintf(" %015d", minor)
}

// WriteAmex writes the file with its totals.
func WriteAmex(w io.Writer, f AmexFile) error {
	delimiter := f.Delimiter
	if delimiter == "" {
		delimiter = ","
	}
	var out strings.Builder
	records := int64(0)
	add := func(fields ...string) {
		for i, field := range fields {
			if i > 0 {
				out.WriteString(delimiter)
			}
			out.WriteString(quoted(field))
		}
		out.WriteString("\r\n")
		records++
	}
	number := fmt.Sprintf("%010d", f.Sequence)
	add("HEADER", f.Created.Format("20060102"), f.Created.Format("150405"), number, "GRRCN", f.Name, "3.01")
	for _, p := range f.Payments {
		if err := f.payment(add, p); err != nil {
			return fmt.Errorf("write amex: payment %s: %w", p.Number, err)
		}
	}
	if f.Off.Sequence {
		number = "9" + number[1:]
	}
	if !f.Off.NoTrailer {
		add("TRAILER", number, fmt.Sprintf("%010d", records+1+f.Off.Records))
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write amex: %w", err)
	}
	return nil
}

// amexSums are what a payment consists of.
type amexSums struct{ gross, count, discount, adjusted int64 }

func (f AmexFile) payment(add func(...string), p AmexPayment) error {
	var t amexSums
	for _, l := range p.Lines {
		if l.Currency != p.Currency {
			return fmt.Errorf("a line in %s", l.Currency)
		}
		switch l.Kind {
		case Capture, Refund, "":
			t.gross += l.signed(l.Minor)
			t.discount += l.Costs.total()
			t.count++
		case Chargeback, ChargebackReversed, Adjustment, Reserve:
			t.adjusted += l.signed(l.Minor) - l.Costs.total()
		case FeeCharged, Payout:
		default:
			return fmt.Errorf("kind %q is not of this world", l.Kind)
		}
	}
	net := t.gross - t.discount + t.adjusted
	day := p.Date.Format("20060102")
	add("SUMMARY", f.Merchant, "002", p.Number, day, p.Currency, "", amexAmount(net+f.Off.Net), amexAmount(t.gross+f.Off.Gross), amexAmount(t.discount+f.Off.Gross),
		amexAmount(0), amexAmount(t.adjusted+f.Off.Adjustment), amexAmount(0), "", "", "", "", "")
	submitted := p.Date.AddDate(0, 0, -2).Format("20060102")
	common := []string{f.Merchant, "002", p.Number, day, p.Currency, f.Merchant, submitted}
	if t.count > 0 {
		add(append(append([]string{"SUBMISSION"}, common...), submitted, "000001", p.Currency, "", "", amexAmount(t.gross+f.Off.Submission), amexAmount(t.gross),
			amexAmount(t.discount+f.Off.Discount), amexAmount(0), "", amexAmount(t.gross-t.discount), "", "", fmt.Sprintf("%07d", t.count+f.Off.Count),
			"", "", "", "", "", "", "", "", amexAmount(t.gross), amexAmount(0))...)
	}
	for _, l := range p.Lines {
		if l.Kind == Capture || l.Kind == Refund || l.Kind == "" {
			f.charge(add, common, submitted, p.Currency, t.gross, l)
		}
	}
	for _, l := range p.Lines {
		f.other(add, common, day, p.Currency, l)
	}
	return nil
}

func (f AmexFile) charge(add func(...string), common []string, submitted, currency string, gross int64, l Line) {
	card := amexCard(l.Reference)
	at := l.At.UTC()
	add(append(append([]string{"TRANSACTN"}, common...), submitted, "000001", currency, "", l.PaymentID, "", card, "", amexAmount(gross), amexAmount(l.signed(l.Minor)),
		at.Format("20060102"), at.Format("150405"), l.Reference, l.Auth, "", "5310", "", l.ARN, "", "", "", "", "", "", "   ", "", "", "", "", "", "", "")...)
	add("TXNPRICING", f.Merchant, "002", common[2], common[3], currency, f.Merchant, "", "", l.PaymentID, "", card, amexAmount(l.signed(l.Minor)), at.Format("20060102"), "1A", "",
		fmt.Sprintf(" %021d", 0), " 002950", fmt.Sprintf(" %021d", l.Costs.total()*10_000))
}

// other writes a line that is of no submission.
func (f AmexFile) other(add func(...string), common []string, day, currency string, l Line) {
	record := "ADJUSTMENT"
	switch l.Kind {
	case Chargeback, ChargebackReversed:
		record = "CHARGEBACK"
	case Adjustment, Reserve:
	case FeeCharged:
		add("FEEREVENUE", f.Merchant, common[2], day, currency, f.Merchant, "", amexAmount(-l.Minor), l.Reference, amexAmount(0), "", "", "0", "", "", "", "")
		return
	default:
		return
	}
	gross := l.signed(l.Minor)
	add(append(append([]string{record}, common...), "", l.PaymentID, "", amexCard(l.Original), "", day, "000001", currency, l.Reference, "C08", "LAB "+record,
		amexAmount(gross), amexAmount(l.Costs.total()), amexAmount(0), amexAmount(0), amexAmount(gross-l.Costs.total()), " 002950", " 000000", "566", "652", "")...)
}

// amexCard is the number of a card as these files show it, of 15 digits: five are hidden.
func amexCard(reference string) string {
	number := cardNumber("376600", reference)
	return number[:6] + "XXXXX" + number[len(number)-4:]
}
