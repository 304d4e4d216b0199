package cardfile

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// PayPalFile is a Settlement Report in one file.
// Source: https://developer.paypal.com/docs/reports/sftp-reports/settlement-report/.
type PayPalFile struct {
	Account  string
	Day      time.Time // midnight in the account's zone
	Sections []PayPalSection
	Off      PayPalOff
}

// PayPalSection is the transactions of one account.
type PayPalSection struct {
	Account string
	Lines   []Line
	Opening map[string]int64 // balances in minor units by currency; zero where missing
}

// PayPalOff makes the file state wrong totals: each is added to the right one.
type PayPalOff struct {
	SectionCount, ReportCount, FileCount int64
	Gross, Fee, Closing, ReportGross     int64 // of every currency, in hundredths
	NoFooter                             bool  // the file ends in front of FF
}

const (
	payPalTime    = "2006/01/02 15:04:05 -0700"
	payPalColumns = `"CH","Transaction ID","Invoice ID","PayPal Reference ID","PayPal Reference ID Type","Transaction Event Code","Transaction Initiation Date",` +
		`"Transaction Completion Date","Transaction  Debit or Credit","Gross Transaction Amount","Gross Transaction Currency","Fee Debit or Credit","Fee Amount",` +
		`"Fee Currency","Custom Field","Consumer ID","Payment Tracking ID","Store ID","Bank Reference ID","Credit Transactional Fee","Credit Promotional Fee","Credit Term"`
)

// payPalSums are hundredths of one currency: gross credits and debits, fee credits and debits.
type payPalSums [4]int64

// WritePayPal writes the report with its totals.
func WritePayPal(w io.Writer, f PayPalFile) error {
	out := strings.Builder{}
	out.WriteString("\ufeff" + fmt.Sprintf("\"RH\",%s,\"A\",%s,011,\n\"FH\",01\n", f.Day.Add(26*time.Hour).Format(payPalTime), quoted(f.Account)))
	report, rows := map[string]payPalSums{}, int64(0)
	for i, s := range f.Sections {
		if err := f.section(&out, s, report); err != nil {
			return fmt.Errorf("write paypal: section %d: %w", i+1, err)
		}
		rows += int64(len(s.Lines))
	}
	for _, currency := range slices.Sorted(maps.Keys(report)) {
		sums := report[currency]
		sums[0] += f.Off.ReportGross
		out.WriteString(payPalFooter("RF", currency, sums, 0, 0, rows))
	}
	fmt.Fprintf(&out, "\"RC\",%d\n", rows+f.Off.ReportCount)
	if !f.Off.NoFooter {
		fmt.Fprintf(&out, "\"FF\",%d\n", rows+f.Off.FileCount)
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write paypal: %w", err)
	}
	return nil
}

func (f PayPalFile) section(out *strings.Builder, s PayPalSection, report map[string]payPalSums) error {
	ends := f.Day.Add(24*time.Hour - time.Second)
	fmt.Fprintf(out, "\"SH\",%s,%s,%s,\"\"\n%s\n", f.Day.Format(payPalTime), ends.Format(payPalTime), quoted(s.Account), payPalColumns)
	sums := map[string]payPalSums{}
	for currency := range s.Opening {
		sums[currency] = payPalSums{}
	}
	for i, l := range s.Lines {
		if err := payPalRow(out, l, sums); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		opening, err := hundredths(s.Opening[currency], currency)
		if err != nil {
			return err
		}
		t := sums[currency]
		closing := opening + t[0] - t[1] + t[2] - t[3] + f.Off.Closing
		all := report[currency]
		for i := range t {
			all[i] += t[i]
		}
		report[currency] = all
		t[0] += f.Off.Gross
		t[3] += f.Off.Fee
		closing += f.Off.Gross - f.Off.Fee
		out.WriteString(payPalFooter("SF", currency, t, opening, closing, int64(len(s.Lines))))
	}
	fmt.Fprintf(out, "\"SC\",%d\n", int64(len(s.Lines))+f.Off.SectionCount)
	return nil
}

func payPalRow(out *strings.Builder, l Line, sums map[string]payPalSums) error {
	code, err := payPalCode(l)
	if err != nil {
		return err
	}
	way, amount, err := creditOrDebit(l.signed(l.Minor), l.Currency)
	if err != nil {
		return err
	}
	t := sums[l.Currency]
	fee := `"",,""`
	if cost := l.Costs.total(); cost != 0 {
		feeWay, n, err := creditOrDebit(-cost, l.Currency)
		if err != nil {
			return err
		}
		fee = fmt.Sprintf("%q,%d,%q", feeWay, n, l.Currency)
		t[2+debit(feeWay)] += n
	}
	t[debit(way)] += amount
	sums[l.Currency] = t
	kind, bank := "", ""
	if l.Original != "" {
		kind = "TXN"
	}
	if l.Kind == Payout {
		bank = l.Batch
	}
	at := l.At.Format(payPalTime)
	fmt.Fprintf(out, "\"SB\",%s,%s,%s,%q,%q,%s,%s,%q,%d,%q,%s,\"\",\"\",\"\",\"\",%s,,,\n",
		quoted(l.Reference), quoted(l.PaymentID), quoted(l.Original), kind, code, at, at, way, amount, l.Currency, fee, quoted(bank))
	return nil
}

// payPalFooter is the totals of a currency, with its balance as a whole, the available part of it, and what is payable.
func payPalFooter(kind, currency string, t payPalSums, opening, closing, rows int64) string {
	var balances strings.Builder
	for _, n := range []int64{opening, closing, opening, closing, 0, 0} {
		way := "CR"
		if n < 0 {
			way, n = "DR", -n
		}
		fmt.Fprintf(&balances, ",%q,%d", way, n)
	}
	return fmt.Sprintf("%q,%q,%d,%d,%d,%d%s,%d\n", kind, currency, t[0], t[1], t[2], t[3], balances.String(), rows)
}

// hundredths writes minor units times 100 whatever the currency's own number of decimals.
func hundredths(minor int64, currency string) (int64, error) {
	m, err := currencyOf(currency)
	if err != nil {
		return 0, err
	}
	for digits := m.digits; digits < 2; digits++ {
		minor *= 10
	}
	if m.digits > 2 {
		return 0, fmt.Errorf("currency %s has no hundredths", currency)
	}
	return minor, nil
}

func creditOrDebit(minor int64, currency string) (string, int64, error) {
	n, err := hundredths(minor, currency)
	if n < 0 {
		return "DR", -n, err
	}
	return "CR", n, err
}

func debit(way string) int {
	if way == "DR" {
		return 1
	}
	return 0
}

func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `""`) + `"` }

// payPalCode is the transaction event code of a kind.
// Source: https://developer.paypal.com/docs/reports/reference/tcodes/.
func payPalCode(l Line) (string, error) {
	switch l.Kind {
	case Capture, "":
		return "T0006", nil
	case Refund:
		return "T1107", nil
	case Chargeback:
		return "T1201", nil
	case ChargebackReversed:
		return "T1202", nil
	case FeeCharged:
		return "T0106", nil
	case Adjustment:
		return "T1200", nil
	case Reserve:
		return "T2101", nil
	case Payout:
		return "T0400", nil
	default:
		return "", fmt.Errorf("kind %q is not of this world", l.Kind)
	}
}
