package app

import (
	"io"
	"strconv"
	"time"

	"parallax/internal/lab/cardfile"
)

func settlementDay() time.Time { return time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC) }

// dresses are all formats.
func dresses() []dress {
	return []dress{
		{name: "ipm", format: "ipm", write: ipmFile(cardfile.IPM{Encoding: cardfile.ASCII}), totals: true, refunds: true},
		{name: "ipm in ebcdic and blocks", write: ipmFile(cardfile.IPM{Encoding: cardfile.EBCDIC, Blocked: true}), totals: true, refunds: true},
		{name: "adyen", write: adyenFile, paymentID: true, refunds: true},
		{name: "paypal", write: paypalFile, totals: true, paymentID: true, refunds: true},
		{name: "amex", write: amexFile, totals: true, paymentID: true, refunds: true},
		{name: "stripe", write: stripeFile, refunds: true},
		{name: "checkout", write: checkoutFile, paymentID: true, refunds: true},
		{name: "visa base ii", format: "visa-base2-unverified", write: baseIIFile, refunds: true},
	}
}

func ipmFile(f cardfile.IPM) func(io.Writer, []cardfile.Line, bool) error {
	return func(w io.Writer, lines []cardfile.Line, wrong bool) error {
		f.FileID, f.WrongSum = "0012611180000009999900001", 0
		if wrong {
			f.WrongSum = 1
		}
		return f.Write(w, lines)
	}
}

func adyenFile(w io.Writer, lines []cardfile.Line, _ bool) error {
	return cardfile.WriteAdyen(w, cardfile.AdyenFile{Account: "Shop", Zone: time.UTC, Lines: lines})
}

func paypalFile(w io.Writer, lines []cardfile.Line, wrong bool) error {
	f := cardfile.PayPalFile{Account: "shop", Day: settlementDay(), Sections: []cardfile.PayPalSection{{Account: "shop", Lines: lines}}}
	if wrong {
		f.Off.Gross = 1
	}
	return cardfile.WritePayPal(w, f)
}

func baseIIFile(w io.Writer, lines []cardfile.Line, _ bool) error {
	return cardfile.WriteBaseII(w, cardfile.BaseII{Lines: lines})
}

func stripeFile(w io.Writer, lines []cardfile.Line, _ bool) error {
	return cardfile.WriteStripe(w, cardfile.StripeFile{Lines: lines})
}

func checkoutFile(w io.Writer, lines []cardfile.Line, _ bool) error {
	return cardfile.WriteCheckout(w, cardfile.CheckoutFile{Lines: lines})
}

// amexFile has a payment for each currency.
func amexFile(w io.Writer, lines []cardfile.Line, wrong bool) error {
	f := cardfile.AmexFile{Name: "SHOP", Sequence: 1, Created: settlementDay(), Merchant: "9999999999"}
	for i, currency := range []string{"EUR", "GBP", "JPY"} {
		p := cardfile.AmexPayment{Number: strconv.Itoa(1000 + i), Date: settlementDay(), Currency: currency}
		for _, l := range lines {
			if l.Currency == currency {
				p.Lines = append(p.Lines, l)
			}
		}
		if len(p.Lines) > 0 {
			f.Payments = append(f.Payments, p)
		}
	}
	if wrong {
		f.Off.Gross = 1
	}
	return cardfile.WriteAmex(w, f)
}
