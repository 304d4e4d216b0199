package main

import (
	"fmt"
	"io"
	"time"

	"parallax/internal/lab/cardfile"
	"parallax/sources/settlement/adyen"
	"parallax/sources/settlement/amex"
	"parallax/sources/settlement/camt"
	"parallax/sources/settlement/csvfile"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/fixedwidth"
	"parallax/sources/settlement/ipm"
	"parallax/sources/settlement/paypal"
)

// fileFormats are the formats that are measured, as the lab writes them.
var fileFormats = []fileFormat{
	{name: "IPM-ASCII", lines: 500_000, write: writeIPM(cardfile.ASCII, false), decode: known(ipm.Decode), peer: peerIPM},
	{name: "IPM-EBCDIC-1014", lines: 500_000, write: writeIPM(cardfile.EBCDIC, true), decode: known(ipm.Decode)},
	{name: "CSV", lines: 500_000, write: writeCSV, decode: func() (decode.Func, error) { return csvfile.New(labProfile()) }},
	{name: "Stripe", lines: 500_000, write: writeStripe, decode: shipped("stripe")},
	{name: "Checkout", lines: 500_000, write: writeCheckout, decode: shipped("checkout")},
	{name: "Adyen", lines: 500_000, write: writeAdyen, decode: known(adyen.Decode)},
	{name: "Amex-GRRCN", lines: 500_000, write: writeAmex, decode: known(amex.Decode)},
	{name: "PayPal", lines: 500_000, write: writePayPal, decode: known(paypal.Decode)},
	{name: "Visa-Base-II", lines: 500_000, write: writeBaseII, decode: func() (decode.Func, error) { return fixedwidth.New(fixedwidth.VisaBaseII()) }},
	{name: "camt.053", lines: 100_000, write: writeCamt, decode: known(camt.Decode)},
}

func known(f decode.Func) func() (decode.Func, error) {
	return func() (decode.Func, error) { return f, nil }
}

// shipped is the reader of a profile that comes with the program.
func shipped(name string) func() (decode.Func, error) {
	return func() (decode.Func, error) { return csvfile.New(csvfile.Shipped()[name]) }
}

var businessDate = time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)

func writeIPM(encoding cardfile.Encoding, blocked bool) func(io.Writer, int) error {
	return func(w io.Writer, lines int) error {
		f := cardfile.IPM{FileID: cardfile.NewFileID(businessDate, 1), Encoding: encoding, Blocked: blocked}
		return f.Write(w, fileLines(lines))
	}
}

func writeCSV(w io.Writer, lines int) error {
	return cardfile.WriteCSV(w, businessDate, fileLines(lines))
}

// labProfile describes the acquirer's file that the lab writes.
func labProfile() csvfile.Profile {
	return csvfile.Profile{
		Columns: map[string]string{
			"reference": "payment_reference", "rrn": "rrn", "auth_code": "auth_code", "type": "type", "amount": "amount", "currency": "currency",
			"fee": "fee", "card": "card", "transaction_time": "transaction_time", "business_date": "business_date",
		},
		Types:   map[string]string{"capture": "presentment"},
		Trailer: csvfile.Trailer{Column: "payment_reference", Value: "TRAILER", Count: "rrn", Total: "amount"},
	}
}

func writeAdyen(w io.Writer, lines int) error {
	return cardfile.WriteAdyen(w, cardfile.AdyenFile{Account: "Bench", Zone: time.UTC, Lines: fileLines(lines)})
}

func writeStripe(w io.Writer, lines int) error {
	return cardfile.WriteStripe(w, cardfile.StripeFile{Lines: fileLines(lines)})
}

func writeCheckout(w io.Writer, lines int) error {
	return cardfile.WriteCheckout(w, cardfile.CheckoutFile{Lines: fileLines(lines)})
}

func writeAmex(w io.Writer, lines int) error {
	payment := cardfile.AmexPayment{Number: "BENCH001", Date: businessDate, Currency: "EUR", Lines: fileLines(lines)}
	return cardfile.WriteAmex(w, cardfile.AmexFile{
		Name: "BENCH", Sequence: 1, Created: businessDate, Merchant: "9000000001", Payments: []cardfile.AmexPayment{payment},
	})
}

func writePayPal(w io.Writer, lines int) error {
	section := cardfile.PayPalSection{Account: "BENCH", Lines: fileLines(lines)}
	return cardfile.WritePayPal(w, cardfile.PayPalFile{Account: "BENCH", Day: businessDate, Sections: []cardfile.PayPalSection{section}})
}

func writeBaseII(w io.Writer, lines int) error {
	return cardfile.WriteBaseII(w, cardfile.BaseII{Lines: fileLines(lines)})
}

func writeCamt(w io.Writer, lines int) error {
	return cardfile.WriteCamt(w, cardfile.Camt{
		ID: "STMT-1", Sequence: 1, Account: "DE02120300000000202051", Date: businessDate, Opening: 1_000_000, Lines: fileLines(lines),
	})
}

// fileLines are lines of an acquirer's day.
func fileLines(n int) []cardfile.Line {
	lines := make([]cardfile.Line, n)
	for i := range lines {
		lines[i] = cardfile.Line{
			Issuer: "mastercard", Reference: fmt.Sprintf("MCC%06d1118", i), RRN: fmt.Sprintf("%012d", i), Auth: fmt.Sprintf("A%05d", i%100_000),
			ARN: fmt.Sprintf("%023d", i), Minor: int64(100 + i%90_000), Currency: "EUR", At: businessDate.Add(time.Duration(i) * time.Millisecond),
			PaymentID: fmt.Sprintf("pay_%016x", i), Batch: "20261118", Costs: cardfile.Costs{Scheme: 3, Interchange: 20, Markup: 5}, Booked: businessDate.Add(48 * time.Hour),
		}
	}
	return lines
}
